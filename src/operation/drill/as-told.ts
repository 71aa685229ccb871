import type { Run } from '../../contract/run.ts';
import { asFault, type Fault } from '../../model/fault.ts';

/** What went wrong as something to tell of; thrown again when it ends the drill: an interruption, a defect of ours. */
export const asTold = (error: unknown, run: Run): Fault => {
  const fault = asFault(error);
  if (run.signal.aborted || fault.code === 'interrupted' || fault.code === 'internal') throw fault;
  return fault;
};
