import type { Nanoseconds } from '../model/entry.ts';
import type { Event } from '../model/event.ts';
import { systemNow } from './clock.ts';

export interface RunParts {
  readonly signal: AbortSignal;
  /** Who listens. May throw: that is told once as a warning of the process, and the work goes on. */
  readonly emit?: (event: Event) => void;
  /** Default: the wall clock. */
  readonly now?: () => Nanoseconds;
}

/** The context parameter of everything that lasts, in the shape of the contract `Run`. */
export const createRun = ({ signal, emit, now = systemNow }: RunParts) => {
  let warned = false;
  return {
    signal,
    now: (): Nanoseconds => now(),
    emit: (event: Event): void => {
      try {
        emit?.(event);
      } catch (error) {
        if (warned) return;
        warned = true;
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    },
  };
};
