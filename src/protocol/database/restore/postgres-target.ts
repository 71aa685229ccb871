import { z } from 'zod';
import type {
  DatabaseTarget,
  DatabaseTargetOptions,
  PlannedDump,
  RestoreAction,
} from '../../../contract/database-target.ts';
import type { Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { PostgresSetting } from '../config.ts';
import { databaseOfDump } from '../dump-file.ts';
import type { DatabaseParts } from '../parts.ts';
import {
  connectionTo,
  createPostgresClient,
  identifier,
  literal,
  type PostgresClient,
  quietly,
} from '../postgres/client.ts';
import { postgresFault } from '../postgres/fault.ts';
import { readDump, readRecord } from './dump-files.ts';
import { feed } from './feed.ts';
import { type Counted, oldFault, planEach, restoreEach } from './restore-each.ts';
import { CopiedRows } from './copied-rows.ts';
import { wholeDump } from './whole-dump.ts';

interface PostgresTargetParts {
  readonly parts: DatabaseParts;
  readonly options: DatabaseTargetOptions;
  /** In place of the locale that a database had: one that was made elsewhere may not be known here. */
  readonly locale?: string;
}

/** A server of PostgreSQL to which dumps are brought back. Faults of `ReadSecret`. */
export const createPostgresTarget = async (
  setting: PostgresSetting,
  { parts, options, locale }: PostgresTargetParts,
  run: Run,
): Promise<DatabaseTarget> => {
  const client = await createPostgresClient(setting, parts, run);
  return {
    description: client.description,
    plan: async (dumps, run) => {
      const there = new Set(await client.query('SELECT datname FROM pg_database;', {}, run));
      const nameOf = (file: ByteString): string => databaseOfDump(file, '.sql');
      return planEach(
        dumps,
        {
          wanted: (file) =>
            file === 'globals.sql'
              ? options.users
              : file.endsWith('.sql') && (options.only?.includes(nameOf(file)) ?? true),
          plan: async (file, request) => {
            if (file === 'globals.sql') return globalsPlan(file);
            const into = options.rename?.[nameOf(file)] ?? nameOf(file);
            const rows = new CopiedRows();
            for await (const part of wholeDump(file, readDump(dumps, request, run))) rows.add(part);
            return {
              file,
              into,
              action: actionOf(into, there),
              ...rows.counted(),
              others: [],
              notes: notesOf(into, there),
            };
          },
        },
        run,
      );
    },
    apply: (plan, dumps, run) =>
      restoreEach(
        plan,
        {
          dumps,
          restore: (planned, request, files) => restoreOne({ client, dumps, request, files, locale }, planned, run),
        },
        run,
      ),
  };
};

const scratchOf = (database: string): string => `mailkeep_restore_${database}`.slice(0, 63);
const oldOf = (database: string): string => `mailkeep_old_${database}`.slice(0, 63);

const globalsPlan = (file: ByteString): PlannedDump => ({
  file,
  into: 'roles',
  action: { kind: 'add' },
  tables: 0,
  rows: 0,
  others: [],
  notes: ['Roles that are there get the password and the rights of the dump.'],
});

const actionOf = (into: string, there: ReadonlySet<string>): RestoreAction => {
  if (into === 'postgres' && there.has(into)) {
    const fault = new Fault(
      'target-occupied',
      'the database postgres cannot be exchanged: it is where one stands meanwhile',
      {
        hint: 'Restore it under another name.',
      },
    );
    return { kind: 'refuse', fault };
  }
  return there.has(into) ? { kind: 'swap', scratch: scratchOf(into) } : { kind: 'create' };
};

const notesOf = (into: string, there: ReadonlySet<string>): string[] => [
  ...(there.has(into) ? [`There is a database ${into}. Nobody may be connected to it when it is exchanged.`] : []),
  ...(there.has(scratchOf(into)) ? [`${scratchOf(into)}, left by a restore before, is removed.`] : []),
];

interface Restoring {
  readonly client: PostgresClient;
  readonly dumps: Source;
  readonly request: ReadRequest;
  readonly files: ReadonlyMap<ByteString, ReadRequest>;
  readonly locale: string | undefined;
}

const restoreOne = async (restoring: Restoring, { file, into, action }: PlannedDump, run: Run): Promise<Counted> => {
  const { client } = restoring;
  if (action.kind === 'refuse') throw action.fault;
  if (action.kind === 'add') {
    await load(restoring, { database: 'postgres', stopAtErrors: false }, run);
    return { tables: 0, rows: 0 };
  }
  const scratch = scratchOf(into);
  await client.query(`DROP DATABASE IF EXISTS ${identifier(scratch)};`, {}, run);
  await client.query(
    `CREATE DATABASE ${identifier(scratch)} TEMPLATE template0${await shapeOf(restoring, file, run)};`,
    {},
    run,
  );
  try {
    const rows = await load(restoring, { database: scratch, stopAtErrors: true }, run);
    await compare(client, { scratch, rows }, run);
    await exchange(client, { scratch, into, isThere: action.kind !== 'create' }, run);
    return rows.counted();
  } catch (error) {
    // Also when the run was interrupted: what was begun here is of no use to anybody.
    const unstoppable = { ...run, signal: AbortSignal.timeout(60_000) };
    await client.query(`DROP DATABASE IF EXISTS ${identifier(scratch)};`, {}, unstoppable).catch(() => undefined);
    throw error;
  }
};

const recordFormat = z.object({
  databases: z.array(
    z.object({
      file: z.string(),
      owner: z.string(),
      encoding: z.string(),
      collation: z.string().nullable(),
      characterType: z.string().nullable(),
    }),
  ),
});

/** Owner, encoding and collation, as `server.json` has them; the server's usual ones without it. */
const shapeOf = async ({ client, dumps, files, locale }: Restoring, file: ByteString, run: Run): Promise<string> => {
  const record = await readRecord(dumps, { files, format: recordFormat }, run);
  const shape = record?.databases.find((database) => database.file === file);
  if (shape === undefined) return '';
  const { owner, encoding } = shape;
  const [collation, characterType] = [locale ?? shape.collation, locale ?? shape.characterType];
  const owners = await client.query(`SELECT 1 FROM pg_roles WHERE rolname = ${literal(owner)};`, {}, run);
  return [
    ...(owners.length === 0 ? [] : [` OWNER ${identifier(owner)}`]),
    ` ENCODING ${literal(encoding)}`,
    ...(collation === null ? [] : [` LC_COLLATE ${literal(collation)}`]),
    ...(characterType === null ? [] : [` LC_CTYPE ${literal(characterType)}`]),
  ].join('');
};

const load = async (
  { client, dumps, request }: Restoring,
  { database, stopAtErrors }: { readonly database: string; readonly stopAtErrors: boolean },
  run: Run,
): Promise<CopiedRows> => {
  const rows = new CopiedRows();
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const part of wholeDump(request.entry.name, readDump(dumps, request, run))) {
      rows.add(part);
      yield part;
    }
  }
  const parameters = [
    ...quietly.filter((option) => stopAtErrors || !option.includes('ON_ERROR_STOP')),
    ...(stopAtErrors ? ['--single-transaction'] : []),
    `--dbname=${connectionTo(database)}`,
  ];
  const program = await client.start({ program: 'psql', parameters, mode: 'fed' }, run);
  const end = await feed(program, counted(), run);
  if (end.code !== 0) throw postgresFault(end, `the dump cannot be loaded into the database ${database}`);
  return rows;
};

const compare = async (
  client: PostgresClient,
  { scratch, rows }: { scratch: string; rows: CopiedRows },
  run: Run,
): Promise<void> => {
  const tables = [...rows.tables];
  if (tables.length === 0) return;
  const statements = tables.map(([table]) => `SELECT count(*) FROM ONLY ${table};`).join('\n');
  const counts = await client.query(statements, { database: scratch }, run);
  const differing = tables.filter(([, expected], number) => Number(counts[number]) !== expected);
  if (differing.length === 0) return;
  const names = differing.slice(0, 5).map(([table]) => table);
  throw new Fault('verification-failed', `the database ${scratch} is not what its dump holds: ${names.join(', ')}`, {
    hint: 'Nothing was put in place. Look at the log of the server, and try again.',
  });
};

/** By names, in one transaction; then what was there before is removed. */
const exchange = async (
  client: PostgresClient,
  { scratch, into, isThere }: { readonly scratch: string; readonly into: string; readonly isThere: boolean },
  run: Run,
): Promise<void> => {
  const old = oldOf(into);
  const rename = (from: string, to: string): string =>
    `ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)};`;
  if (!isThere) {
    await client.query(rename(scratch, into), {}, run);
    return;
  }
  const olds = await client.query(`SELECT 1 FROM pg_database WHERE datname = ${literal(old)};`, {}, run);
  if (olds.length > 0) throw oldFault(old);
  await client.query(`BEGIN; ${rename(into, old)} ${rename(scratch, into)} COMMIT;`, {}, run);
  await client.query(`DROP DATABASE ${identifier(old)};`, {}, run);
};
