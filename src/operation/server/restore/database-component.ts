import type { DatabasePlan, DatabaseReport, DatabaseTarget } from '../../../contract/database-target.ts';
import type { Run } from '../../../contract/run.ts';
import type { Source } from '../../../contract/source.ts';
import { type Fault, isFault } from '../../../model/fault.ts';

/** A database of a backup, and where it is loaded. */
export interface DatabaseWork {
  /** Opens its dumps; closed by whoever opened them. */
  open(run: Run): Promise<Source>;
  target(run: Run): Promise<DatabaseTarget>;
  /** Whether it must run while it is loaded; else it must be at rest (files of SQLite, Redis). */
  readonly mustRun: boolean;
}

export type DatabaseOutlook =
  | { readonly kind: 'planned'; readonly plan: DatabasePlan }
  /** It does not answer yet: it is looked at again once the services are up. */
  | { readonly kind: 'silent'; readonly fault: Fault };

/** What would be done with a database, if it answers. */
export const lookAhead = async (work: DatabaseWork, run: Run): Promise<DatabaseOutlook> => {
  const dumps = await work.open(run);
  try {
    const target = await work.target(run);
    return { kind: 'planned', plan: await target.plan(dumps, run) };
  } catch (error) {
    if (isSilent(error)) return { kind: 'silent', fault: error };
    throw error;
  } finally {
    await dumps.close();
  }
};

/** Not there, not up, or not yet made: on a bare machine all of these pass. */
export const isSilent = (error: unknown): error is Fault =>
  isFault(error, 'server-unavailable', 'configuration', 'credentials-refused', 'certificate-untrusted', 'io-failed');

export interface Waiting {
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** How often it is asked, and how long after each time, until it is believed not to come. */
  readonly attempts: number;
  readonly pause: number;
}

/** A server that was just started takes a while until it answers. */
const planWhenUp = async (
  { target, dumps }: { readonly target: DatabaseTarget; readonly dumps: Source },
  { sleep, attempts, pause }: Waiting,
  run: Run,
): Promise<DatabasePlan> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await target.plan(dumps, run);
    } catch (error) {
      if (!isSilent(error) || attempt >= attempts) throw error;
      await sleep(pause, run.signal);
    }
  }
};

/** Loads a database. Faults: those of the target when it cannot be had at all; of single dumps they are in the report. */
export const restoreDatabase = async (work: DatabaseWork, waiting: Waiting, run: Run): Promise<DatabaseReport> => {
  const dumps = await work.open(run);
  try {
    const target = await work.target(run);
    return await target.apply(await planWhenUp({ target, dumps }, waiting, run), dumps, run);
  } finally {
    await dumps.close();
  }
};
