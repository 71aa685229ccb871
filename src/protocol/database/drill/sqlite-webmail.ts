import { chmod, chown, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { WebmailDatabase, WebmailEntry, WebmailStore, WebmailTables } from '../../../contract/drill.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { type SqliteFile, withSqlite } from './sqlite-content.ts';
import { moreTables, named, neededTables, usersColumns, usersTable } from './webmail-schema.ts';

const hasColumns = (database: DatabaseSync, table: string, columns: readonly string[]): boolean => {
  const found = new Set(
    database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name),
  );
  return columns.every((column) => found.has(column));
};

const countOf = (database: DatabaseSync, what: string): number =>
  Number(database.prepare(`SELECT COUNT(*) AS count FROM ${what}`).get()?.['count'] ?? 0);

/** Of the users, of whom there are none in this table. */
const without = (table: string): string => `WHERE user_id NOT IN (SELECT user_id FROM ${table})`;

const tablesIn = (database: DatabaseSync, place: string): WebmailTables | undefined => {
  if (!hasColumns(database, usersTable, usersColumns)) return undefined;
  const own = [...neededTables, ...moreTables].filter((table) => hasColumns(database, table, ['user_id']));
  const people = database.prepare(`SELECT username FROM ${usersTable} ORDER BY user_id LIMIT ${named}`).all();
  return {
    place,
    users: countOf(database, usersTable),
    missing: neededTables.filter((table) => !own.includes(table)).map((table) => `${place}.${table}`),
    orphans: own
      .map((table) => ({ table: `${place}.${table}`, count: countOf(database, `${table} ${without(usersTable)}`) }))
      .filter(({ count }) => count > 0),
    nameless: own.includes('identities') ? countOf(database, `${usersTable} ${without('identities')}`) : 0,
    people: people.map(({ username }) => String(username)),
  };
};

/** The program gets a copy, which it may write to; its users get the drill's mail server for theirs. */
const openCopy = async (from: string, { identity, folder, mailHost }: WebmailEntry): Promise<WebmailDatabase> => {
  const file = join(folder, 'webmail.sqlite');
  try {
    await copyFile(from, file);
    await chmod(file, 0o600);
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(file);
    try {
      database.prepare(`UPDATE OR IGNORE ${usersTable} SET mail_host = ?`).run(mailHost);
    } finally {
      database.close();
    }
    if (identity !== undefined) await chown(file, identity.uid, identity.gid);
  } catch (error) {
    throw errnoFault(error, 'prepare', file);
  }
  return { kind: 'sqlite', file };
};

/** Roundcubes in files of SQLite, as Mail-in-a-Box has one. */
export const sqliteWebmail = (files: () => readonly SqliteFile[]): WebmailStore => ({
  kind: 'sqlite',
  tables: async () => {
    const found: WebmailTables[] = [];
    for (const file of files()) {
      const tables = await withSqlite(file, (database) => tablesIn(database, file.name));
      if (tables !== undefined) found.push(tables);
    }
    return found;
  },
  open: async (entry) => {
    const file = files().find(({ name }) => name === entry.place);
    if (file === undefined) throw new Fault('path-missing', `there is no database ${entry.place}`);
    return openCopy(file.path, entry);
  },
});
