import type { Nanoseconds } from '../model/entry.ts';
import type { Event } from '../model/event.ts';
import { Fault } from '../model/fault.ts';

/**
 * The one context parameter: who may cancel, what time it is, and who listens.
 *
 * Guarantees that every implementation keeps: once `signal` is aborted, a call rejects soon with the Fault
 * `interrupted` (or finishes, if it was about to), leaves nothing half written under a final name, and starts no new work.
 */
export interface Run {
  readonly signal: AbortSignal;
  /** The wall clock. Durations and lock ages use it too: a monotonic clock stops in suspend. */
  now(): Nanoseconds;
  /** Never throws, never blocks. */
  emit(event: Event): void;
}

export const interrupted = (cause?: unknown): Fault =>
  new Fault('interrupted', 'interrupted before it was finished', {
    hint: 'Nothing that was there before is changed; run the same command again.',
    ...(cause === undefined ? {} : { cause }),
  });

/** To be called between steps of long work. */
export const throwIfInterrupted = (run: Run): void => {
  if (run.signal.aborted) throw interrupted(run.signal.reason);
};
