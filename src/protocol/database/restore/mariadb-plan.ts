import { z } from 'zod';
import type {
  DatabasePlan,
  DatabaseTargetOptions,
  PlannedDump,
  RestoreAction,
} from '../../../contract/database-target.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { databaseOfDump } from '../dump-file.ts';
import type { MariadbClient } from '../mariadb/client.ts';
import { wholeDump } from './whole-dump.ts';
import { readDump, readRecord } from './dump-files.ts';
import { planEach } from './restore-each.ts';
import { SqlContentReader, type SqlContent } from './sql-content.ts';
import { withoutSandboxLine } from './sandbox-line.ts';
import { readServerState, type ServerState, type StoredDatabase } from './mariadb-state.ts';

const recordFormat = z.object({
  databases: z.array(
    z.object({ file: z.string(), characterSet: z.string().regex(/^\w+$/), collation: z.string().regex(/^\w+$/) }),
  ),
});

export interface CharacterSets {
  readonly characterSet: string;
  readonly collation: string;
}

/** The character sets of the database of a dump, where that is known. */
export const characterSetsOf = async (
  dumps: Source,
  { files, file }: { readonly files: ReadonlyMap<ByteString, ReadRequest>; readonly file: ByteString },
  run: Run,
): Promise<CharacterSets | undefined> => {
  const record = await readRecord(dumps, { files, format: recordFormat }, run);
  return record?.databases.find((database) => database.file === file);
};

/** Reads a dump to its end without keeping it. Faults: `target-unsafe`, `entry-unreadable` when it is cut. */
export const inspectDump = async (dumps: Source, request: ReadRequest, run: Run): Promise<SqlContent> => {
  const reader = new SqlContentReader();
  for await (const bytes of withoutSandboxLine(wholeDump(request.entry.name, readDump(dumps, request, run)))) {
    throwIfInterrupted(run);
    reader.add(bytes);
  }
  return reader.end();
};

const scratchOf = (database: string): string => `mailkeep_restore_${database}`.slice(0, 64);

interface Planning {
  readonly client: MariadbClient;
  readonly dumps: Source;
  readonly options: DatabaseTargetOptions;
}

/** Looks at every dump and at the server. */
export const planMariadb = async ({ client, dumps, options }: Planning, run: Run): Promise<DatabasePlan> => {
  const state = await readServerState(client, run);
  const databaseOf = (file: ByteString): string => databaseOfDump(file, '.sql');
  return planEach(
    dumps,
    {
      wanted: (file) =>
        file === 'users.sql'
          ? options.users
          : file.endsWith('.sql') && (options.only?.includes(databaseOf(file)) ?? true),
      plan: async (file, request) => {
        if (file === 'users.sql') return usersPlan(file);
        const into = options.rename?.[databaseOf(file)] ?? databaseOf(file);
        return planOf({ file, into, content: await inspectDump(dumps, request, run), state, options });
      },
    },
    run,
  );
};

const usersPlan = (file: ByteString): PlannedDump => ({
  file,
  into: 'users',
  action: { kind: 'add' },
  tables: 0,
  rows: 0,
  others: [],
  notes: ['Users that are there stay as they are.'],
});

interface Deciding {
  readonly file: ByteString;
  readonly into: string;
  readonly content: SqlContent;
  readonly state: ServerState;
  readonly options: DatabaseTargetOptions;
}

const planOf = ({ file, into, content, state, options }: Deciding): PlannedDump => {
  const there = state.databases.get(into);
  const strangers = content.definers.filter((definer) => !state.accounts.has(definer));
  const notes = [
    ...(there === undefined ? [] : [`There is a database ${into} with ${countOf(there.tables, 'table')}.`]),
    ...(strangers.length === 0
      ? []
      : [`Views, triggers or routines act in the name of users that are not on this server: ${strangers.join(', ')}.`]),
    ...(state.databases.has(scratchOf(into)) ? [`${scratchOf(into)}, left by a restore before, is removed.`] : []),
  ];
  const rows = [...content.tables.values()].reduce((sum, count) => sum + count, 0);
  const others = othersOf(content);
  const action = actionOf(into, { content, there, replace: options.replace });
  return { file, into, action, tables: content.tables.size, rows, others, notes };
};

const countOf = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const othersOf = (content: Pick<SqlContent, 'views' | 'triggers' | 'routines' | 'events' | 'sequences'>): string[] =>
  (['views', 'triggers', 'routines', 'events', 'sequences'] as const).flatMap((kind) =>
    content[kind] === 0 ? [] : [countOf(content[kind], kind.slice(0, -1))],
  );

const actionOf = (
  into: string,
  { content, there, replace }: { content: SqlContent; there: StoredDatabase | undefined; replace: boolean },
): RestoreAction => {
  if (there === undefined || (there.tables === 0 && there.others === 0)) return { kind: 'create' };
  const scratch = scratchOf(into);
  const others = othersOf(content);
  // Tables can be renamed into another database, in one step for all; these cannot.
  if (others.length === 0 && there.others === 0) return { kind: 'swap', scratch };
  if (replace) return { kind: 'replace', scratch };
  const what = others.length > 0 ? `its dump has ${others.join(', ')}` : 'it has views, triggers, routines or events';
  return {
    kind: 'refuse',
    fault: new Fault('target-occupied', `the database ${into} cannot be exchanged in one step: ${what}`, {
      hint: 'Allow that it is removed before the dump, which is tried first, is loaded in its place; or restore under another name.',
    }),
  };
};
