import type { WebmailTables } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { type FoundTable, tablesCalled } from './tables-called.ts';
import { moreTables, named, neededTables, usersColumns, usersTable } from './webmail-schema.ts';

type Asked = Pick<MariadbClient, 'query'>;

const qualified = ({ database, name }: FoundTable): string => `${identifier(database)}.${identifier(name)}`;

const countOf = async (client: Asked, query: string, run: Run): Promise<number> => {
  const [[count = '0'] = []] = await client.query(query, run);
  return Number(count);
};

const lookAt = async (client: Asked, users: FoundTable, found: readonly FoundTable[], run: Run) => {
  const { database } = users;
  const own = found.filter((table) => table.database === database && table.columns.has('user_id'));
  const orphans: { table: string; count: number }[] = [];
  for (const table of own.filter(({ name }) => name !== usersTable)) {
    const query = `SELECT COUNT(*) FROM ${qualified(table)} WHERE user_id NOT IN (SELECT user_id FROM ${qualified(users)});`;
    const count = await countOf(client, query, run);
    if (count > 0) orphans.push({ table: `${database}.${table.name}`, count });
  }
  const identities = own.find(({ name }) => name === 'identities');
  const people = await client.query(`SELECT username FROM ${qualified(users)} ORDER BY user_id LIMIT ${named};`, run);
  const nameless =
    identities === undefined
      ? 0
      : await countOf(
          client,
          `SELECT COUNT(*) FROM ${qualified(users)} WHERE user_id NOT IN (SELECT user_id FROM ${qualified(identities)});`,
          run,
        );
  return {
    place: database,
    users: await countOf(client, `SELECT COUNT(*) FROM ${qualified(users)};`, run),
    missing: neededTables
      .filter((name) => !own.some((table) => table.name === name))
      .map((name) => `${database}.${name}`),
    orphans,
    nameless,
    people: people.map(([name = '']) => name),
  };
};

/** Databases of Roundcube in what was loaded, by its table of users; one with a prefix before its tables is not known. */
export const findWebmail = async (client: Asked, run: Run): Promise<readonly WebmailTables[]> => {
  const found = await tablesCalled(client, [usersTable, ...neededTables, ...moreTables], run);
  const webmails: WebmailTables[] = [];
  for (const users of found) {
    const isUsers = users.name === usersTable && usersColumns.every((one) => users.columns.has(one));
    if (isUsers) webmails.push(await lookAt(client, users, found, run));
  }
  return webmails;
};
