import type { FoundAccounts, StoredAccount } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { tablesCalled } from './tables-called.ts';

/** How mail servers call the address of an account, and its hash; the first that a table has. */
const addressColumns: readonly string[] = ['username', 'email', 'address', 'user', 'login'];
const hashColumns: readonly string[] = ['password', 'crypt', 'passwd', 'clear'];

/** What tables of accounts are called: Postfixadmin, iRedMail and mailcow; the usual tutorials; Mailu; Modoboa. */
const tableNames: readonly string[] = [
  'mailbox',
  'mailboxes',
  'users',
  'virtual_users',
  'accounts',
  'user',
  'core_user',
];

const isAddress = (text: string): boolean => /^[^@\s]+@[^@\s]+$/.test(text);

const accountsOf = (rows: readonly (readonly string[])[]): readonly StoredAccount[] =>
  rows.flatMap(([address = '', hash = '']) => (isAddress(address) ? [{ address, hash }] : []));

/**
 * Accounts of mail in what was loaded: in tables that are called so, and have an address and a hash. One with a column `active` has
 * only those that are. A table of another kind with the same columns (users of webmail) has no hashes, and is none.
 */
export const findAccounts = async (
  client: MariadbClient,
  query: string | undefined,
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  if (query !== undefined) {
    const rows = await client.query(`${query.replace(/;\s*$/, '')};`, run);
    return [{ place: query, accounts: accountsOf(rows) }];
  }
  const found: FoundAccounts[] = [];
  for (const { database, name, columns } of await tablesCalled(client, tableNames, run)) {
    const address = addressColumns.find((column) => columns.has(column));
    const hash = hashColumns.find((column) => columns.has(column));
    if (address === undefined || hash === undefined) continue;
    const active = columns.has('active') ? ' WHERE active = 1' : '';
    const table = `${identifier(database)}.${identifier(name)}`;
    const rows = await client.query(`SELECT ${identifier(address)}, ${identifier(hash)} FROM ${table}${active};`, run);
    found.push({ place: `${database}.${name}`, accounts: accountsOf(rows) });
  }
  return found;
};
