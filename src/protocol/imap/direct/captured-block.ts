import type { FolderPlace, ScannedMessage } from '../../../contract/account-scan.ts';
import { type DigestedMessage, digestLines } from '../../../mail/direct/block-digest.ts';
import { joinFlags, splitFlags } from '../../../mail/direct/flags.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { LedgerDifference } from '../../../mail/direct/ledger.ts';
import type { BlockRecord } from '../../../mail/direct/mailbox-record.ts';
import { encodeMessageRecords, type MessageRecord } from '../../../mail/direct/message-record.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import type { Fault } from '../../../model/fault.ts';
import { lineOf } from '../scan/scanned-rows.ts';
import { hasUid, uidSetOf } from '../wire/uid-set.ts';
import type { BaseMessage } from './direct-base.ts';

/** A message of a block that is being captured. */
export interface CapturedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  /** The server has other flags by now, which are taken over the next time. */
  readonly hasOtherFlags: boolean;
  /** INTERNALDATE. */
  readonly date: Nanoseconds;
  readonly offsetMinutes: number;
  readonly ids: Pick<MessageRecord, 'emailId' | 'threadId' | 'labels'>;
  /** RFC822.SIZE. */
  readonly size: number;
  /** What the base has of it, under this identity or, of an older generation, under the provider's own id. */
  readonly before: BaseMessage | undefined;
  /** Undefined: it is still to be read. */
  content: CapturedContent | undefined;
}

export type CapturedContent =
  /** That of the base. */
  | { readonly kind: 'kept'; readonly sha256: string; readonly bytes: number }
  | { readonly kind: 'read'; readonly sha256: string; readonly bytes: number }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: Fault };

const flagsOf = ({ letters, record }: BaseMessage): readonly string[] => joinFlags(letters, record.keywords ?? []);

/** A message that is to be read. One whose body may have changed keeps its old flags until then: its old file is what is left if it cannot be read. */
export const freshMessage = (
  { uid, flags, date, offsetMinutes, ids, size }: ScannedMessage & { kind: 'fresh' },
  before: BaseMessage | undefined,
): CapturedMessage => ({
  uid,
  flags: before === undefined ? flags : flagsOf(before),
  hasOtherFlags: before !== undefined && flagsOf(before).join(' ') !== flags.join(' '),
  date,
  offsetMinutes,
  ids,
  size,
  before,
  content: undefined,
});

/** A message whose content the base has, perhaps under other flags now. */
export const keptMessage = (
  message: Pick<CapturedMessage, 'uid'> & {
    readonly flags?: readonly string[];
    readonly labels?: readonly string[] | undefined;
  },
  before: BaseMessage,
): CapturedMessage => {
  const { record, base } = before;
  const { emailId, threadId } = record;
  const labels = message.labels ?? record.labels;
  return {
    uid: message.uid,
    flags: message.flags ?? flagsOf(before),
    hasOtherFlags: false,
    date: base.entry.mtime,
    offsetMinutes: record.date ?? 0,
    ids: {
      ...(emailId === undefined ? {} : { emailId }),
      ...(threadId === undefined ? {} : { threadId }),
      ...(labels === undefined ? {} : { labels }),
    },
    size: record.size ?? base.entry.size,
    before,
    content: { kind: 'kept', sha256: record.sha256, bytes: base.entry.size },
  };
};

export interface BlockResult {
  readonly record: BlockRecord;
  readonly differences: readonly LedgerDifference[];
  /** Messages that went while they were to be read. */
  readonly gone: number;
  /** Messages that were left for a next capture. */
  readonly left: number;
  readonly changedBodies: number;
  /** Something is not as the server has it, so that its change numbers must not be relied on the next time. */
  readonly isUnsettled: boolean;
  /** Whether this UID is in the snapshot. */
  has(uid: number): boolean;
}

/** One block from its listing until all of its messages were read. */
export class CapturedBlock {
  readonly place: FolderPlace;
  readonly block: number;
  #messages: readonly CapturedMessage[];
  readonly #left: number;
  #result: BlockResult | undefined;

  /** `left`: messages of the block that are not captured this time. */
  constructor(
    place: FolderPlace,
    block: number,
    { messages, left }: { readonly messages: readonly CapturedMessage[]; readonly left: number },
  ) {
    this.place = place;
    this.block = block;
    this.#messages = messages;
    this.#left = left;
  }

  /** The bytes of `messages.jsonl`; the messages themselves are not needed after that. */
  finish(newHash: NewHash): Uint8Array {
    const stored = this.#messages.flatMap(storedOf);
    const digested = stored.map(({ uid, flags, ids, size, date }): DigestedMessage => {
      return { uid, line: lineOf(flags, ids.labels), size, date: Number(date / 1_000_000_000n) };
    });
    // Ranges: blocks of 500,000 messages are remembered until the ledger is written.
    const uids = uidSetOf(stored.map(({ uid }) => uid));
    this.#result = {
      record: { block: this.block, ...digestLines(digested, newHash) },
      differences: this.#messages.flatMap(differencesOf),
      gone: this.#messages.filter(({ content }) => content?.kind === 'gone').length,
      left: this.#left,
      changedBodies: this.#messages.filter(isAnotherBody).length,
      isUnsettled: this.#left > 0 || this.#messages.some(({ hasOtherFlags }) => hasOtherFlags),
      has: (uid) => hasUid(uids, uid),
    };
    this.#messages = [];
    return encodeMessageRecords(stored.map(recordOf));
  }

  get result(): BlockResult | undefined {
    return this.#result;
  }
}

type StoredMessage = CapturedMessage & { readonly bytes: number; readonly sha256: string };

/** As it lies in the snapshot: as it was read, or else as the base has it, under its old name. */
const storedOf = (message: CapturedMessage): StoredMessage[] => {
  const { content, before } = message;
  if (content?.kind === 'read' || content?.kind === 'kept')
    return [{ ...message, bytes: content.bytes, sha256: content.sha256 }];
  if (before === undefined || content?.kind === 'gone') return [];
  const old = keptMessage({ uid: message.uid }, before);
  return [{ ...old, bytes: before.base.entry.size, sha256: before.record.sha256 }];
};

const recordOf = ({ uid, sha256, bytes, size, flags, offsetMinutes, ids }: StoredMessage): MessageRecord => {
  const { keywords } = splitFlags(flags);
  return {
    uid,
    sha256,
    ...(size === bytes ? {} : { size }),
    date: offsetMinutes,
    keywords,
    ...ids,
  };
};

const isAnotherBody = ({ content, before }: CapturedMessage): boolean =>
  content?.kind === 'read' && before !== undefined && content.sha256 !== before.record.sha256;

const differencesOf = ({ uid, content, before, size }: CapturedMessage): LedgerDifference[] => {
  if (content?.kind === 'failed') {
    return [{ uid, kind: before === undefined ? 'missing' : 'different', reason: content.fault.message }];
  }
  if (content?.kind !== 'read') return [];
  if (before !== undefined && content.sha256 !== before.record.sha256) {
    return [{ uid, kind: 'different', reason: 'the server has another body than before under the same UID' }];
  }
  if (content.bytes === size) return [];
  return [{ uid, kind: 'different', reason: `the server announced ${size} bytes and sent ${content.bytes}` }];
};
