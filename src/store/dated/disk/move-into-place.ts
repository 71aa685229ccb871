import { randomBytes } from 'node:crypto';
import { readlink, rename, rm, symlink } from 'node:fs/promises';
import type { Run } from '../../../contract/run.ts';
import { type DatedName, datedPlace } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { syncFolder } from '../../../system/sync-file-system.ts';
import { type DiskPlaces, hiddenPlace, latestName } from './layout.ts';
import { listBackups } from './list-backups.ts';
import { type IsHeld, isThere } from './prepare-disk.ts';
import { requireUnread } from './reading-mark.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Gives a hidden backup, which is on the disk, its name. What has the name is moved aside first and removed when the new one is
 * durable; should we be killed between the two renames, the next run gives the old one its name back. One that is held stays aside.
 */
export const moveIntoPlace = async (
  places: DiskPlaces,
  hidden: string,
  name: DatedName,
  isHeld: IsHeld,
): Promise<void> => {
  const place = datedPlace(name);
  const replaces = await isThere(places.path(place));
  const keeps = replaces && (await isHeld(name, places.path(place)));
  const aside = hiddenPlace(keeps ? 'held' : 'replaced', name);
  try {
    if (replaces) await rename(places.path(place), places.path(aside));
    try {
      await rename(places.path(hidden), places.path(place));
    } catch (error) {
      if (replaces) await rename(places.path(aside), places.path(place));
      throw error;
    }
  } catch (error) {
    throw errnoFault(error, 'publish', places.path(place));
  }
  await syncFolder(places.path(name.kind));
  if (replaces && !keeps) await removeTree(places.bytes(aside));
};

/** Leaves a backup that did not pass its check for people to look at, in the place of an earlier one of that kind. */
export const setAside = async (places: DiskPlaces, hidden: string, name: DatedName): Promise<string> => {
  const place = hiddenPlace('failed', name);
  await removeTree(places.bytes(place));
  try {
    await rename(places.path(hidden), places.path(place));
  } catch (error) {
    throw errnoFault(error, 'rename', places.path(hidden));
  }
  await syncFolder(places.path(name.kind));
  return places.path(place);
};

/** Hides a backup that is to be removed. Returns where it is. Fault `run-under-way` when somebody reads it: then it is where it was. */
export const moveAside = async (places: DiskPlaces, name: DatedName): Promise<string> => {
  await requireUnread(places, name);
  const [shown, aside] = [places.backup(name), hiddenPlace('removed', name)];
  try {
    await rename(shown, places.path(aside));
    try {
      // Whoever has begun meanwhile still finds it; who begins now does not.
      await requireUnread(places, name);
    } catch (error) {
      await rename(places.path(aside), shown);
      throw error;
    }
  } catch (error) {
    throw error instanceof Fault ? error : errnoFault(error, 'remove', shown);
  }
  return aside;
};

/** After a backup was removed: a link to it leads to the newest good one that is left, or goes. */
export const repointLatest = async (places: DiskPlaces, removed: DatedName, run: Run): Promise<void> => {
  const link = places.path(latestName);
  try {
    if ((await readlink(link)) !== datedPlace(removed)) return;
  } catch {
    // No link, or a file system without any.
    return;
  }
  const left = (await listBackups(places, run)).findLast(({ backup }) => backup.state === 'good');
  if (left === undefined) await rm(link, { force: true });
  else await pointLatest(places, left.backup.name);
};

/** Moves the link `latest`, in one step. A disk that has no symbolic links has none. */
export const pointLatest = async (places: DiskPlaces, name: DatedName): Promise<void> => {
  const temporary = places.path(`.${latestName}.${randomBytes(6).toString('hex')}`);
  try {
    await symlink(datedPlace(name), temporary);
    await rename(temporary, places.path(latestName));
  } catch (error) {
    await rm(temporary, { force: true });
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoCode(error) ?? '')) return;
    throw errnoFault(error, 'move the link', places.path(latestName));
  }
  await syncFolder(places.root);
};
