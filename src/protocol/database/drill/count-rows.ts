import type { Run } from '../../../contract/run.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';

/** Databases of the server itself. */
export const ownDatabases = "('mysql', 'information_schema', 'performance_schema', 'sys')";

/** So many are counted by one statement. */
const together = 50;

const textOf = (name: string): string => `CONVERT(0x${Buffer.from(name).toString('hex')} USING utf8mb4)`;

/** Rows of each table, by `database.table`. */
export const countRows = async (client: MariadbClient, run: Run): Promise<Readonly<Record<string, number>>> => {
  const tables = await client.query(
    `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN ${ownDatabases};`,
    run,
  );
  const counts: Record<string, number> = {};
  for (let at = 0; at < tables.length; at += together) {
    const selects = tables.slice(at, at + together).map(([database = '', table = '']) => {
      const name = textOf(`${database}.${table}`);
      return `SELECT ${name}, COUNT(*) FROM ${identifier(database)}.${identifier(table)}`;
    });
    for (const [name = '', rows = ''] of await client.query(`${selects.join(' UNION ALL ')};`, run)) {
      counts[name] = Number(rows);
    }
  }
  return counts;
};
