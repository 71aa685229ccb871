import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { parseDatedPlace } from '../../model/dated-name.ts';
import { openBackupFolder, type OpeningOptions } from './backup-folder.ts';
import { ownFolder, placesBelow } from './disk/layout.ts';
import { markReading, type ReadingMark } from './disk/reading-mark.ts';

/** A backup that nobody removes, replaces or mends until it is closed. */
export interface Reading extends ReadingMark {
  readonly backup: ServerBackup;
}

const noMark: ReadingMark = { refused: undefined, release: async () => undefined };

/** A folder that was copied from a disk has no root, and nobody who would take it away. */
const markOn = async (path: string): Promise<ReadingMark> => {
  try {
    const folder = await realpath(path);
    const name = parseDatedPlace(folder.split('/').slice(-2).join('/'));
    const root = dirname(dirname(folder));
    if (name === undefined || !(await stat(`${root}/${ownFolder}`)).isDirectory()) return noMark;
    return await markReading(placesBelow(root), name);
  } catch {
    // That it cannot be found is for whoever opens it to say.
    return noMark;
  }
};

/** Marks a backup, by its folder, as being read, and opens it. Faults as `openBackupFolder`. */
export const beginReading = async (path: string, options?: OpeningOptions): Promise<Reading> => {
  // First the mark: who removes a backup looks for marks once more when it is out of sight.
  const mark = await markOn(path);
  try {
    return { ...mark, backup: await openBackupFolder(path, options) };
  } catch (error) {
    await mark.release();
    throw error;
  }
};
