import { open, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Run } from '../contract/run.ts';
import { Fault, type FaultCode } from '../model/fault.ts';
import { errnoCode, errnoFault } from '../system/errno.ts';

/** The newest layout that this program knows; `PRAGMA user_version` says which one a file has. */
const knownVersion = 1;

/** Milliseconds to wait for another process that writes: each of its writes waits for a disk that may be busy. */
const patience = 30_000;

const layout = `
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  command TEXT NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  exit_code INTEGER,
  verdict TEXT,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX run_by_time ON run (started);
CREATE TABLE job (
  run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_by_name ON job (name);
`;

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const damageCodes: ReadonlySet<number> = new Set([11, 26]);
const meanings: Readonly<Record<number, FaultCode>> = {
  3: 'permission-denied',
  8: 'read-only',
  10: 'io-failed',
  13: 'disk-full',
  14: 'permission-denied',
};

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

const isDamage = (error: unknown): boolean => damageCodes.has(resultCode(error) ?? 0);

/** What SQLite says, as a Fault. */
export const historyFault = (error: unknown, path: string): Fault => {
  if (error instanceof Fault) return error;
  const code = resultCode(error);
  if (code === undefined) return errnoFault(error, 'open', path);
  const message = error instanceof Error ? error.message : String(error);
  const isBusy = code === 5;
  return new Fault(meanings[code] ?? 'io-failed', `the history ${path} cannot be used: ${message}`, {
    hint: isBusy
      ? 'Another program holds it: try again.'
      : 'Backups do not depend on it. It may be moved away: a new one is begun.',
    cause: error,
    retry: isBusy,
  });
};

/** SQLite gives its files the mode of the first, which nobody else may read. */
const makeFile = async (path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
  }
};

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version']);

const newer = (path: string, version: number): Fault =>
  new Fault(
    'unsupported',
    `the history ${path} is of version ${version}, and this program knows up to ${knownVersion}`,
    {
      hint: 'It is of a newer Mailkeep: update this one. It was left as it is, and backups do not depend on it.',
    },
  );

/** Opens what is there and brings it to the layout of today. Undefined: it is damaged. */
const openSound = (path: string): DatabaseSync | undefined => {
  const database = new DatabaseSync(path, { timeout: patience });
  try {
    const version = versionOf(database);
    if (version > knownVersion) throw newer(path, version);
    database.exec('PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA');
    if (version === 0) {
      database.exec(`BEGIN IMMEDIATE`);
      // Another run may have been first.
      if (versionOf(database) === 0) database.exec(`${layout}PRAGMA user_version = ${knownVersion};`);
      database.exec('COMMIT');
    }
    const sound = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok';
    if (sound) return database;
  } catch (error) {
    database.close();
    if (isDamage(error)) return undefined;
    throw error;
  }
  database.close();
  return undefined;
};

const setAside = async (path: string, run: Run): Promise<void> => {
  const time = new Date(Number(run.now() / 1_000_000n)).toISOString().replaceAll(':', '');
  const aside = `${path}.damaged-${time}`;
  await rename(path, aside);
  // What SQLite would undo in the damaged one must not be done to the next.
  await rename(`${path}-journal`, `${aside}-journal`).catch(() => undefined);
  run.emit({
    kind: 'notice',
    message: `the history of runs was damaged, so a new one is begun; the old one is ${aside}`,
  });
};

/**
 * Opens the database of history, which is made when it is not there: 0600, in a folder 0700. A damaged one is set aside and
 * told as a notice. Faults: `unsupported` for one of a newer version, which is left as it is, and those of the file system.
 */
export const openHistoryFile = async (path: string, run: Run): Promise<DatabaseSync> => {
  try {
    await makeFile(path);
    const found = openSound(path);
    if (found !== undefined) return found;
    await setAside(path, run);
    await makeFile(path);
    const made = openSound(path);
    if (made !== undefined) return made;
  } catch (error) {
    throw historyFault(error, path);
  }
  throw new Fault('io-failed', `the history ${path} is damaged as soon as it is made`, {
    hint: 'Look at the health of the disk that it is on.',
  });
};
