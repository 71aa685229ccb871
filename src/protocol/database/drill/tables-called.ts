import type { Run } from '../../../contract/run.ts';
import type { MariadbClient } from '../mariadb/client.ts';
import { ownDatabases } from './count-rows.ts';

export interface FoundTable {
  readonly database: string;
  readonly name: string;
  /** In small letters. */
  readonly columns: ReadonlySet<string>;
  /** Those that have to be given when a row is made. */
  readonly required: readonly string[];
}

const isRequired =
  "IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND EXTRA NOT LIKE '%auto_increment%' AND EXTRA NOT LIKE '%GENERATED%'";

/** Tables of these names, in small letters, in whatever databases; those of the system left out. */
export const tablesCalled = async (
  client: Pick<MariadbClient, 'query'>,
  names: readonly string[],
  run: Run,
): Promise<readonly FoundTable[]> => {
  const list = names.map((name) => `'${name}'`).join(', ');
  const rows = await client.query(
    `SELECT TABLE_SCHEMA, TABLE_NAME, LOWER(COLUMN_NAME), IF(${isRequired}, 1, 0) FROM information_schema.COLUMNS WHERE LOWER(TABLE_NAME) IN (${list}) AND TABLE_SCHEMA NOT IN ${ownDatabases} ORDER BY TABLE_SCHEMA, TABLE_NAME;`,
    run,
  );
  const tables = new Map<string, FoundTable & { readonly columns: Set<string>; readonly required: string[] }>();
  for (const [database = '', name = '', column = '', required] of rows) {
    const key = `${database}\0${name}`;
    const table = tables.get(key) ?? { database, name, columns: new Set<string>(), required: [] };
    table.columns.add(column);
    if (required === '1') table.required.push(column);
    tables.set(key, table);
  }
  return [...tables.values()];
};
