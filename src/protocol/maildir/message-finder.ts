import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Metadata } from '../../model/entry.ts';
import { errnoCode } from '../../system/errno.ts';
import { childFile, nextTurn } from '../files/capture-context.ts';
import type { MetadataReader } from '../files/local-metadata.ts';
import { type Scan, scanOnce, scanSettled } from './settled-scan.ts';

export interface FoundMessage {
  readonly file: ByteString;
  readonly metadata: Metadata;
}

export interface FindResult {
  readonly found: ReadonlyMap<ByteString, FoundMessage>;
  /** Whether what was not found is certainly not there: both `new` and `cur` were looked through, and were at rest. */
  readonly certain: boolean;
}

/** Finds messages of one Maildir folder whose file was renamed: they are the same by their identity, in `new` or `cur`. */
export interface MessageFinder {
  find(identities: readonly ByteString[], run: Run): Promise<FindResult>;
}

const tries = 12;
const subdirectories = ['new', 'cur'].map((name) => byteStringOfLatin1(name));

interface FolderScan {
  readonly directory: ByteString;
  readonly scan: Scan;
}

export const createMessageFinder = (folder: ByteString, reader: MetadataReader): MessageFinder => {
  /** The last look, which is tried first: many messages are often asked for one by one. */
  let last: readonly FolderScan[] = [];
  return {
    find: async (identities, run) => {
      const missing = new Set(identities);
      const found = new Map<ByteString, FoundMessage>();
      pickUp(last, { missing, found, reader });
      let waits = 0;
      let scan: typeof scanOnce | typeof scanSettled = scanOnce;
      for (let attempt = 0; missing.size > 0 && attempt < tries; attempt++) {
        throwIfInterrupted(run);
        if (attempt > 0) await nextTurn();
        last = await scanFolder(folder, (directory) => scan(directory, { reader, run, tries: 3 }));
        if (pickUp(last, { missing, found, reader }) > 0) continue;
        if (last.length === subdirectories.length && last.every(({ scan: { settled } }) => settled))
          return { found, certain: true };
        // They are nowhere, in a folder where something happened just now: that is worth waiting for.
        if (waits++ === 2) break;
        scan = scanSettled;
      }
      return { found, certain: missing.size === 0 };
    },
  };
};

/** `new` first: what moves on meanwhile is then met in `cur`. */
const scanFolder = async (
  folder: ByteString,
  scan: (directory: ByteString) => Promise<Scan | undefined> | Scan | undefined,
): Promise<FolderScan[]> => {
  const scans: FolderScan[] = [];
  for (const name of subdirectories) {
    const directory = childFile(folder, name);
    const scanned = await unlessGone(scan, directory);
    if (scanned !== undefined) scans.push({ directory, scan: scanned });
  }
  return scans;
};

const unlessGone = async (
  scan: (directory: ByteString) => Promise<Scan | undefined> | Scan | undefined,
  directory: ByteString,
): Promise<Scan | undefined> => {
  try {
    return await scan(directory);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

interface Search {
  readonly missing: Set<ByteString>;
  readonly found: Map<ByteString, FoundMessage>;
  readonly reader: MetadataReader;
}

/** How many were listed and had moved on again when they were looked at. */
const pickUp = (scans: readonly FolderScan[], { missing, found, reader }: Search): number => {
  let movedOn = 0;
  for (const identity of missing) {
    for (const file of scans.flatMap(({ directory, scan }) => filesOf(identity, directory, scan.names))) {
      const metadata = describe(file, reader);
      if (metadata === undefined) {
        movedOn++;
        continue;
      }
      found.set(identity, { file, metadata });
      missing.delete(identity);
      break;
    }
  }
  return movedOn;
};

const describe = (file: ByteString, reader: MetadataReader): Metadata | undefined => {
  try {
    const stats = reader.stats(file);
    return stats === undefined || !stats.isFile() ? undefined : reader.describe(file, stats);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const filesOf = (identity: ByteString, directory: ByteString, names: readonly ByteString[]): ByteString[] => {
  const files: ByteString[] = [];
  for (let at = lowerBound(names, identity); names[at]?.startsWith(identity) === true; at++) {
    const name = names[at];
    if (name !== undefined && identityOf(name) === identity) files.push(childFile(directory, name));
  }
  return files;
};

const lowerBound = (names: readonly ByteString[], wanted: ByteString): number => {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? wanted) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};
