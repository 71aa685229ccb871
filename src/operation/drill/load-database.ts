import type { FoundAccounts, ThrowawayDatabase, ThrowawayKind } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../contract/server-backup.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { asTold } from './as-told.ts';
import { judgeAccounts, judgeTables, loadDumps } from './check-databases.ts';
import { checkWebmail } from './check-webmail.ts';
import type { DrillParts } from './drill-parts.ts';
import { addTime, type DrillState, isKept, moment } from './drill-state.ts';

/** As backups record them, and as components are usually called, for a backup that records nothing. */
const kinds: ReadonlyMap<string, ThrowawayKind> = new Map([
  ['mariadb', 'mariadb'],
  ['mysql', 'mariadb'],
  ['postgres', 'postgres'],
  ['postgresql', 'postgres'],
  ['sqlite', 'sqlite'],
  ['redis', 'redis'],
]);

const kindOf = ({ origin }: ServerBackup, { name }: StoredComponent): ThrowawayKind | undefined => {
  const recorded = origin?.components.find((one) => one.name === name)?.database?.['database'];
  return kinds.get(typeof recorded === 'string' ? recorded : name);
};

interface Drill {
  readonly parts: DrillParts;
  readonly state: DrillState;
}

interface StartedDatabase {
  readonly kind: ThrowawayKind;
  readonly database: ThrowawayDatabase;
  /** When it was begun to be started: that is part of the recovery. */
  readonly began: number;
}

/** With the query of the configuration, which can only be right in one of several databases; a refusal is kept. */
const accountsIn = async (
  { database }: StartedDatabase,
  component: string,
  { parts, state }: Drill,
  run: Run,
): Promise<readonly FoundAccounts[]> => {
  const { accountsQuery } = parts.wish;
  try {
    return await database.accounts(accountsQuery, run);
  } catch (error) {
    if (accountsQuery === undefined) throw error;
    state.refusals.push({ component, fault: asTold(error, run) });
    return [];
  }
};

const lookAtDatabase = async (started: StartedDatabase, component: string, drill: Drill, run: Run): Promise<void> => {
  const { database, kind, began } = started;
  const { parts, state } = drill;
  const open = (of: Run) => parts.backup.open([byteStringOfText(component)], of);
  await loadDumps(database, { name: component, open }, state.tallies.databases, run);
  state.tables = { ...state.tables, ...(await database.rowCounts(run)) };
  addTime(component, began, state, run);
  // It has no tables.
  if (kind === 'redis') return;
  const webmails = await checkWebmail(database, state.tallies.webmail, run);
  state.webmails.push(...webmails.map((tables) => ({ database, tables })));
  const found = await accountsIn(started, component, drill, run);
  state.found = [...(state.found ?? []), ...found];
  if (database.mailTables === undefined || found.every(({ accounts }) => accounts.length === 0)) return;
  const before = state.mailDatabase;
  state.mailDatabase = database;
  if (before !== undefined && !isKept(state, before)) await before.stop();
};

/**
 * Loads a component of dumps into a database of its own, counts its rows, and takes the accounts that it has. One that the mail server
 * or webmail asks goes on, for the state; others are stopped.
 */
export const loadDatabase = async (
  component: StoredComponent,
  parts: DrillParts,
  state: DrillState,
  run: Run,
): Promise<void> => {
  const { databases } = state.tallies;
  const { name } = component;
  const kind = kindOf(parts.backup, component);
  if (kind === undefined) {
    state.hasUnloaded = true;
    databases.skip('kind-not-loaded', name);
    return;
  }
  const began = moment(run);
  let database: ThrowawayDatabase | undefined;
  try {
    const started = await parts.startDatabase(kind, name, run);
    if (started.kind === 'missing') {
      state.hasUnloaded = true;
      databases.skip(started.reason, started.what);
      return;
    }
    ({ database } = started);
    state.programs.push(database.program);
    await lookAtDatabase({ kind, database, began }, name, { parts, state }, run);
  } catch (error) {
    state.hasUnloaded = true;
    databases.find({ kind: 'dump-failed', subject: name, detail: asTold(error, run).message });
  } finally {
    if (database !== undefined && !isKept(state, database)) await database.stop();
  }
};

/** Judges what all databases together have: tables against those of the last good drill, and accounts. */
export const judgeDatabases = ({ before }: DrillParts, state: DrillState): void => {
  const { databases, logins } = state.tallies;
  if (databases.result().looked > 0) judgeTables(state, before?.tables, databases);
  // A query can only be right in one of several databases.
  for (const { component, fault } of state.found?.length === 0 ? state.refusals : []) {
    databases.find({ kind: 'dump-failed', subject: component, detail: fault.message });
  }
  if (state.found !== undefined) state.accounts = judgeAccounts(state.found, logins);
};
