import type { RunsBefore } from '../../catalog/history.ts';
import type { RunRecord, RunStart } from '../../model/run-record.ts';
import type { CommandContext } from '../context.ts';

/** What is to happen when a run has begun. */
export type BeforeRun = (start: RunStart, context: CommandContext) => Promise<void>;

/** What is to happen once a run is over and its record is kept. */
export type AfterRun = (
  record: RunRecord,
  /** The runs to compare with; undefined: history cannot be read. */
  previous: RunsBefore | undefined,
  /** Its `run.signal` may be aborted already: a run that was interrupted has an end, too. */
  context: CommandContext,
) => Promise<void>;
