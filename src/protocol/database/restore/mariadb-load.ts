import type { Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import { Fault } from '../../../model/fault.ts';
import { identifier, type MariadbClient } from '../mariadb/client.ts';
import { mariadbFault } from '../mariadb/fault.ts';
import { feed } from './feed.ts';
import { readDump } from './dump-files.ts';
import { withoutSandboxLine } from './sandbox-line.ts';
import { SqlContentReader, type SqlContent } from './sql-content.ts';
import { wholeDump } from './whole-dump.ts';

export interface Loading {
  readonly client: MariadbClient;
  readonly dumps: Source;
  readonly request: ReadRequest;
}

/** Loads a dump into a database that is there and empty; gives what went into it. Faults as `mariadbFault`, `target-unsafe`. */
export const loadDump = async ({ client, dumps, request }: Loading, into: string, run: Run): Promise<SqlContent> => {
  const reader = new SqlContentReader();
  async function* checked(): AsyncGenerator<Uint8Array> {
    for await (const part of withoutSandboxLine(wholeDump(request.entry.name, readDump(dumps, request, run)))) {
      reader.add(part);
      yield part;
    }
  }
  // Clients that know the sandbox run in it; others pass over an option that they need not know.
  const parameters = ['--batch', '--max-allowed-packet=1G', '--loose-sandbox', `--database=${into}`];
  const program = await client.start({ candidates: client.programs.client, parameters, mode: 'fed' }, run);
  const end = await feed(program, checked(), run);
  if (end.code !== 0) throw mariadbFault(end, `the dump cannot be loaded into the database ${into}`);
  return reader.end();
};

/** Compares a database with what its dump holds, table by table. Fault `verification-failed`. */
export const compareWithDump = async (
  client: MariadbClient,
  { database, content }: { readonly database: string; readonly content: SqlContent },
  run: Run,
): Promise<void> => {
  const counts = [...content.tables.keys()].map(
    (table, number) => `SELECT ${number}, COUNT(*) FROM ${identifier(database)}.${identifier(table)};`,
  );
  const rows = counts.length === 0 ? [] : await client.query(counts.join('\n'), run);
  const found = new Map(rows.map(([number, count]) => [Number(number), Number(count)]));
  const differing = [...content.tables].flatMap(([table, expected], number) =>
    found.get(number) === expected ? [] : [`${table} has ${found.get(number) ?? 'no'} of ${expected} rows`],
  );
  if (differing.length === 0) return;
  throw new Fault(
    'verification-failed',
    `the database ${database} is not what its dump holds: ${differing.slice(0, 5).join(', ')}`,
    {
      hint: 'Nothing was put in place. Look at the log of the server, and try again.',
    },
  );
};
