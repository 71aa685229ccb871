import type { BigIntStats } from 'node:fs';
import { identityOf } from '../../mail/maildir-name.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { sleep } from '../../system/clock.ts';
import { childFile } from '../files/capture-context.ts';
import { type DirectoryNames, readDirectoryNames } from '../files/directory-names.ts';
import type { MetadataReader } from '../files/local-metadata.ts';

/**
 * A directory whose files are renamed while it is read can fail to show some of them: neither the old name nor the new
 * one is met. A scan is believed only when nothing was renamed meanwhile, which the directory's mtime tells.
 */
export interface Scan extends DirectoryNames {
  /** False: names may be missing, and no name's absence means anything. */
  readonly settled: boolean;
}

export interface ScanOptions {
  readonly reader: MetadataReader;
  readonly run: Run;
  /** How often it is read before it counts as unsettled. */
  readonly tries?: number;
}

/** Undefined: the directory is gone. Throws the system's error when it cannot be read. */
export const scanSettled = async (directory: ByteString, options: ScanOptions): Promise<Scan | undefined> => {
  const { reader, run, tries = 5 } = options;
  const scans: DirectoryNames[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    throwIfInterrupted(run);
    const before = await quiet(directory, reader, run);
    if (before === undefined) return undefined;
    const names = readDirectoryNames(directory);
    const after = reader.stats(directory);
    if (after === undefined) return undefined;
    if (before.isQuiet && isUntouched(before.stats, after)) return { ...names, settled: true };
    scans.push(names);
  }
  return { ...unionOf(scans, directory, reader), settled: false };
};

/** One look, without waiting: for finding a message again. */
export const scanOnce = (directory: ByteString, options: ScanOptions): Scan | undefined => {
  const once = readOnce(directory, options, () => readDirectoryNames(directory));
  return once && { ...once.read, settled: once.settled };
};

/** Reads a directory in whatever way, without waiting. Undefined: it is gone. */
export const readOnce = <Read>(
  directory: ByteString,
  { reader, run }: ScanOptions,
  read: () => Read,
): { readonly read: Read; readonly settled: boolean } | undefined => {
  const before = reader.stats(directory);
  if (before === undefined) return undefined;
  const done = read();
  const after = reader.stats(directory);
  if (after === undefined) return undefined;
  const isOld = run.now() - before.mtimeNs >= stepOf(before.mtimeNs);
  return { read: done, settled: isOld && isUntouched(before, after) };
};

const isUntouched = (before: BigIntStats, after: BigIntStats): boolean =>
  before.mtimeNs === after.mtimeNs && before.ino === after.ino && before.dev === after.dev;

/**
 * How far apart two changes must be for certain to have two different times: the kernel's clock for files goes on every
 * 1 to 10 ms; where times are whole seconds, the file system may know no finer ones (2 s is the coarsest, FAT's).
 */
const stepOf = (mtime: bigint): bigint => (mtime % 1_000_000_000n === 0n ? 2_000_000_000n : 50_000_000n);

interface Quiet {
  readonly stats: BigIntStats;
  readonly isQuiet: boolean;
}

/**
 * Waits until the directory's mtime is older than a step of its clock, so that any further change will show. Where the
 * two clocks disagree (a file server ahead of us), having stood for one step while we watched is as good. A directory
 * that does not come to rest is read all the same, unbelieved.
 */
const quiet = async (directory: ByteString, reader: MetadataReader, run: Run): Promise<Quiet | undefined> => {
  const first = reader.stats(directory);
  if (first === undefined) return undefined;
  const step = stepOf(first.mtimeNs);
  if (run.now() - first.mtimeNs >= step) return { stats: first, isQuiet: true };
  await sleep(Number(step / 1_000_000n) + 10, run.signal);
  const second = reader.stats(directory);
  return second === undefined ? undefined : { stats: second, isQuiet: isUntouched(first, second) };
};

/** Everything that was met in any of the scans; of a message met under several names, those that are there now. */
const unionOf = (scans: readonly DirectoryNames[], directory: ByteString, reader: MetadataReader): DirectoryNames => {
  const byIdentity = new Map<ByteString, Set<ByteString>>();
  const directories = new Set<ByteString>();
  for (const scan of scans) {
    for (const name of scan.directories) directories.add(name);
    for (const name of scan.names) {
      const identity = identityOf(name);
      const known = byIdentity.get(identity);
      // Added last even if it was known: the latest scan is the likeliest.
      known?.delete(name);
      if (known === undefined) byIdentity.set(identity, new Set([name]));
      else known.add(name);
    }
  }
  const names = [...byIdentity.values()].flatMap((known) => presentOf([...known], directory, reader));
  return { names: names.sort(), directories };
};

const presentOf = (
  known: readonly ByteString[],
  directory: ByteString,
  reader: MetadataReader,
): readonly ByteString[] => {
  if (known.length === 1) return known;
  const present: ByteString[] = [];
  let last: BigIntStats | undefined;
  for (const name of known) {
    const stats = reader.stats(childFile(directory, name));
    if (stats === undefined) continue;
    // One file with one name, met twice: it was renamed between the two looks.
    if (last?.ino === stats.ino && stats.nlink === 1n) present.pop();
    present.push(name);
    last = stats;
  }
  return present.length > 0 ? present : known.slice(-1);
};
