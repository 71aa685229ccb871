import { interrupted, type Run } from '../contract/run.ts';
import { Fault } from '../model/fault.ts';

/** Milliseconds that one notification may take. */
export const usualPatience = 30_000;

/** The end of `work`, or Fault `interrupted` once `signal` is aborted, also when `work` does not heed it. */
export const orAborted = async <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(interrupted(signal.reason));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/**
 * Gives up on work that takes longer than `patience`. `work` gets a signal that says when to stop; whatever it throws after that
 * is the silence of `whom`, or the interruption of the run.
 */
export const withPatience = async <Result>(
  whom: string,
  { patience, run }: { readonly patience: number; readonly run: Pick<Run, 'signal'> },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  if (run.signal.aborted) throw interrupted(run.signal.reason);
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = setTimeout(stop, patience);
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (run.signal.aborted) throw interrupted(run.signal.reason);
    if (!controller.signal.aborted) throw error;
    throw new Fault('server-unavailable', `${whom} did not answer within ${Math.round(patience / 1000)} s`, {
      retry: true,
      hint: 'Look at the network of this machine, and whether the service works.',
    });
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', stop);
  }
};
