import type { Run } from '../../../contract/run.ts';
import type { MariadbClient } from './client.ts';

export interface ListedDatabase {
  readonly name: string;
  readonly characterSet: string;
  readonly collation: string;
  readonly tables: number;
  /** As the server counts them: data without indexes. */
  readonly bytes: number;
  /** Tables that a transaction does not cover, with their engines. */
  readonly unsafe: readonly { readonly table: string; readonly engine: string }[];
}

export interface ServerListing {
  /** `10.11.14-MariaDB-0+deb12u2`. */
  readonly version: string;
  readonly isMariadb: boolean;
  /** All but the server's own, by name. */
  readonly databases: readonly ListedDatabase[];
}

/** What every server has of its own. */
export const systemDatabases = ['information_schema', 'performance_schema', 'mysql', 'sys'];

const own = `(${systemDatabases.map((name) => `'${name}'`).join(',')})`;

const statements = `
SELECT 'server', VERSION();
SELECT 'database', SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME
  FROM information_schema.SCHEMATA WHERE LOWER(SCHEMA_NAME) NOT IN ${own};
SELECT 'tables', TABLE_SCHEMA, COUNT(*), COALESCE(SUM(DATA_LENGTH), 0) FROM information_schema.TABLES
  WHERE TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW') AND LOWER(TABLE_SCHEMA) NOT IN ${own} GROUP BY TABLE_SCHEMA;
SELECT 'unsafe', t.TABLE_SCHEMA, t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t
  LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
  WHERE t.TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW') AND t.ENGINE IS NOT NULL AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES'
  AND LOWER(t.TABLE_SCHEMA) NOT IN ${own} ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME;
`;

/** Asks the server what it has. Faults as `mariadbFault`. */
export const listServer = async (client: MariadbClient, run: Run): Promise<ServerListing> => {
  const rows = await client.query(statements, run);
  const of = (kind: string) => rows.filter(([first]) => first === kind);
  const version = of('server')[0]?.[1] ?? '';
  const sizes = new Map(of('tables').map(([, name = '', tables, bytes]) => [name, { tables, bytes }]));
  const databases = of('database').map(([, name = '', characterSet = '', collation = '']): ListedDatabase => ({
    name,
    characterSet,
    collation,
    tables: Number(sizes.get(name)?.tables ?? 0),
    bytes: Number(sizes.get(name)?.bytes ?? 0),
    unsafe: of('unsafe').flatMap(([, schema, table = '', engine = '']) => (schema === name ? [{ table, engine }] : [])),
  }));
  return {
    version,
    isMariadb: /mariadb/i.test(version),
    databases: databases.sort((left, right) => (left.name < right.name ? -1 : 1)),
  };
};
