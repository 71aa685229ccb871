import { interrupted, type Run } from '../../contract/run.ts';
import { asFault, type Fault } from '../../model/fault.ts';
import { endsAtOnce } from './component-attempts.ts';

export const rethrowInterrupted = (error: unknown, run: Run): void => {
  if (run.signal.aborted) throw interrupted(error);
};

/** Does what is left when something fails; the fault is among the result. */
export const orFault = async <Result>(
  work: () => Promise<Result>,
  faults: Fault[],
  run: Run,
): Promise<Result | undefined> => {
  try {
    return await work();
  } catch (error) {
    rethrowInterrupted(error, run);
    const fault = asFault(error);
    faults.push(fault);
    const level = endsAtOnce(fault) ? 'CRITICAL' : 'ERROR';
    run.emit({ kind: 'log', level, component: 'MAIN', message: `${fault.code}: ${fault.message}` });
    return undefined;
  }
};
