import { createHash } from 'node:crypto';
import { type PackedFiles, placeInPacked } from '../../contract/packed-files.ts';
import { throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { stampLength } from '../../system/stamp-files.ts';
import { type CaptureContext, nextTurn, pageSize } from '../files/capture-context.ts';
import type { Scan } from './settled-scan.ts';

/**
 * What a listing of messages came to, so that a later look can tell from the files alone that none of them has changed: a
 * digest of the name, inode, size, mtime and ctime of each, in order. That is all that sameness is decided by.
 */
export interface MessageLook {
  readonly digest: string;
  /** Whether the extended attributes of all of them are known. */
  readonly hasAttributes: boolean;
}

const withoutAttributes = '-';

export const formatLook = ({ digest, hasAttributes }: MessageLook): string =>
  hasAttributes ? digest : `${digest}${withoutAttributes}`;

export const parseLook = (text: string): MessageLook =>
  text.endsWith(withoutAttributes)
    ? { digest: text.slice(0, -1), hasAttributes: false }
    : { digest: text, hasAttributes: true };

interface LookDigest {
  add(names: readonly ByteString[], stamps: BigInt64Array): void;
  /** The same of names with a zero byte behind each, and of just so many stamps. */
  addTerminated(names: Uint8Array, stamps: BigInt64Array): void;
  value(): string;
}

/** Names and stamps go into hashes of their own, so that it does not matter how many come at a time. */
const createLookDigest = (): LookDigest => {
  const ofNames = createHash('sha256');
  const ofStamps = createHash('sha256');
  return {
    add: (names, stamps) => {
      if (names.length === 0) return;
      // No name has a zero byte.
      ofNames.update(`${names.join('\0')}\0`, 'latin1');
      ofStamps.update(stamps.subarray(0, names.length * stampLength));
    },
    addTerminated: (names, stamps) => {
      ofNames.update(names);
      ofStamps.update(stamps);
    },
    value: () =>
      createHash('sha256').update(ofNames.digest()).update(ofStamps.digest()).digest('hex').slice(0, digestLength),
  };
};

/** Hexadecimal: 128 bits. */
const digestLength = 32;

/** Follows a listing that is being made. */
export interface ListingLook {
  add(entries: readonly Entry[]): void;
  /** What is there is not all in the listing, or not as it is: no later look could tell that it is the same. */
  spoil(): void;
  /** Undefined: spoiled. */
  digest(): string | undefined;
}

export const createListingLook = (): ListingLook => {
  const digest = createLookDigest();
  let isSpoiled = false;
  return {
    add: (entries) => {
      if (isSpoiled || entries.length === 0) return;
      digest.add(
        entries.map(({ name }) => name),
        stampsOf(entries),
      );
    },
    spoil: () => {
      isSpoiled = true;
    },
    digest: () => (isSpoiled ? undefined : digest.value()),
  };
};

const stampsOf = (entries: readonly Entry[]): BigInt64Array => {
  const stamps = new BigInt64Array(entries.length * stampLength);
  for (const [at, { inode, size, mtime, ctime }] of entries.entries()) {
    const to = at * stampLength;
    stamps[to] = inode;
    stamps[to + 1] = BigInt(size);
    stamps[to + 2] = mtime;
    stamps[to + 3] = ctime;
  }
  return stamps;
};

/** The same of a listing that is what the base has packed, but for what was taken out and what comes in. */
export const createAmendedLook = (packed: PackedFiles, removed: Uint8Array): ListingLook => {
  const added: Entry[] = [];
  let isSpoiled = false;
  return {
    add: (entries) => {
      added.push(...entries);
    },
    spoil: () => {
      isSpoiled = true;
    },
    digest: () => (isSpoiled ? undefined : amendedDigest(packed, removed, added)),
  };
};

const amendedDigest = (packed: PackedFiles, removed: Uint8Array, added: readonly Entry[]): string => {
  const { count, names, nameStarts, stamps } = packed;
  const digest = createLookDigest();
  const addRange = (from: number, to: number): void => {
    let start = from;
    for (let number = from; number <= to; number++) {
      if (number < to && removed[number] === 0) continue;
      if (number > start) {
        const named = names.subarray(nameStarts[start] ?? 0, nameStarts[number] ?? 0);
        digest.addTerminated(named, stamps.subarray(start * stampLength, number * stampLength));
      }
      start = number + 1;
    }
  };
  let next = 0;
  for (const entry of added) {
    const place = placeInPacked(packed, entry.name, next);
    addRange(next, place);
    digest.add([entry.name], stampsOf([entry]));
    next = place;
  }
  addRange(next, count);
  return digest.value();
};

/** Looks at each of the scanned messages. Undefined when they are no plain files, or one is gone or cannot be looked at. */
export const lookAtMessages = async (
  { reader, run }: CaptureContext,
  directory: ByteString,
  { names, directories, settled }: Scan,
): Promise<string | undefined> => {
  if (!settled || directories.size > 0) return undefined;
  const digest = createLookDigest();
  const stamps = new BigInt64Array(Math.min(names.length, pageSize) * stampLength);
  for (let at = 0; at < names.length; at += pageSize) {
    throwIfInterrupted(run);
    const page = names.slice(at, at + pageSize);
    try {
      if (!reader.stampFiles(directory, page, stamps)) return undefined;
    } catch {
      // What is wrong is told when each is looked at by itself.
      return undefined;
    }
    digest.add(page, stamps);
    if (at > 0) await nextTurn();
  }
  return digest.value();
};
