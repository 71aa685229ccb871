import type { KnownAccountTable, StoredAccount } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { type FoundTable, tablesCalled } from './tables-called.ts';

type Asked = Pick<MariadbClient, 'query'>;

/** A text in a statement that has no character which could end it; what is loaded decides on its collation. */
const plain = (text: string): string => {
  if (!/^[\w.@{}+/=$-]*$/.test(text))
    throw new Fault('unsupported', `${text} cannot stand in a statement of the drill`);
  return `'${text}'`;
};

type Values = (user: StoredAccount) => Readonly<Record<string, string>>;

const localPart = (address: string): string => address.slice(0, address.lastIndexOf('@'));
const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/** What Postfixadmin writes for a mailbox, by the names of its columns. */
const mailboxValues: Values = ({ address, hash }) => ({
  username: plain(address),
  password: plain(hash),
  name: plain('drill'),
  maildir: plain(`${domainOf(address)}/${localPart(address)}/`),
  local_part: plain(localPart(address)),
  domain: plain(domainOf(address)),
  quota: '0',
  created: 'NOW()',
  modified: 'NOW()',
  active: '1',
});

/** And for the alias that each mailbox has to itself. */
const aliasValues: Values = ({ address }) => ({
  address: plain(address),
  goto: plain(address),
  domain: plain(domainOf(address)),
  created: 'NOW()',
  modified: 'NOW()',
  active: '1',
});

const neededColumns = ['username', 'password', 'local_part', 'domain'];
const sample: StoredAccount = { address: 'user@example.com', hash: '' };

const qualified = ({ database, name }: FoundTable): string => `${identifier(database)}.${identifier(name)}`;

const insertion = (table: FoundTable, values: Readonly<Record<string, string>>): string => {
  const own = Object.entries(values).filter(([column]) => table.columns.has(column));
  const columns = own.map(([column]) => identifier(column)).join(', ');
  return `INSERT INTO ${qualified(table)} (${columns}) VALUES (${own.map(([, value]) => value).join(', ')});`;
};

/** A column that has to be given and is not known. */
const foreignColumn = (table: FoundTable, values: Values): string | undefined => {
  const known = values(sample);
  const column = table.required.find((name) => !Object.hasOwn(known, name));
  return column === undefined ? undefined : `${table.database}.${table.name}: ${column}`;
};

/** The table that Postfixadmin, and what is like it, makes a user in, with that of aliases beside it. */
export const findAccountTable = async (client: Asked, run: Run): Promise<KnownAccountTable | undefined> => {
  const found = await tablesCalled(client, ['mailbox', 'alias'], run);
  const mailbox = found.find(
    ({ name, columns }) => name === 'mailbox' && neededColumns.every((column) => columns.has(column)),
  );
  if (mailbox === undefined) return undefined;
  const alias = found.find(
    ({ database, name, columns }) =>
      database === mailbox.database && name === 'alias' && columns.has('address') && columns.has('goto'),
  );
  const foreign =
    foreignColumn(mailbox, mailboxValues) ?? (alias === undefined ? undefined : foreignColumn(alias, aliasValues));
  if (foreign !== undefined) return { kind: 'unknown', detail: foreign };
  const told = async (statements: readonly string[], of: Run): Promise<void> => {
    await client.query(['START TRANSACTION;', ...statements, 'COMMIT;'].join('\n'), of);
  };
  const table = {
    place: `${mailbox.database}.${mailbox.name}`,
    create: (user: StoredAccount, of: Run) =>
      told(
        [
          insertion(mailbox, mailboxValues(user)),
          ...(alias === undefined ? [] : [insertion(alias, aliasValues(user))]),
        ],
        of,
      ),
    change: ({ address, hash }: StoredAccount, of: Run) =>
      told([`UPDATE ${qualified(mailbox)} SET password = ${plain(hash)} WHERE username = ${plain(address)};`], of),
    remove: (address: string, of: Run) =>
      told(
        [
          ...(alias === undefined ? [] : [`DELETE FROM ${qualified(alias)} WHERE address = ${plain(address)};`]),
          `DELETE FROM ${qualified(mailbox)} WHERE username = ${plain(address)};`,
        ],
        of,
      ),
  };
  return { kind: 'known', table };
};
