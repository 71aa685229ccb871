import type { FoundAccounts } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { accountColumns, accountTableNames, activeList, foundAccounts } from './account-table.ts';
import { tablesCalled } from './tables-called.ts';

/** A number, a word for it, or a bit. As text: the number of a word of an enumeration is its place among them. */
const isActive = (column: string): string => {
  const text = `CAST(${identifier(column)} AS CHAR)`;
  return ` WHERE LOWER(${text}) IN ${activeList} OR ${text} = CHAR(1)`;
};

/**
 * Accounts of mail in what was loaded: in tables that are called so, and have an address and a hash. One with a column `active` or `enabled`
 * has only those that are.
 */
export const findAccounts = async (
  client: MariadbClient,
  query: string | undefined,
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  if (query !== undefined) {
    const rows = await client.query(`${query.replace(/;\s*$/, '')};`, run);
    return [foundAccounts(query, rows)];
  }
  const found: FoundAccounts[] = [];
  for (const { database, name, columns } of await tablesCalled(client, accountTableNames, run)) {
    const known = accountColumns([...columns]);
    if (known === undefined) continue;
    const { address, hash, active } = known;
    const table = `${identifier(database)}.${identifier(name)}`;
    const which = active === undefined ? '' : isActive(active);
    const rows = await client.query(`SELECT ${identifier(address)}, ${identifier(hash)} FROM ${table}${which};`, run);
    found.push(foundAccounts(`${database}.${name}`, rows));
  }
  return found;
};
