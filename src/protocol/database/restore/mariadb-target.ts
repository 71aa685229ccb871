import type { DatabaseTarget, DatabaseTargetOptions, PlannedDump } from '../../../contract/database-target.ts';
import type { Run } from '../../../contract/run.ts';
import type { MariadbSetting } from '../config.ts';
import { createMariadbClient, identifier, type MariadbClient } from '../mariadb/client.ts';
import type { DatabaseParts } from '../parts.ts';
import { addUsers } from './mariadb-users.ts';
import { compareWithDump, type Loading, loadDump } from './mariadb-load.ts';
import { type CharacterSets, characterSetsOf, planMariadb } from './mariadb-plan.ts';
import { type Counted, oldFault, restoreEach } from './restore-each.ts';
import { readServerState } from './mariadb-state.ts';

/** A server of MariaDB or MySQL to which dumps are brought back. Faults of `ReadSecret`. */
export const createMariadbTarget = async (
  setting: MariadbSetting,
  { parts, options }: { readonly parts: DatabaseParts; readonly options: DatabaseTargetOptions },
  run: Run,
): Promise<DatabaseTarget> => {
  const client = await createMariadbClient(setting, parts, run);
  return {
    description: client.description,
    plan: (dumps, run) => planMariadb({ client, dumps, options }, run),
    apply: (plan, dumps, run) =>
      restoreEach(
        plan,
        {
          dumps,
          restore: async (planned, request, files) => {
            const charset = await characterSetsOf(dumps, { files, file: planned.file }, run);
            return restoreOne({ client, dumps, request, charset }, planned, run);
          },
        },
        run,
      ),
  };
};

interface Restoring extends Loading {
  readonly charset: CharacterSets | undefined;
}

const restoreOne = async (restoring: Restoring, { into, action }: PlannedDump, run: Run): Promise<Counted> => {
  const { client } = restoring;
  switch (action.kind) {
    case 'create':
      return loadAndCompare(restoring, { database: into, as: into, removeFirst: false }, run);
    case 'swap': {
      const counted = await loadAndCompare(restoring, { database: action.scratch, as: into, removeFirst: true }, run);
      await swap(client, { scratch: action.scratch, into }, run);
      return counted;
    }
    case 'replace': {
      const scratch = { database: action.scratch, as: into, removeFirst: true };
      await loadAndCompare(restoring, scratch, run);
      // It has been shown that the dump can be loaded: it is loaded again where it belongs. Until then the scratch stays.
      const counted = await loadAndCompare(restoring, { database: into, as: into, removeFirst: true }, run);
      await drop(client, action.scratch, run);
      return counted;
    }
    case 'add':
      await addUsers(restoring, run);
      return { tables: 0, rows: 0 };
    case 'refuse':
      throw action.fault;
  }
};

const drop = async (client: MariadbClient, database: string, run: Run): Promise<void> => {
  await client.query(`DROP DATABASE IF EXISTS ${identifier(database)};`, run);
};

interface Place {
  readonly database: string;
  /** The database whose character sets it gets, when there is no record. */
  readonly as: string;
  readonly removeFirst: boolean;
}

const loadAndCompare = async (
  restoring: Restoring,
  { database, as, removeFirst }: Place,
  run: Run,
): Promise<Counted> => {
  const { client, charset } = restoring;
  const { databases } = await readServerState(client, run);
  const kept = charset ?? databases.get(as);
  const isNew = removeFirst || !databases.has(database);
  if (removeFirst) await drop(client, database, run);
  if (isNew) {
    const sets = kept === undefined ? '' : ` CHARACTER SET ${kept.characterSet} COLLATE ${kept.collation}`;
    await client.query(`CREATE DATABASE ${identifier(database)}${sets};`, run);
  }
  try {
    const content = await loadDump(restoring, database, run);
    await compareWithDump(client, { database, content }, run);
    return { tables: content.tables.size, rows: [...content.tables.values()].reduce((sum, count) => sum + count, 0) };
  } catch (error) {
    // What was begun here is of no use to anybody; it is removed also when the run was interrupted.
    const unstoppable = { ...run, signal: AbortSignal.timeout(60_000) };
    if (isNew && (database !== as || !removeFirst)) await drop(client, database, unstoppable).catch(() => undefined);
    throw error;
  }
};

/** All tables in one statement, which happens wholly or not at all; then what was there before is removed. */
const swap = async (
  client: MariadbClient,
  { scratch, into }: { scratch: string; into: string },
  run: Run,
): Promise<void> => {
  const old = `mailkeep_old_${into}`.slice(0, 64);
  const tablesOf = async (database: string): Promise<readonly string[]> => {
    const hex = Buffer.from(database).toString('hex');
    const rows = await client.query(
      `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = CONVERT(0x${hex} USING utf8mb4);`,
      run,
    );
    return rows.map(([table = '']) => table);
  };
  const move = (table: string, from: string, to: string): string =>
    `${identifier(from)}.${identifier(table)} TO ${identifier(to)}.${identifier(table)}`;
  const out = (await tablesOf(into)).map((table) => move(table, into, old));
  const inward = (await tablesOf(scratch)).map((table) => move(table, scratch, into));
  const { databases } = await readServerState(client, run);
  if (databases.has(old)) throw oldFault(old);
  await client.query(`CREATE DATABASE ${identifier(old)}; RENAME TABLE ${[...out, ...inward].join(', ')};`, run);
  await drop(client, old, run);
  await drop(client, scratch, run);
};
