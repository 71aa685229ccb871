import type { FoundAccounts, ThrowawayDatabase } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import { displayText } from '../../model/byte-string.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import type { DrillRecord } from '../../model/drill/drill-record.ts';
import { asTold } from './as-told.ts';

export interface LoadedComponent {
  readonly name: string;
  open(run: Run): Promise<Source>;
}

/** Loads the dumps of a component into a throw-away database. What fails is found. Returns how many rows were loaded. */
export const loadDumps = async (
  database: ThrowawayDatabase,
  { name, open }: LoadedComponent,
  tally: CheckTally,
  run: Run,
): Promise<void> => {
  const dumps = await open(run);
  try {
    const target = await database.target(dumps, run);
    const plan = await target.plan(dumps, run);
    const { restored, failed } = await target.apply(plan, dumps, run);
    tally.look(restored.length);
    for (const { file, fault } of failed) {
      tally.look();
      tally.find({ kind: 'dump-failed', subject: `${name}/${displayText(file)}`, detail: fault.message });
    }
  } catch (error) {
    tally.look();
    tally.find({ kind: 'dump-failed', subject: name, detail: asTold(error, run).message });
  } finally {
    await dumps.close();
  }
};

export interface CountedTables {
  /** Rows by `database.table`. */
  readonly tables: DrillRecord['tables'];
  /** Whether there may be more, which could not be counted. */
  readonly hasUnloaded: boolean;
}

/** Rows now against those of the drill before: a table that was emptied, or is gone. */
export const judgeTables = (
  { tables, hasUnloaded }: CountedTables,
  before: DrillRecord['tables'] | undefined,
  tally: CheckTally,
): void => {
  tally.look(Object.keys(tables).length);
  for (const [table, rows] of Object.entries(before ?? {})) {
    const now = Object.hasOwn(tables, table) ? tables[table] : undefined;
    if (now === undefined && hasUnloaded) continue;
    if (now === undefined) tally.find({ kind: 'table-missing', subject: table, count: rows });
    else if (now === 0 && rows > 0) tally.find({ kind: 'table-empty', subject: table, count: rows });
  }
};

/** Accounts of all tables, each address once; a server whose tables of accounts have none can be logged in to by nobody. */
export const judgeAccounts = (found: readonly FoundAccounts[], tally: CheckTally): FoundAccounts['accounts'] => {
  const accounts = new Map(found.flatMap(({ accounts }) => accounts.map((one) => [one.address.toLowerCase(), one])));
  if (found.length === 0) tally.skip('accounts-unknown');
  else if (accounts.size === 0) {
    tally.find({ kind: 'no-accounts', subject: found.map(({ place }) => place).join(', ') });
  }
  return [...accounts.values()];
};
