import type { ThrowawayDatabase } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../contract/server-backup.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { asTold } from './as-told.ts';
import { judgeAccounts, judgeTables, loadDumps } from './check-databases.ts';
import { checkWebmail } from './check-webmail.ts';
import type { DrillParts } from './drill-parts.ts';
import { addTime, type DrillState, moment } from './drill-state.ts';

/** Databases that a throw-away MariaDB can load. */
const isLoadable = (backup: ServerBackup, { name }: StoredComponent): boolean => {
  const kind = backup.origin?.components.find((one) => one.name === name)?.database?.['database'];
  return kind === undefined ? name === 'mysql' || name === 'mariadb' : kind === 'mariadb' || kind === 'mysql';
};

interface StartedDatabase {
  readonly database: ThrowawayDatabase;
  /** When it was begun to be started: that is part of the recovery. */
  readonly began: number;
}

const lookAtDatabase = async (
  { database, began }: StartedDatabase,
  { name }: StoredComponent,
  drill: { readonly parts: DrillParts; readonly state: DrillState },
  run: Run,
): Promise<void> => {
  const { backup, wish, before } = drill.parts;
  const { state } = drill;
  const { databases, logins } = state.tallies;
  const open = (of: Run) => backup.open([byteStringOfText(name)], of);
  await loadDumps(database, { name, open }, databases, run);
  addTime(name, began, state, run);
  state.tables = { ...state.tables, ...(await database.rowCounts(run)) };
  judgeTables(state.tables, before?.tables, databases);
  await checkWebmail(database, state.tallies.webmail, run);
  state.accounts = judgeAccounts(await database.accounts(wish.accountsQuery, run), logins);
  if (state.accounts.length === 0 || database.mailTables === undefined) return;
  await state.mailDatabase?.stop();
  state.mailDatabase = database;
};

/**
 * Loads a component of dumps into a database of its own, counts its rows, and takes the accounts that it has. One that the mail server
 * asks goes on, for the state; others are stopped.
 */
export const loadDatabase = async (
  component: StoredComponent,
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<void> => {
  const { databases } = state.tallies;
  const { name } = component;
  if (!isLoadable(parts.backup, component)) {
    databases.skip('kind-not-loaded', name);
    return;
  }
  const began = moment(run);
  let database: ThrowawayDatabase | undefined;
  try {
    database = await parts.startDatabase(run);
    if (database === undefined) databases.skip('no-program', 'MariaDB');
    else await lookAtDatabase({ database, began }, component, { parts, state }, run);
  } catch (error) {
    databases.find({ kind: 'dump-failed', subject: name, detail: asTold(error, run).message });
  } finally {
    if (database !== state.mailDatabase) await database?.stop();
  }
};
