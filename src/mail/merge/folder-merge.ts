import type { ByteString } from '../../model/byte-string.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { splitMaildirName } from '../maildir-name.ts';

/** What is known of a message without reading it. */
export interface MessageTraits {
  /** Bytes of its file. */
  readonly size: number;
  /** INTERNALDATE. */
  readonly mtime: Nanoseconds;
}

export type MessageDecision =
  /** The folder has no message of this base name. */
  | 'create'
  /** It is there, perhaps under other flags. */
  | 'leave'
  /** Equal in size, not in time: only the bytes can tell. */
  | 'compare'
  /** The live file has not the size that its name tells: what a server compressed or encrypted is the message all the same. */
  | 'inspect'
  /** Its base name is there with another content. */
  | 'conflict';

export interface FolderMerge {
  /** To be asked for each message of the backup's folder, whichever of `cur` and `new` it lies in. */
  decide(name: ByteString, traits: MessageTraits): MessageDecision;
}

const second = 1_000_000_000n;

/**
 * Which messages of a backup a living Maildir folder lacks. What stays of a message's name when its flags change, the part
 * before `:2,`, tells which message it is; so one that the person has read, answered or flagged since is left as it is,
 * and none comes twice.
 *
 * @param find the message of a base name in the living folder, in `cur` or `new`; `moving` when it was there a moment ago and
 * its file has another name by now.
 */
export const createFolderMerge = (
  find: (identity: ByteString) => MessageTraits | 'moving' | undefined,
): FolderMerge => {
  const coming = new Map<ByteString, MessageTraits>();
  return {
    decide(name, traits) {
      const { identity, size } = splitMaildirName(name);
      const before = coming.get(identity);
      // The backup has one message under two names: a flag changed while it was made.
      if (before !== undefined) return before.size === traits.size ? 'leave' : 'conflict';
      const live = find(identity);
      if (live === undefined) {
        coming.set(identity, traits);
        return 'create';
      }
      return live === 'moving' ? 'leave' : judge(traits, live, size);
    },
  };
};

const judge = (backup: MessageTraits, live: MessageTraits, told: number | undefined): MessageDecision => {
  if (backup.size === live.size) return sameTime(backup, live) ? 'leave' : 'compare';
  if (told === undefined) return 'conflict';
  // The living one is what its name says it is: the backup holds it compressed.
  if (live.size === told) return 'leave';
  return 'inspect';
};

/** Programs that copy mail keep whole seconds at least. */
const sameTime = (left: MessageTraits, right: MessageTraits): boolean => left.mtime / second === right.mtime / second;
