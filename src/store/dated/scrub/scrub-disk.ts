import { setImmediate } from 'node:timers/promises';
import type { BadFile, BadName, DiskScrub, ScrubWish } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { allReadSince, dueSlices } from '../../../model/scrub-slices.ts';
import type { Posix } from '../../../system/posix.ts';
import { checksumsList, type DiskPlaces } from '../disk/layout.ts';
import { type KnownBackup, listBackups, writeMetadata } from '../disk/list-backups.ts';
import { readSlices, writeSlices } from '../disk/slices-file.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import type { CheckDamage } from '../threads/page-job.ts';
import { keyOfName } from './find-bad.ts';
import { identityOf, inSlices, type ListedFile, lookAt, walkList } from './line-walk.ts';
import { noteBadFiles } from './note-bad-files.ts';

export interface Scrubbing {
  readonly places: DiskPlaces;
  readonly pool: DiskPool;
  readonly posix: Posix | undefined;
  /** Each day has files of its own: the file system has no links, and perhaps no numbers of files that can be relied on. */
  readonly copies: boolean;
}

/** What was found so far, by the place on the disk, or by the name where there is none. */
interface Pass {
  readonly scrubbing: Scrubbing;
  readonly wish: ScrubWish;
  readonly slices: ReadonlySet<number>;
  readonly known: readonly KnownBackup[];
  readonly seen: Set<string>;
  readonly bad: Map<string, { readonly sha256: string; readonly kind: BadFile['kind']; names: BadName[] }>;
  files: number;
  bytes: number;
}

/** So many at once: what is kept of each inode of a pass takes about 100 bytes. */
const slicesAtOnce = 32;

/**
 * Reads the slices of a disk that are due, each file once however many backups link it, and notes what is bad for every backup that
 * has it. Each pass is noted when it is through: one that is interrupted is made up for by the next scrub.
 */
export const scrubDisk = async (scrubbing: Scrubbing, wish: ScrubWish, run: Run): Promise<DiskScrub> => {
  const { places, posix } = scrubbing;
  let times = await readSlices(places);
  const due = dueSlices(times, wish.amount, milliseconds(run));
  let [files, bytes] = [0, 0];
  const bad = new Map<string, BadFile>();
  for (let at = 0; at < due.length; at += slicesAtOnce) {
    const began = milliseconds(run);
    const slices = new Set(due.slice(at, at + slicesAtOnce));
    const pass = await readSlicesOf({ scrubbing, wish, slices, known: await listBackups(places, run) }, run);
    for (const [key, file] of pass.bad) bad.set(key, file);
    await noteBadFiles(places, { bad: [...pass.bad.values()], known: pass.known, slices, began });
    times = times.map((time, slice) => (slices.has(slice) ? began : time));
    await writeSlices(places, times);
    files += pass.files;
    bytes += pass.bytes;
  }
  await writeMetadata(places, run);
  const since = allReadSince(times);
  return {
    slices: due.length,
    files,
    bytes,
    bad: [...bad.values()],
    fromDisk: posix !== undefined,
    ...(since === undefined ? {} : { since }),
  };
};

/** How many groups of lines are gone through in one go. */
const groupsAtOnce = 20;

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

const readSlicesOf = async (parts: Pick<Pass, 'scrubbing' | 'wish' | 'slices' | 'known'>, run: Run): Promise<Pass> => {
  const pass: Pass = { ...parts, seen: new Set(), bad: new Map(), files: 0, bytes: 0 };
  // The newest first: what is found there is what a restore needs most.
  for (const known of pass.known.toReversed()) {
    const list = walkList(known, inSlices(pass.slices));
    const checks: Promise<void>[] = [];
    let groups = 0;
    for (const group of list.groups) {
      // A list may be long, and little of it wanted: signals are to be heard meanwhile.
      if (++groups % groupsAtOnce === 0) await setImmediate();
      throwIfInterrupted(run);
      const fresh = group.filter((file) => isFresh(pass, known, file));
      if (fresh.length === 0) continue;
      await parts.scrubbing.pool.room();
      const check = readGroup(pass, known, fresh, run);
      // Awaited below; a failure must not count as unhandled until then.
      check.catch(() => undefined);
      checks.push(check);
      // Who is to go slowly waits for what it has asked for.
      if (parts.wish.pace !== undefined) await check;
    }
    await Promise.all(checks);
    if (!list.isWhole()) addBad(pass, known, { path: checksumsList, sha256: known.description.checksums }, 'differs');
  }
  if (pass.bad.size > 0) nameAll(pass);
  return pass;
};

/** Whether a file is to be read: it is there, and was not met under another name. */
const isFresh = (pass: Pass, known: KnownBackup, { path, sha256 }: ListedFile): boolean => {
  const found = lookAt(known.backup.folder, path);
  if (found === undefined) {
    addBad(pass, known, { path, sha256 }, 'missing');
    return false;
  }
  if (pass.scrubbing.copies) return true;
  // What two lists say of one file must both be true.
  const identity = `${identityOf(found)}:${sha256.slice(0, 16)}`;
  if (pass.seen.has(identity)) return false;
  pass.seen.add(identity);
  return true;
};

const readGroup = async (pass: Pass, known: KnownBackup, group: readonly ListedFile[], run: Run): Promise<void> => {
  const root = `${byteStringOfText(known.backup.folder)}/`;
  const lines = group.map(({ line }) => line);
  const reply = await pass.scrubbing.pool.check({ root, lines, fromDisk: true });
  pass.files += reply.files;
  pass.bytes += reply.bytes;
  run.emit({ kind: 'progress', files: pass.files, bytes: pass.bytes });
  for (const damage of reply.damages) {
    const file = group.find(({ path }) => path === damage.path);
    if (file !== undefined) addBad(pass, known, file, kindOf(damage));
  }
  if (pass.wish.pace !== undefined) await pass.wish.pace(reply.bytes, run);
};

const kindOf = ({ kind }: CheckDamage): BadFile['kind'] => (kind === 'no line' ? 'differs' : kind);

const addBad = (
  { bad }: Pass,
  { backup }: KnownBackup,
  { path, sha256 }: Pick<ListedFile, 'sha256'> & { readonly path: string },
  kind: BadFile['kind'],
): void => {
  const found = kind === 'missing' ? undefined : lookAt(backup.folder, byteStringOfLatin1(path));
  const key = `${found === undefined ? `${backup.folder}/${path}` : identityOf(found)}:${sha256}`;
  const name: BadName = { backup: backup.name, path: byteStringOfLatin1(path) };
  const before = bad.get(key);
  if (before === undefined) bad.set(key, { sha256, kind, names: [name] });
  else before.names.push(name);
};

/** Every backup that has a bad file is to know of it. */
const nameAll = (pass: Pass): void => {
  const wanted = new Set([...pass.bad.values()].map(({ sha256 }) => sha256));
  const told = new Set([...pass.bad.values()].flatMap(({ names }) => names.map(keyOfName)));
  for (const known of pass.known) {
    for (const group of walkList(known, (sha256) => wanted.has(sha256)).groups) {
      for (const { path, sha256 } of group) {
        const found = lookAt(known.backup.folder, path);
        const bad = found === undefined ? undefined : pass.bad.get(`${identityOf(found)}:${sha256}`);
        const name = { backup: known.backup.name, path };
        if (bad !== undefined && !told.has(keyOfName(name))) bad.names.push(name);
      }
    }
  }
};
