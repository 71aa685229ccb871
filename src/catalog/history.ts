import type { DatabaseSync } from 'node:sqlite';
import type { Run } from '../contract/run.ts';
import { type KnownRun, type RunRecord, type RunStart, verdictOf } from '../model/run-record.ts';
import { fateOfProcess, ownProcessStamp } from '../system/process-stamp.ts';
import { historyFault, openHistoryFile } from './history-file.ts';
import { type BegunRun, parseBegun, parseRecord } from './record-format.ts';

/** Finished runs of the same command before one. */
export interface RunsBefore {
  /** To tell a change by: it may have had no jobs, because of a fault of its own. */
  readonly newest: RunRecord | undefined;
  /** To tell growth by: of those that share the most jobs with it the newest. */
  readonly alike: RunRecord | undefined;
}

/** What earlier runs did, newest first wherever there are several. Losing it loses no backup. */
export interface History {
  /** A run begins: until `finish` it is known as under way, or, when its process is over, as cut off. */
  begin(start: RunStart): void;
  finish(record: RunRecord): void;
  /** It was none: what was asked for cannot be done. */
  discard(id: string): void;
  /** Those from the future, of a clock that was wrong, come last. */
  runs(wish: { readonly last: number; readonly job?: string | undefined }): readonly KnownRun[];
  /** All whose id begins so. */
  find(idPrefix: string): readonly KnownRun[];
  /** Of the same configuration. */
  before(record: RunRecord): RunsBefore;
  close(): void;
}

/** Older runs are let go of, so that the file does not grow for ever. */
const keptFor = 800 * 86_400_000;
/** Clocks are set right by a little again and again. */
const clockSlack = 5 * 60_000;
/** How many runs back a run looks for one to compare with. */
const comparedAtMost = 50;
/** Where it cannot be told whether a process is over, nothing runs as long as this. */
const longestRun = 2 * 86_400_000;

const asKnown = (json: string, isFinished: boolean, now: number): KnownRun | undefined => {
  if (isFinished) {
    const record = parseRecord(json);
    return record === undefined ? undefined : { kind: 'finished', record };
  }
  const begun = parseBegun(json);
  if (begun === undefined) return undefined;
  return { kind: isOver(begun, now) ? 'cut-off' : 'under-way', start: begun.start };
};

const isOver = ({ start, process }: BegunRun, now: number): boolean => {
  const fate = process === undefined ? 'unknown' : fateOfProcess(process);
  return fate === 'over' || (fate === 'unknown' && now - start.started > longestRun);
};

type Row = ReturnType<ReturnType<DatabaseSync['prepare']>['all']>[number];

class SqliteHistory implements History {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #run: Run;

  constructor(path: string, database: DatabaseSync, run: Run) {
    this.#path = path;
    this.#database = database;
    this.#run = run;
  }

  begin(start: RunStart): void {
    const process = ownProcessStamp();
    const begun: BegunRun = process === undefined ? { start } : { start, process };
    this.#guarded((database) => {
      database
        .prepare('INSERT INTO run (id, command, started, record) VALUES (?, ?, ?, ?)')
        .run(start.id, start.command, start.started, JSON.stringify(begun));
    });
  }

  finish(record: RunRecord): void {
    const { id, command, started, ended, exitCode } = record;
    this.#guarded((database) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        database
          .prepare(
            'REPLACE INTO run (id, command, started, ended, exit_code, verdict, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(id, command, started, ended, exitCode, verdictOf(record), JSON.stringify(record));
        const job = database.prepare('REPLACE INTO job (run, name, outcome) VALUES (?, ?, ?)');
        for (const { name, outcome } of record.jobs) job.run(id, name, outcome.kind);
        database.prepare('DELETE FROM run WHERE started < ?').run(started - keptFor);
        database.exec('COMMIT');
      } catch (error) {
        // SQLite has already undone it where the disk is full.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  discard(id: string): void {
    this.#guarded((database) => database.prepare('DELETE FROM run WHERE id = ?').run(id));
  }

  runs({ last, job }: Parameters<History['runs']>[0]): readonly KnownRun[] {
    const ofJob = job === undefined ? '' : 'WHERE id IN (SELECT run FROM job WHERE name = ?) ';
    const query = `SELECT ended, record FROM run ${ofJob}ORDER BY started > ?, started DESC, id LIMIT ?`;
    const soon = Number(this.#run.now() / 1_000_000n) + clockSlack;
    return this.#query(query, ...(job === undefined ? [soon, last] : [job, soon, last]));
  }

  find(idPrefix: string): readonly KnownRun[] {
    if (!/^[0-9a-f]{1,16}$/.test(idPrefix)) return [];
    return this.#query(`SELECT ended, record FROM run WHERE id GLOB ? ORDER BY started DESC`, `${idPrefix}*`);
  }

  before(record: RunRecord): RunsBefore {
    // Other configurations have accounts and repositories of the same names.
    const query = `SELECT ended, record FROM run WHERE ended IS NOT NULL AND command = ? AND started < ? AND id <> ?
      AND coalesce(record ->> '$.configuration' = ?, TRUE) ORDER BY started DESC LIMIT ${comparedAtMost}`;
    const { command, started, id, configuration = null } = record;
    const names = new Set(record.jobs.map(({ name }) => name));
    const shared = ({ jobs }: RunRecord): number => jobs.filter(({ name }) => names.has(name)).length;
    let [newest, alike]: (RunRecord | undefined)[] = [];
    for (const known of this.#query(query, command, started, id, configuration)) {
      if (known.kind !== 'finished') continue;
      newest ??= known.record;
      if (alike === undefined || shared(known.record) > shared(alike)) alike = known.record;
    }
    return { newest, alike };
  }

  close(): void {
    this.#database.close();
  }

  #query(query: string, ...values: readonly (string | number | null)[]): readonly KnownRun[] {
    const now = Number(this.#run.now() / 1_000_000n);
    const rows = this.#guarded((database): readonly Row[] => database.prepare(query).all(...values));
    return rows.flatMap(({ ended, record }) => {
      const known = typeof record === 'string' ? asKnown(record, ended !== null, now) : undefined;
      return known === undefined ? [] : [known];
    });
  }

  #guarded<Result>(work: (database: DatabaseSync) => Result): Result {
    try {
      return work(this.#database);
    } catch (error) {
      throw historyFault(error, this.#path);
    }
  }
}

/** Opens the history at a path. Faults as `openHistoryFile`; those of SQLite later on, too. */
export const openHistory = async (path: string, run: Run): Promise<History> =>
  new SqliteHistory(path, await openHistoryFile(path, run), run);
