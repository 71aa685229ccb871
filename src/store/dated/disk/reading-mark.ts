import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { type DatedName, datedPlace } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import {
  holderText,
  isHolderDead,
  lookAtHolder,
  ownHolderText,
  type RunHolder,
  showLife,
} from '../../../system/lock-holder.ts';
import { type DiskPlaces, flatName, readersFolder } from './layout.ts';

/*
 * Whoever restores from a backup leaves a mark beside the backups: `daily-2025-11-07.RANDOM`, with the stamp of its process. Many may
 * read at a time. As long as one lives, the backup is not removed, replaced or mended. That of a dead process is removed by whoever
 * meets it. The order is what makes it safe: a reader marks first and looks for the backup then; who removes one looks for marks,
 * moves it aside, and looks again.
 */

export interface ReadingMark {
  /** Why there is no mark; undefined: there is one. */
  readonly refused: Fault | undefined;
  release(): Promise<void>;
}

const isReadOnly = (error: unknown): boolean => errnoCode(error) === 'EROFS';

/**
 * Leaves a mark that a backup is being read. A disk that is mounted read-only needs none. One that gives none for another reason, full
 * or of somebody else, is read all the same: that is told.
 */
export const markReading = async (places: DiskPlaces, name: DatedName): Promise<ReadingMark> => {
  const token = randomBytes(6).toString('hex');
  const path = places.path(`${readersFolder}/${flatName(name)}.${token}`);
  try {
    await mkdir(places.path(readersFolder), { recursive: true, mode: 0o700 });
    await writeFile(path, ownHolderText(token), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    const refused = isReadOnly(error) ? undefined : errnoFault(error, 'leave a mark on', places.root);
    return { refused, release: async () => undefined };
  }
  const stopShowing = showLife(path);
  return {
    refused: undefined,
    release: async () => {
      stopShowing();
      // One that stays is that of a process that is over, which stops nobody.
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
};

const markName = /^((?:daily|weekly)-.+)\.[\da-f]{12}$/;

/** Who reads a backup at present, or any of them. Marks of dead processes are removed. Faults as `errnoFault`. */
export const readersOf = async (places: DiskPlaces, name?: DatedName): Promise<readonly RunHolder[]> => {
  const folder = places.path(readersFolder);
  const holders: RunHolder[] = [];
  try {
    for (const text of await readdir(folder)) {
      const [, flat] = markName.exec(text) ?? [];
      if (flat === undefined || (name !== undefined && flat !== flatName(name))) continue;
      const found = await lookAtHolder(`${folder}/${text}`);
      if (found === undefined) continue;
      if (isHolderDead(found)) await rm(`${folder}/${text}`, { force: true });
      else holders.push(found.holder);
    }
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'list', folder);
  }
  return holders;
};

const isBeingRead = (what: string, reader: RunHolder): Fault =>
  new Fault('run-under-way', `${what} is being restored from (${holderText(reader)}), so it stays as it is`, {
    hint: 'Wait until that restore is over, or end it. One that was killed stops nobody.',
    retry: true,
    context: { what, ...(reader.pid === undefined ? {} : { pid: reader.pid }) },
  });

/** Fault `run-under-way` when somebody reads it; without a name, when somebody reads anything of the disk. */
export const requireUnread = async (places: DiskPlaces, name?: DatedName): Promise<void> => {
  const [reader] = await readersOf(places, name);
  if (reader !== undefined) throw isBeingRead(name === undefined ? places.root : datedPlace(name), reader);
};

export interface Awaiting {
  /** Milliseconds. */
  readonly wait: number;
  readonly onWait?: (holder: RunHolder) => void;
  readonly signal: AbortSignal;
}

const betweenLooks = 2000;

/** Likewise, after the wait. Fault `interrupted`. */
export const awaitUnread = async (
  places: DiskPlaces,
  name: DatedName,
  { wait, onWait, signal }: Awaiting,
): Promise<void> => {
  const deadline = performance.now() + wait;
  for (let looks = 0; ; looks++) {
    const [reader] = await readersOf(places, name);
    if (reader === undefined) return;
    const left = deadline - performance.now();
    if (left <= 0) throw isBeingRead(datedPlace(name), reader);
    if (looks === 0) onWait?.(reader);
    await sleep(Math.min(betweenLooks, left), signal);
  }
};
