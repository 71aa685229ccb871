import { canonicalFlags } from './flags.ts';
import type { NewHash } from './hash.ts';

/** What tells whether a block is as it was, without a look at its messages. */
export interface BlockDigests {
  readonly count: number;
  /** 16 hexadecimal digits over the UIDs. */
  readonly uids: string;
  /** The same over UIDs with flags and keywords. */
  readonly flags: string;
}

export interface FlaggedUid {
  readonly uid: number;
  /** Flags and keywords as the server tells them; `\Recent` and their order do not matter. */
  readonly flags: readonly string[];
}

const encoder = new TextEncoder();

/**
 * Digests of the messages of a block, which come in the order of their UIDs: SHA-256 over lines `UID`, and over lines
 * `UID FLAGS`, flags sorted and parted by spaces, each line with its line feed.
 */
export const digestBlock = (messages: Iterable<FlaggedUid>, newHash: NewHash): BlockDigests => {
  const uids: string[] = [];
  const flagged: string[] = [];
  for (const { uid, flags } of messages) {
    uids.push(`${uid}\n`);
    flagged.push(`${uid} ${canonicalFlags(flags).join(' ')}\n`);
  }
  const digest = (lines: readonly string[]): string => {
    const hash = newHash();
    hash.update(encoder.encode(lines.join('')));
    return hash.digest('hex').slice(0, 16);
  };
  return { count: uids.length, uids: digest(uids), flags: digest(flagged) };
};
