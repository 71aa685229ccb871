import { interrupted, type Run } from '../../contract/run.ts';
import { asFault, type Fault, type FaultCode } from '../../model/fault.ts';
import { formatDuration } from '../../model/size.ts';

/** How components are tried. */
export interface Patience {
  /** Milliseconds before the second attempt, before the third, … */
  readonly retries: readonly number[];
  /** Rejects with the Fault `interrupted` as soon as the signal is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export type Attempted<Result> =
  | { readonly kind: 'done'; readonly result: Result; readonly attempts: number }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly attempts: number };

/** What says that the place that is written to has no use for any other component either (design 5.2: ends at once). */
const ending: ReadonlySet<FaultCode> = new Set([
  'disk-missing',
  'disk-full',
  'quota-exceeded',
  'read-only',
  'interrupted',
  'lock-lost',
]);

export const endsAtOnce = ({ code }: Fault): boolean => ending.has(code);

export const tellAttempt = (
  component: string,
  { fault, attempts, most }: { readonly fault: Fault; readonly attempts: number; readonly most: number },
  run: Run,
): void => {
  const message = `attempt ${attempts}/${most} failed (${fault.code}): ${fault.message}`;
  run.emit({ kind: 'log', level: 'ERROR', component, message });
};

/**
 * Tries a component once, and again after each of the pauses (requirement B6). Whatever it fails with, a later attempt may succeed:
 * a container that is restarting refuses a password, too. What would end any other component as well is thrown.
 */
export const attempt = async <Result>(
  component: string,
  work: () => Promise<Result>,
  { retries, sleep }: Patience,
  run: Run,
): Promise<Attempted<Result>> => {
  const most = retries.length + 1;
  for (let attempts = 1; ; attempts++) {
    try {
      return { kind: 'done', result: await work(), attempts };
    } catch (error) {
      if (run.signal.aborted) throw interrupted(error);
      const fault = asFault(error);
      if (endsAtOnce(fault)) throw fault;
      tellAttempt(component, { fault, attempts, most }, run);
      const pause = retries[attempts - 1];
      if (pause === undefined) return { kind: 'failed', fault, attempts };
      run.emit({ kind: 'log', level: 'INFO', component, message: `tried again in ${formatDuration(pause)}` });
      await sleep(pause, run.signal);
    }
  }
};
