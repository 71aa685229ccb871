import { z } from 'zod';
import type { FoundAccounts } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { type Fault, isFault } from '../../../model/fault.ts';
import { identifier, literal, type PostgresClient } from '../postgres/client.ts';
import { accountColumns, accountTableList, activeList, foundAccounts } from './account-table.ts';

/** A database as it is here, and what it is called to people. */
export interface LoadedDatabase {
  readonly database: string;
  readonly shown: string;
}

const pairFormat = z.tuple([z.string(), z.string()]);
const tableFormat = z.tuple([z.string(), z.string(), z.array(z.string())]);
const rowFormat = z.tuple([z.string().nullable(), z.string().nullable()]);

const ownSchemas = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

const shownTable = (shown: string, schema: string, table: string): string =>
  schema === 'public' ? `${shown}.${table}` : `${shown}.${schema}.${table}`;

const nameOfTable = (schema: string, table: string): string => `${identifier(schema)}.${identifier(table)}`;

/** Rows of each table, by `database.table`, with the schema between them unless it is `public`. */
export const countPostgresRows = async (
  client: PostgresClient,
  { database, shown }: LoadedDatabase,
  run: Run,
): Promise<Readonly<Record<string, number>>> => {
  const listed = await client.query(
    `SELECT json_build_array(n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${ownSchemas} ORDER BY n.nspname, c.relname;`,
    { database },
    run,
  );
  const tables = listed.map((line) => pairFormat.parse(JSON.parse(line)));
  if (tables.length === 0) return {};
  const statements = tables.map(([schema, table]) => `SELECT count(*) FROM ONLY ${nameOfTable(schema, table)};`);
  const counts = await client.query(statements.join('\n'), { database }, run);
  return Object.fromEntries(
    tables.map(([schema, table], at) => [shownTable(shown, schema, table), Number(counts[at] ?? 0)]),
  );
};

const rowsOf = async (
  client: PostgresClient,
  { database, select }: { readonly database: string; readonly select: string },
  run: Run,
): Promise<readonly (readonly string[])[]> => {
  const statement = `SELECT json_build_array(address::text, hash::text) FROM (${select}) AS accounts(address, hash);`;
  const lines = await client.query(statement, { database }, run);
  return lines.map((line) => rowFormat.parse(JSON.parse(line)).map((value) => value ?? ''));
};

/** In tables that are called so; as for MariaDB. */
const accountsByTables = async (
  client: PostgresClient,
  { database, shown }: LoadedDatabase,
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  const listed = await client.query(
    `SELECT json_build_array(n.nspname, c.relname, json_agg(a.attname)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relkind IN ('r', 'p', 'v') AND lower(c.relname) IN ${accountTableList} AND ${ownSchemas} GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname;`,
    { database },
    run,
  );
  const found: FoundAccounts[] = [];
  for (const line of listed) {
    const [schema, table, columns] = tableFormat.parse(JSON.parse(line));
    const known = accountColumns(columns);
    if (known === undefined) continue;
    const { address, hash, active } = known;
    const which = active === undefined ? '' : ` WHERE lower(${identifier(active)}::text) IN ${activeList}`;
    const select = `SELECT ${identifier(address)}, ${identifier(hash)} FROM ${nameOfTable(schema, table)}${which}`;
    found.push(foundAccounts(shownTable(shown, schema, table), await rowsOf(client, { database, select }, run)));
  }
  return found;
};

/** `query` is asked of each database, as it can only be right in one. Fault of the last, when it is wrong in all. */
const accountsByQuery = async (
  client: PostgresClient,
  { databases, query }: { readonly databases: readonly LoadedDatabase[]; readonly query: string },
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  const select = query.replace(/;\s*$/, '');
  const found: FoundAccounts[] = [];
  let refused: Fault | undefined;
  for (const { database } of databases) {
    try {
      found.push(foundAccounts(query, await rowsOf(client, { database, select }, run)));
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted')) throw error;
      refused = error;
    }
  }
  if (found.length === 0 && refused !== undefined) throw refused;
  return found;
};

export const findPostgresAccounts = async (
  client: PostgresClient,
  { databases, query }: { readonly databases: readonly LoadedDatabase[]; readonly query: string | undefined },
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  if (query !== undefined) return accountsByQuery(client, { databases, query }, run);
  const found: FoundAccounts[] = [];
  for (const loaded of databases) found.push(...(await accountsByTables(client, loaded, run)));
  return found;
};

/** Those that were loaded: without templates, and without the one that every server has. */
export const loadedDatabases = async (
  client: PostgresClient,
  { own, shownAs }: { readonly own: string; readonly shownAs: Readonly<Record<string, string>> },
  run: Run,
): Promise<readonly LoadedDatabase[]> => {
  const names = await client.query(
    `SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> ${literal(own)} ORDER BY datname;`,
    {},
    run,
  );
  return names.map((database) => ({ database, shown: shownAs[database] ?? database }));
};
