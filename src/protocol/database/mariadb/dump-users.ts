import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { DumpFile } from '../dump-file.ts';
import type { MariadbClient } from './client.ts';

interface Account {
  readonly user: string;
  readonly host: string;
  readonly isRole: boolean;
}

/** An account in a statement. Users have any name; the server prints these statements with backslashes escaped too. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

const nameOf = ({ user, host, isRole }: Account): string => (isRole ? quoted(user) : `${quoted(user)}@${quoted(host)}`);

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

const ofAccounts = async (client: MariadbClient, accounts: readonly Account[], run: Run): Promise<string> => {
  const roles = accounts.filter(({ isRole }) => isRole);
  const users = accounts.filter(({ isRole }) => !isRole);
  const rowsOf = async (of: readonly Account[], show: string): Promise<readonly string[]> => {
    if (of.length === 0) return [];
    const rows = await client.query(of.map((account) => `${show} ${nameOf(account)};`).join('\n'), run);
    return rows.flatMap(([statement = '']) => (statement === '' ? [] : [`${statement};`]));
  };
  const created = await rowsOf(users, 'SHOW CREATE USER');
  const grants = await rowsOf(accounts, 'SHOW GRANTS FOR');
  return [
    ...roles.map((account) => `CREATE ROLE IF NOT EXISTS ${nameOf(account)};`),
    ...created.map((statement) => harmless(statement)),
    ...grants,
    'FLUSH PRIVILEGES;',
  ].join('\n');
};

/** Users, roles and rights as statements, ending as a dump does. */
export const usersDump = (client: MariadbClient, isMariadb: boolean): DumpFile => ({
  name: byteStringOfText('users.sql'),
  size: 4096,
  async *dump(run) {
    try {
      const accounts = await accountsOf(client, isMariadb, run);
      const text = `${beginning}${await ofAccounts(client, accounts, run)}\n\n-- Dump completed\n`;
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
