import type { FoundAccounts, StoredAccount } from '../../../contract/drill.ts';

/** How mail servers call the address of an account, its hash, and whether it may be used; the first that a table has. */
const addressColumns: readonly string[] = ['username', 'email', 'address', 'user', 'login'];
const hashColumns: readonly string[] = ['password', 'crypt', 'passwd', 'clear'];
const activeColumns: readonly string[] = ['active', 'enabled'];

/** What tables of accounts are called: Postfixadmin, iRedMail and mailcow; the usual tutorials; Mailu; Modoboa. */
export const accountTableNames: readonly string[] = [
  'mailbox',
  'mailboxes',
  'users',
  'virtual_users',
  'accounts',
  'user',
  'core_user',
];

/** For a list in a statement: none of them needs to be escaped. */
export const accountTableList = `(${accountTableNames.map((name) => `'${name}'`).join(', ')})`;

/** What a column of the active ones says as text, in small letters. */
export const activeList = "('1', 't', 'true', 'y', 'yes')";

export interface AccountColumns {
  readonly address: string;
  readonly hash: string;
  /** Undefined: all are. */
  readonly active: string | undefined;
}

/** Which columns of a table, as it writes them, are those of an account; undefined: it is no table of accounts. */
export const accountColumns = (columns: readonly string[]): AccountColumns | undefined => {
  const known = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => known.get(name)).find((column) => column !== undefined);
  const [address, hash] = [first(addressColumns), first(hashColumns)];
  return address === undefined || hash === undefined ? undefined : { address, hash, active: first(activeColumns) };
};

const isAddress = (text: string): boolean => /^[^@\s]+@[^@\s]+$/.test(text);

/** Accounts among rows of address and hash. A table of another kind with the same columns (users of webmail) has none. */
export const foundAccounts = (place: string, rows: readonly (readonly string[])[]): FoundAccounts => {
  const accounts: readonly StoredAccount[] = rows.flatMap(([address = '', hash = '']) =>
    isAddress(address) ? [{ address, hash }] : [],
  );
  return { place, accounts };
};
