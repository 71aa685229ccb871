import type { MailAlias, MailRouting } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { type FoundTable, tablesCalled } from './tables-called.ts';

type Asked = Pick<MariadbClient, 'query'>;

/** A table by its name, with the columns that count. */
interface KnownTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Postfixadmin and mailcow; iRedMail; the usual tutorials. */
const domainTables: readonly KnownTable[] = [
  { name: 'domain', columns: ['domain'] },
  { name: 'virtual_domains', columns: ['name'] },
];
const aliasTables: readonly KnownTable[] = [
  { name: 'alias', columns: ['address', 'goto'] },
  { name: 'forwardings', columns: ['address', 'forwarding'] },
  { name: 'virtual_aliases', columns: ['source', 'destination'] },
];
const domainAliasTables: readonly KnownTable[] = [{ name: 'alias_domain', columns: ['alias_domain', 'target_domain'] }];

const qualified = ({ database, name }: FoundTable): string => `${identifier(database)}.${identifier(name)}`;

/** The rows of all tables that have these names and columns; only active ones, and none that the server is a second MX for. */
const rowsOf = async (client: Asked, known: readonly KnownTable[], found: readonly FoundTable[], run: Run) => {
  const rows: (readonly string[])[] = [];
  const places: string[] = [];
  for (const table of found) {
    const columns = known.find(({ name }) => name === table.name.toLowerCase())?.columns ?? [];
    if (columns.length === 0 || !columns.every((column) => table.columns.has(column))) continue;
    const conditions = [
      ...(table.columns.has('active') ? ['active = 1'] : []),
      ...(table.columns.has('backupmx') ? ['backupmx = 0'] : []),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const wanted = columns.map(identifier).join(', ');
    rows.push(...(await client.query(`SELECT ${wanted} FROM ${qualified(table)}${where};`, run)));
    places.push(`${table.database}.${table.name}`);
  }
  return { rows, places };
};

/** An alias may have one row for all whom it leads to, or one for each. */
const aliasesOf = (rows: readonly (readonly string[])[]): readonly MailAlias[] => {
  const targets = new Map<string, string[]>();
  for (const [address = '', list = ''] of rows) {
    const more = list.split(/[,\s]+/).filter((target) => target !== '');
    targets.set(address, [...(targets.get(address) ?? []), ...more]);
  }
  return [...targets].map(([address, all]) => ({ address, targets: all }));
};

/** Domains and aliases of mail in what was loaded. */
export const findRouting = async (client: Asked, run: Run): Promise<MailRouting | undefined> => {
  const names = [...domainTables, ...aliasTables, ...domainAliasTables].map(({ name }) => name);
  const found = await tablesCalled(client, names, run);
  const domains = await rowsOf(client, domainTables, found, run);
  const aliases = await rowsOf(client, aliasTables, found, run);
  const domainAliases = await rowsOf(client, domainAliasTables, found, run);
  if (domains.places.length + aliases.places.length === 0) return undefined;
  return {
    place: [...aliases.places, ...domains.places].join(', '),
    domains: domains.places.length === 0 ? undefined : domains.rows.map(([domain = '']) => domain),
    aliases: aliasesOf(aliases.rows),
    domainAliases: domainAliases.rows.map(([domain = '', target = '']) => ({ domain, target })),
  };
};
