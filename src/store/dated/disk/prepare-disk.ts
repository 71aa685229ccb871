import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { type DatedName, datedPlace } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { fateOfProcess, ownProcessStamp, type ProcessStamp } from '../../../system/process-stamp.ts';
import {
  type DiskPlaces,
  evidenceFolder,
  type HiddenName,
  latestName,
  mendPrefix,
  ownFolder,
  parseHidden,
  processName,
} from './layout.ts';
import { readersOf } from './reading-mark.ts';
import { removeTree } from './remove-tree.ts';

/** Makes the folders of a disk, for its owner alone. Faults as `errnoFault`. */
export const prepareDisk = async (places: DiskPlaces): Promise<void> => {
  try {
    await mkdir(places.root, { recursive: true, mode: 0o700 });
    // A file system without permissions refuses, and has none to protect.
    await chmod(places.root, 0o700).catch(() => undefined);
    for (const folder of [ownFolder, evidenceFolder, 'daily', 'weekly']) {
      await mkdir(places.path(folder), { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw errnoFault(error, 'prepare', places.root);
  }
};

const noLinks: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Whether a file of this disk can have two names. Faults as `errnoFault`. */
export const hasHardLinks = async (places: DiskPlaces): Promise<boolean> => {
  const file = places.path(`${ownFolder}/.probe-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(file, '', { mode: 0o600, flag: 'wx' });
    try {
      await link(file, `${file}.link`);
      await unlink(`${file}.link`);
      return true;
    } catch (error) {
      if (noLinks.includes(errnoCode(error))) return false;
      throw error;
    } finally {
      await rm(file, { force: true });
    }
  } catch (error) {
    throw errnoFault(error, 'write to', places.root);
  }
};

export const noHardLinks = (root: string): Fault =>
  new Fault(
    'unsupported',
    `the file system of ${root} has no hard links, so every day would take as much room as the first`,
    {
      hint: 'Use a disk with ext4, xfs or btrfs, or choose copies for this disk: copies: true.',
      context: { path: root },
    },
  );

const kinds = ['daily', 'weekly'] as const;

/** Whether a hold stands on a backup that lies aside, in this folder. */
export type IsHeld = (name: DatedName, folder: string) => Promise<boolean>;

/**
 * What runs that were killed have left: half backups go, and one that was on its way out under its name comes back. What was
 * replaced while it was held goes when no hold stands on it any more.
 */
export const removeLeftovers = async (places: DiskPlaces, isHeld: IsHeld): Promise<void> => {
  for (const kind of kinds) {
    for (const text of await namesIn(places.path(kind))) {
      const hidden = parseHidden(kind, text);
      if (text.startsWith(mendPrefix)) await rm(places.path(`${kind}/${text}`), { force: true });
      else if (hidden !== undefined) await removeLeftover(places, `${kind}/${text}`, hidden, isHeld);
    }
  }
  for (const text of await namesIn(places.root)) {
    if (text.startsWith(`.${latestName}.`)) await rm(places.path(text), { force: true });
  }
  for (const text of await namesIn(places.path(ownFolder))) {
    if (text.startsWith(mendPrefix)) await rm(places.path(`${ownFolder}/${text}`), { force: true });
  }
};

const removeLeftover = async (
  places: DiskPlaces,
  place: string,
  { kind, name }: HiddenName,
  isHeld: IsHeld,
): Promise<void> => {
  switch (kind) {
    case 'failed':
      return;
    case 'partial':
      if (!(await isAtWork(places.path(`${place}/${processName}`)))) await removeTree(places.bytes(place));
      return;
    case 'removed':
      // Killed between the look for readers and the one after it.
      if ((await readersOf(places, name)).length === 0) return removeTree(places.bytes(place));
      if (!(await isThere(places.backup(name)))) await rename(places.path(place), places.path(datedPlace(name)));
      return;
    case 'held':
      if (!(await isThere(places.backup(name)))) await rename(places.path(place), places.path(datedPlace(name)));
      else if (!(await isHeld(name, places.path(place)))) await removeTree(places.bytes(place));
      return;
    case 'replaced':
      // Killed between the two renames: the new one is still hidden.
      if (await isThere(places.backup(name))) await removeTree(places.bytes(place));
      else await rename(places.path(place), places.path(datedPlace(name)));
  }
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    throw errnoFault(error, 'list', folder);
  }
};

export const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw errnoFault(error, 'look at', path);
  }
};

/** We hold the lock of the disk, so only a process that lost it after a long sleep may still be at work. */
const isAtWork = async (file: string): Promise<boolean> => {
  let stamp: unknown;
  try {
    stamp = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return false;
  }
  return isStamp(stamp) && stamp.pid !== process.pid && fateOfProcess(stamp) === 'running';
};

const isStamp = (value: unknown): value is ProcessStamp =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'start' in value &&
  typeof value.start === 'string' &&
  'boot' in value &&
  'namespace' in value &&
  'machine' in value;

/** Takes down who makes a backup. */
export const stampProcess = async (file: string): Promise<void> => {
  await writeFile(file, JSON.stringify(ownProcessStamp() ?? { pid: process.pid }), { mode: 0o600, flag: 'wx' });
};
