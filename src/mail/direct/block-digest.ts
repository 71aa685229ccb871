import { canonicalFlags } from './flags.ts';
import type { NewHash } from './hash.ts';

/** What tells whether a block is as it was, without a look at its messages. */
export interface BlockDigests {
  readonly count: number;
  /** 16 hexadecimal digits over the UIDs. */
  readonly uids: string;
  /** The same over UIDs with flags and keywords (and Gmail's labels). */
  readonly flags: string;
  /** The same over UIDs with RFC822.SIZE and INTERNALDATE in seconds; undefined where not all of them are known. */
  readonly stamps?: string;
}

/** A message of a block, its flags in canonical form in one line. */
export interface DigestedMessage {
  readonly uid: number;
  readonly line: string;
  readonly size: number | undefined;
  /** Seconds since 1970. */
  readonly date: number | undefined;
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
  const lines = function* (): Generator<DigestedMessage> {
    for (const { uid, flags } of messages)
      yield { uid, line: canonicalFlags(flags).join(' '), size: undefined, date: undefined };
  };
  return digestLines(lines(), newHash);
};

/** The same for flags that are canonical already; `stamps` too where every message has them. */
export const digestLines = (messages: Iterable<DigestedMessage>, newHash: NewHash): BlockDigests => {
  let [uids, flagged, stamped] = ['', '', ''];
  let count = 0;
  let isStamped = true;
  for (const { uid, line, size, date } of messages) {
    count++;
    uids += `${uid}\n`;
    flagged += `${uid} ${line}\n`;
    if (size === undefined || date === undefined) isStamped = false;
    else stamped += `${uid} ${size} ${date}\n`;
  }
  const digest = (lines: string): string => {
    const hash = newHash();
    hash.update(encoder.encode(lines));
    return hash.digest('hex').slice(0, 16);
  };
  const stamps = isStamped && count > 0 ? { stamps: digest(stamped) } : {};
  return { count, uids: digest(uids), flags: digest(flagged), ...stamps };
};
