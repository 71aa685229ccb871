import type { ByteString } from '../model/byte-string.ts';
import type { Counts, Entry } from '../model/entry.ts';
import type { BaseEntry } from './base-entry.ts';

/** Numbers of each file in `stamps`: inode, size, mtime and ctime, the last two in nanoseconds. */
export const packedStampLength = 4;

/**
 * The files of one directory of a base, side by side in a few arrays: what a source needs to see that they have not changed. A
 * mailbox has them by the hundred thousand, and an object of each costs more than the look at the file.
 */
export interface PackedFiles {
  readonly count: number;
  /** Their names in byte order, each followed by a zero byte. */
  readonly names: Uint8Array;
  /** Where each begins; one more than there are. */
  readonly nameStarts: Uint32Array;
  readonly stamps: BigInt64Array;
  /** Which of the `kinds` each one is of. */
  readonly kindOf: Uint8Array;
  /** One of each kind: the others are the same in all but name, stamps and content. Their access time is the mtime. */
  readonly kinds: readonly Entry[];
  /** What else is in the directory, in byte order. */
  readonly others: readonly BaseEntry[];
  entry(number: number): BaseEntry;
  /** Whether the store still holds the content. */
  isHeld(number: number): boolean;
}

export const packedName = (
  { names, nameStarts }: Pick<PackedFiles, 'names' | 'nameStarts'>,
  number: number,
): string => {
  let name = '';
  const end = (nameStarts[number + 1] ?? 0) - 1;
  for (let at = nameStarts[number] ?? 0; at < end; at++) name += String.fromCharCode(names[at] ?? 0);
  return name;
};

/** Negative where the name of a packed file lies before the other in byte order. */
export const comparePackedName = (
  { names, nameStarts }: Pick<PackedFiles, 'names' | 'nameStarts'>,
  number: number,
  other: ByteString,
): number => {
  const start = nameStarts[number] ?? 0;
  const length = (nameStarts[number + 1] ?? 0) - 1 - start;
  for (let at = 0; at < length && at < other.length; at++) {
    const difference = (names[start + at] ?? 0) - other.charCodeAt(at);
    if (difference !== 0) return difference;
  }
  return length - other.length;
};

/** The first packed file, from `from` on, whose name is not before the other. */
export const placeInPacked = (packed: PackedFiles, name: ByteString, from = 0): number => {
  let low = from;
  let high = packed.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePackedName(packed, middle, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** What the files amount to that are not taken out. */
export const stayingCounts = ({ count, stamps }: PackedFiles, removed: Uint8Array): Counts => {
  let [files, bytes] = [0, 0n];
  for (let number = 0; number < count; number++) {
    if (removed[number] !== 0) continue;
    files++;
    bytes += stamps[number * packedStampLength + 1] ?? 0n;
  }
  return { files, directories: 0, bytes: Number(bytes) };
};
