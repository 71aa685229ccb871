import { readdir } from 'node:fs/promises';
import type { Run } from '../../../contract/run.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import type { HoldLog } from '../../../model/hold.ts';
import { isFault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { readDescription } from '../disk/backup-file.ts';
import { descriptionName, type DiskPlaces, parseHidden } from '../disk/layout.ts';
import { holdsOn } from './held-backups.ts';

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'look into', folder);
  }
};

/** When the backup began; undefined: its description cannot be read. */
const startOf = async (folder: string): Promise<number | undefined> => {
  try {
    return (await readDescription(`${folder}/${descriptionName}`)).started;
  } catch (error) {
    if (isFault(error, 'interrupted', 'internal')) throw error;
    return undefined;
  }
};

/** Backups that were made again while they were held, by where they lie (`daily/.held-2025-11-07.…`), with the ids of their holds. */
export const heldAside = async (
  places: DiskPlaces,
  log: HoldLog,
  run: Run,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const found = new Map<string, readonly string[]>();
  for (const kind of ['daily', 'weekly'] as const) {
    for (const text of await namesIn(places.path(kind))) {
      const hidden = parseHidden(kind, text);
      if (hidden?.kind !== 'held') continue;
      const folder = places.path(`${kind}/${text}`);
      const started = await startOf(folder);
      if (started === undefined) continue;
      found.set(`${kind}/${text}`, await holdsOn({ place: datedPlace(hidden.name), started, folder }, log, run));
    }
  }
  return found;
};
