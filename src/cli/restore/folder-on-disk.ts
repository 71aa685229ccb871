import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupPlace } from '../../model/backup-place.ts';
import { datedFolder, datedPlace, parseDatedFolder } from '../../model/dated-name.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';

/** The newest that a hint names. */
const shown = 10;

/** Backups of one kind, newest first. */
const daysIn = async (root: string, kind: 'daily' | 'weekly'): Promise<readonly string[]> => {
  const folder = join(root, kind);
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'look into', folder);
  });
  return names
    .flatMap((name) => parseDatedFolder(kind, name) ?? [])
    .map(datedFolder)
    .toSorted()
    .toReversed();
};

const thereAre = async (root: string): Promise<string> => {
  // A date is written as it is, a week with its folder.
  const daily = await daysIn(root, 'daily');
  const weekly = (await daysIn(root, 'weekly')).map((name) => `weekly/${name}`);
  if (daily.length + weekly.length === 0) return 'The disk has no backup at all so far.';
  const listed = [daily, weekly].flatMap((names) => [...names.slice(0, shown), ...(names.length > shown ? ['…'] : [])]);
  return `There are: ${listed.join(', ')}.`;
};

/** Where a backup lies below the root of a dated disk. Fault `snapshot-missing`, which names those that there are. */
export const folderOnDisk = async (
  root: string,
  place: Extract<BackupPlace, { kind: 'dated' | 'latest' }>,
): Promise<string> => {
  const name = place.kind === 'dated' ? datedPlace(place.name) : 'latest';
  const folder = join(root, name);
  const known = await stat(folder).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', folder);
  });
  if (known !== undefined) return folder;
  throw new Fault('snapshot-missing', `there is no backup ${name} on ${root}`, {
    hint: await thereAre(root),
    context: { path: folder },
  });
};
