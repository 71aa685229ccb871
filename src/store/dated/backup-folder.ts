import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { datedPlace, parseDatedPlace } from '../../model/dated-name.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { type BackupDescription, readDescription } from './disk/backup-file.ts';
import { descriptionName } from './disk/layout.ts';
import { openBackup } from './read/open-backup.ts';
import { startDiskPool } from './threads/disk-pool.ts';
import { findDamage } from './verify/find-damage.ts';

/**
 * A backup by its folder alone, wherever it lies: on a disk that no configuration knows, or copied from one. Nothing is
 * written, so that it may be mounted read-only. Faults: `snapshot-missing` when it is none; those of the file system.
 */
export const openBackupFolder = async (path: string): Promise<ServerBackup> => {
  const folder = await realFolder(path);
  const description = await describedIn(folder, path);
  const { components, origin, started, state } = description;
  const place = parseDatedPlace(folder.split('/').slice(-2).join('/'));
  return {
    kind: 'dated',
    description: folder,
    name: place === undefined ? folder : datedPlace(place),
    started,
    isComplete: state === 'good',
    components: components.map(({ name, form }) => ({ name, form })),
    origin,
    open: async (at, openRun) => openBackup({ folder, description, at }, openRun),
    check: async (wanted, checkRun) => {
      const pool = startDiskPool({ threads: Math.min(4, availableParallelism()), copies: false }, checkRun);
      try {
        return await findDamage({ folder, description, pool, components: wanted }, checkRun);
      } finally {
        await pool.close();
      }
    },
  };
};

const realFolder = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'snapshot-missing', ENOTDIR: 'snapshot-missing' });
  }
};

const describedIn = async (folder: string, given: string): Promise<BackupDescription> => {
  try {
    return await readDescription(`${folder}/${descriptionName}`);
  } catch (error) {
    if (!isFault(error, 'object-missing')) throw error;
    throw new Fault('snapshot-missing', `${given} is no folder of a backup: it has no ${descriptionName}`, {
      hint: 'Such folders are DISK/latest, DISK/daily/2025-11-07 and DISK/weekly/2025-week-45.',
      context: { path: folder },
      cause: error,
    });
  }
};
