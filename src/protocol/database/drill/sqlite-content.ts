import { access } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { FoundAccounts } from '../../../contract/drill.ts';
import { Fault } from '../../../model/fault.ts';
import { accountColumns, accountTableNames, activeList, foundAccounts } from './account-table.ts';

export interface SqliteFile {
  /** As in the backup. */
  readonly name: string;
  readonly path: string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const unreadable = ({ name }: SqliteFile, error: unknown): Fault => {
  const said = error instanceof Error ? error.message : String(error);
  return new Fault('entry-unreadable', `the database ${name} cannot be asked: ${said}`, { cause: error });
};

/** Has it open, to be read, while `use` looks at it; undefined: it was not brought back. Fault `entry-unreadable`. */
export const withSqlite = async <Result>(
  file: SqliteFile,
  use: (database: DatabaseSync) => Result,
): Promise<Result | undefined> => {
  try {
    await access(file.path);
  } catch {
    return undefined;
  }
  // Loaded when it is needed: it warns that it is experimental.
  const { DatabaseSync } = await import('node:sqlite');
  try {
    const database = new DatabaseSync(file.path, { readOnly: true });
    try {
      return use(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
};

const namesIn = (database: DatabaseSync, types: string): readonly string[] =>
  database
    .prepare(`SELECT name FROM sqlite_schema WHERE type IN (${types}) AND name NOT LIKE 'sqlite_%' ORDER BY name`)
    .all()
    .map(({ name }) => String(name));

/** Rows of each table, by `file.table`. */
export const countSqliteRows = (database: DatabaseSync, { name }: SqliteFile): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const table of namesIn(database, "'table'")) {
    const row = database.prepare(`SELECT COUNT(*) AS count FROM ${quoted(table)}`).get();
    counts[`${name}.${table}`] = Number(row?.['count'] ?? 0);
  }
  return counts;
};

const rowsOf = (database: DatabaseSync, query: string): readonly (readonly string[])[] =>
  database
    .prepare(query)
    .all()
    .map((row) => Object.values(row).map((value) => (typeof value === 'string' ? value : '')));

/** In tables that are called so, as for MariaDB; or what `query` yields. */
export const findSqliteAccounts = (
  database: DatabaseSync,
  { file, query }: { readonly file: SqliteFile; readonly query: string | undefined },
): readonly FoundAccounts[] => {
  if (query !== undefined) return [foundAccounts(query, rowsOf(database, query))];
  const found: FoundAccounts[] = [];
  for (const table of namesIn(database, "'table', 'view'")) {
    if (!accountTableNames.includes(table.toLowerCase())) continue;
    const columns = database.prepare(`PRAGMA table_info(${quoted(table)})`).all();
    const known = accountColumns(columns.map(({ name }) => String(name)));
    if (known === undefined) continue;
    const { address, hash, active } = known;
    const which = active === undefined ? '' : ` WHERE lower(CAST(${quoted(active)} AS TEXT)) IN ${activeList}`;
    const select = `SELECT ${quoted(address)} AS address, ${quoted(hash)} AS hash FROM ${quoted(table)}${which}`;
    found.push(foundAccounts(`${file.name}.${table}`, rowsOf(database, select)));
  }
  return found;
};
