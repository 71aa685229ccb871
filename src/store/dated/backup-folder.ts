import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { DatedDamage } from '../../contract/component.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { datedPlace, parseDatedPlace } from '../../model/dated-name.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { alteredDescription, readDescription, readSealed, type SealedDescription } from './disk/backup-file.ts';
import { descriptionName } from './disk/layout.ts';
import { openBackup } from './read/open-backup.ts';
import { startDiskPool } from './threads/disk-pool.ts';
import { findDamage } from './verify/find-damage.ts';

export interface OpeningOptions {
  /** Take what is whole of it. */
  readonly despiteDamage?: boolean;
}

/**
 * A backup by its folder alone, wherever it lies: on a disk that no configuration knows, or copied from one. Nothing is
 * written, so that it may be mounted read-only. Faults: `snapshot-missing` when it is none; `verification-failed` when its description
 * is not as it was written, unless damage is no reason to stop: then it does not say where it came from; those of the file system.
 */
export const openBackupFolder = async (
  path: string,
  { despiteDamage = false }: OpeningOptions = {},
): Promise<ServerBackup> => {
  const folder = await realFolder(path);
  const { description, seal } = await describedIn(folder, path, despiteDamage);
  const { components, started, state } = description;
  const place = parseDatedPlace(folder.split('/').slice(-2).join('/'));
  return {
    kind: 'dated',
    description: folder,
    name: place === undefined ? folder : datedPlace(place),
    started,
    isComplete: state === 'good',
    components: components.map(({ name, form }) => ({ name, form })),
    origin: seal === 'broken' ? undefined : description.origin,
    isProved: seal === 'whole',
    open: async (at, openRun) => openBackup({ folder, description, at }, openRun),
    check: async (wanted, checkRun) => {
      const pool = startDiskPool({ threads: Math.min(4, availableParallelism()), copies: false }, checkRun);
      try {
        const damages = await findDamage({ folder, description, pool, components: wanted }, checkRun);
        return seal === 'broken' ? [ofDescription(folder), ...damages] : damages;
      } finally {
        await pool.close();
      }
    },
  };
};

const ofDescription = (folder: string): DatedDamage => ({
  path: byteStringOfText(descriptionName),
  fault: alteredDescription(`${folder}/${descriptionName}`),
});

const realFolder = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'snapshot-missing', ENOTDIR: 'snapshot-missing' });
  }
};

const describedIn = async (folder: string, given: string, despiteDamage: boolean): Promise<SealedDescription> => {
  const file = `${folder}/${descriptionName}`;
  try {
    const sealed = await readSealed(file);
    // Throws what is to be said of it.
    if (sealed.seal === 'broken' && !despiteDamage) await readDescription(file);
    return sealed;
  } catch (error) {
    if (!isFault(error, 'object-missing')) throw error;
    throw new Fault('snapshot-missing', `${given} is no folder of a backup: it has no ${descriptionName}`, {
      hint: 'Such folders are DISK/latest, DISK/daily/2025-11-07 and DISK/weekly/2025-week-45.',
      context: { path: folder },
      cause: error,
    });
  }
};
