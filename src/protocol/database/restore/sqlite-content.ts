import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { Counted } from './restore-each.ts';

/** Tables and rows of a copy. Fault `entry-unreadable` when it is damaged or no database. */
export const countRows = async (path: string, name: string): Promise<Counted> => {
  const { DatabaseSync } = await import('node:sqlite');
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const check = database.prepare('PRAGMA integrity_check(3)').all();
      const said = check.flatMap((row) => Object.values(row).map(String)).join('; ');
      if (said !== 'ok') throw new Fault('entry-unreadable', `${name} is damaged: ${said}`);
      const tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .all();
      let rows = 0;
      for (const { name: table } of tables) {
        const count = database.prepare(`SELECT COUNT(*) AS count FROM "${String(table).replaceAll('"', '""')}"`).get();
        rows += Number(count?.['count'] ?? 0);
      }
      return { tables: tables.length, rows };
    } finally {
      database.close();
    }
  } catch (error) {
    if (isFault(error)) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new Fault('entry-unreadable', `${name} is no sound database: ${said}`, { cause: error });
  }
};

/** Puts what is in one file into another that is there (sqlite3_backup_step). Faults `target-occupied` when somebody has it locked. */
export const putContents = async (from: string, into: string, run: Run): Promise<void> => {
  const { DatabaseSync, backup } = await import('node:sqlite');
  throwIfInterrupted(run);
  try {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      // All pages in one step: either all of it is in place, or nothing has changed.
      await backup(source, into, { rate: 0x7fff_ffff });
    } finally {
      source.close();
    }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Fault('target-occupied', `nothing can be put into ${into}: ${said}`, {
      hint: 'Stop what uses it. If it is damaged, move it away first.',
      retry: /lock|busy/i.test(said),
      cause: error,
    });
  }
};
