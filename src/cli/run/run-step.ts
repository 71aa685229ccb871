import type { RunRecord, RunStart } from '../../model/run-record.ts';
import type { CommandContext } from '../context.ts';

/** What is to happen when a run has begun. */
export type BeforeRun = (start: RunStart, context: CommandContext) => Promise<void>;

/** What is to happen once a run is over and its record is kept. */
export type AfterRun = (
  record: RunRecord,
  /** The run to compare with; undefined: there is none, or history cannot be read. */
  previous: RunRecord | undefined,
  /** Its `run.signal` may be aborted already: a run that was interrupted has an end, too. */
  context: CommandContext,
) => Promise<void>;
