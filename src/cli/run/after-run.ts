import type { RunRecord } from '../../model/run-record.ts';
import type { CommandContext } from '../context.ts';
import { notifyEnd } from './notify.ts';

/** What is to happen once a run is over and its record is kept. */
export type AfterRun = (
  record: RunRecord,
  /** The run to compare with; undefined: there is none, or history cannot be read. */
  previous: RunRecord | undefined,
  /** Its `run.signal` may be aborted already: a run that was interrupted has an end, too. */
  context: CommandContext,
) => Promise<void>;

/** All of it, in order. What fails is told, and stops nothing else. */
const steps: readonly AfterRun[] = [notifyEnd];

export const afterRun: AfterRun = async (record, previous, context) => {
  for (const step of steps) {
    try {
      await step(record, previous, context);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      context.output.say(context.messages.warning(message));
    }
  }
};
