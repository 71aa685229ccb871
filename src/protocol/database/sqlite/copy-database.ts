import { open } from 'node:fs/promises';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';

/** Pages of a step; a writer waits no longer than one takes. */
const pagesOfStep = 1000;

/**
 * Copies a database as SQLite does it (sqlite3_backup_step): what is committed, with its write-ahead log, while others write. The copy is
 * 0600, and was found sound. Faults: `entry-unreadable` when it is damaged or no database, `interrupted`.
 */
export const copyDatabase = async (from: string, to: string, run: Run): Promise<void> => {
  // Loaded when it is needed: it warns that it is experimental.
  const { DatabaseSync, backup } = await import('node:sqlite');
  await (await open(to, 'wx', 0o600)).close();
  try {
    const source = new DatabaseSync(from, { readOnly: true, timeout: 30_000 });
    try {
      await backup(source, to, {
        rate: pagesOfStep,
        progress: () => throwIfInterrupted(run),
      });
    } finally {
      source.close();
    }
    throwIfInterrupted(run);
    const copy = new DatabaseSync(to, { readOnly: true });
    try {
      const found = copy
        .prepare('PRAGMA integrity_check(3)')
        .all()
        .flatMap((row) => Object.values(row).map(String));
      if (found.join() !== 'ok') throw damaged(from, found.join('; '));
    } finally {
      copy.close();
    }
  } catch (error) {
    throwIfInterrupted(run);
    if (isFault(error)) throw error;
    throw damaged(from, error instanceof Error ? error.message : String(error), error);
  }
};

const damaged = (path: string, said: string, cause?: unknown): Fault =>
  new Fault('entry-unreadable', `the database ${path} cannot be copied: ${said}`, {
    hint: 'Try PRAGMA integrity_check on it, and sqlite3 .recover if it is damaged.',
    retry: /lock|busy/i.test(said),
    ...(cause === undefined ? {} : { cause }),
  });
