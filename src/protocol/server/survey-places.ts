import { closeSync, type Dirent, lstatSync, openSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import type { Fault } from '../../model/fault.ts';

export interface Survey {
  readonly files: number;
  /** Of files alone. */
  readonly bytes: number;
  /** What cannot be read, or is not there: the first of them, by name. */
  readonly faults: readonly Fault[];
  /** All of them. */
  readonly unreadable: number;
}

/** A person mends the first few, and sees the rest then. */
const shown = 20;
/** After so many entries others have their turn. */
const turn = 2000;

interface Tally {
  files: number;
  bytes: number;
  unreadable: number;
  seen: number;
  readonly faults: Fault[];
}

const note = (tally: Tally, error: unknown, action: string, path: string): void => {
  tally.unreadable++;
  const codes = { ENOENT: 'source-missing', EACCES: 'entry-unreadable', EPERM: 'entry-unreadable' } as const;
  if (tally.faults.length < shown) tally.faults.push(errnoFault(error, action, path, codes));
};

/** Whether what failed below a given place is merely gone: mail comes and goes. */
const isGone = (error: unknown): boolean => errnoCode(error) === 'ENOENT';

const lookAtFile = (path: string, tally: Tally): void => {
  try {
    const stats = lstatSync(path);
    tally.files++;
    if (!stats.isFile()) return;
    tally.bytes += stats.size;
    // access(2) would ask for another user than the one that reads.
    closeSync(openSync(path, 'r'));
  } catch (error) {
    if (!isGone(error)) note(tally, error, 'read', path);
  }
};

const listed = (path: string, tally: Tally, isGiven: boolean): readonly Dirent[] => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isGiven || !isGone(error)) note(tally, error, 'list', path);
    return [];
  }
};

const walk = async (path: string, tally: Tally, run: Run, isGiven = false): Promise<void> => {
  for (const entry of listed(path, tally, isGiven)) {
    if (++tally.seen % turn === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      throwIfInterrupted(run);
    }
    const child = join(path, entry.name);
    if (entry.isDirectory()) await walk(child, tally, run);
    else lookAtFile(child, tally);
  }
};

const lookAtPlace = async (given: string, tally: Tally, run: Run): Promise<void> => {
  let path = given;
  let isFolder: boolean;
  try {
    path = realpathSync(given);
    isFolder = lstatSync(path).isDirectory();
  } catch (error) {
    note(tally, error, 'read', path);
    return;
  }
  if (isFolder) await walk(path, tally, run, true);
  else lookAtFile(path, tally);
};

/**
 * Looks at all that is to be captured, before anything is written (requirement B8, TC-02): how much there is, and what this user
 * cannot read, by its path. Reads no content.
 */
export const surveyPlaces = async (places: readonly string[], run: Run): Promise<Survey> => {
  const tally: Tally = { files: 0, bytes: 0, unreadable: 0, seen: 0, faults: [] };
  for (const place of places) await lookAtPlace(place, tally, run);
  const { files, bytes, unreadable, faults } = tally;
  return { files, bytes, unreadable, faults };
};
