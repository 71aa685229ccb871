import type { RunsBefore } from '../../catalog/history.ts';
import type { RunRecord, RunStart } from '../../model/run-record.ts';
import type { CommandContext } from '../context.ts';

/** What is to happen when a run has begun. */
export type BeforeRun = (start: RunStart, context: CommandContext) => Promise<void>;

export interface EndedRun {
  readonly record: RunRecord;
  /** The runs to compare with; undefined: history cannot be read. */
  readonly previous: RunsBefore | undefined;
  /** The end of its log. */
  readonly log: readonly string[];
}

/**
 * What is to happen when a run is over. The `run.signal` of the context may be aborted already: a run that was interrupted has an end,
 * too.
 */
export type AfterRun = (ended: EndedRun, context: CommandContext) => Promise<void>;
