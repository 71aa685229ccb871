import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { DumpFile } from '../dump-file.ts';
import type { MariadbClient } from './client.ts';
import type { ServerListing } from './server-listing.ts';

interface Account {
  readonly user: string;
  readonly host: string;
  readonly isRole: boolean;
}

/** An account in a statement. Users have any name; the server prints these statements with backslashes escaped too. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** The role that everybody has. */
const everybody = 'PUBLIC';

const nameOf = ({ user, host, isRole }: Account): string => {
  if (isRole) return user === everybody ? everybody : quoted(user);
  return `${quoted(user)}@${quoted(host)}`;
};

/** MariaDB has roles in the table of users; in MySQL they are users that are locked. */
const accountsOf = async (client: MariadbClient, isMariadb: boolean, run: Run): Promise<readonly Account[]> => {
  const role = isMariadb ? 'is_role' : "'N'";
  const rows = await client.query(`SELECT User, Host, ${role} FROM mysql.user ORDER BY User, Host;`, run);
  return rows.map(([user = '', host = '', isRole]) => ({ user, host, isRole: isRole === 'Y' }));
};

const beginning = `-- Users and their rights, as SHOW CREATE USER and SHOW GRANTS give them.
SET NAMES utf8mb4;
`;

/** `CREATE USER` as a statement that changes nothing of a user who is there. */
const harmless = (statement: string): string => statement.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ');

/** Since 8.0.17 MySQL writes what it keeps of a password, which are any bytes, as hexadecimal when it is asked to. */
const preparation = (version: string): string =>
  /^(?:8\.0\.(?:1[7-9]|[2-9]\d)|8\.[1-9]|9\.)/.test(version) ? 'SET SESSION print_identified_with_as_hex = 1;\n' : '';

const ofAccounts = async (
  client: MariadbClient,
  { accounts, version }: { readonly accounts: readonly Account[]; readonly version: string },
  run: Run,
): Promise<string> => {
  const roles = accounts.filter(({ isRole }) => isRole);
  const users = accounts.filter(({ isRole }) => !isRole);
  const rowsOf = async (of: readonly Account[], show: string): Promise<readonly string[]> => {
    if (of.length === 0) return [];
    const shows = of.map((account) => `${show} ${nameOf(account)};`);
    const rows = await client.query(preparation(version) + shows.join('\n'), run);
    return rows.flatMap(([statement = '']) => (statement === '' ? [] : [`${statement};`]));
  };
  const created = await rowsOf(users, 'SHOW CREATE USER');
  const grants = await rowsOf(accounts, 'SHOW GRANTS FOR');
  return [
    ...roles.filter(({ user }) => user !== everybody).map((account) => `CREATE ROLE IF NOT EXISTS ${nameOf(account)};`),
    ...created.map((statement) => harmless(statement)),
    ...grants,
    'FLUSH PRIVILEGES;',
  ].join('\n');
};

/** Users, roles and rights as statements, ending as a dump does. */
export const usersDump = (client: MariadbClient, { isMariadb, version }: ServerListing): DumpFile => ({
  name: byteStringOfText('users.sql'),
  size: 4096,
  async *dump(run) {
    try {
      const accounts = await accountsOf(client, isMariadb, run);
      const text = `${beginning}${await ofAccounts(client, { accounts, version }, run)}\n\n-- Dump completed\n`;
      yield new TextEncoder().encode(text);
    } catch (error) {
      if (!isFault(error, 'permission-denied')) throw error;
      throw new Fault('permission-denied', error.message, {
        hint: 'Give the user SELECT on mysql.*, or set users: false for this component.',
        cause: error,
      });
    }
  },
});
