import type { Nanoseconds } from '../model/entry.ts';
import type { Event } from '../model/event.ts';
import { interrupted, type Run } from './run.ts';

/** A Run for tests: its clock stands until it is told to go on, and what is emitted is kept. */
export interface TestRun extends Run {
  readonly events: readonly Event[];
  /** How long `sleep` was asked for, in milliseconds, in order. */
  readonly sleeps: readonly number[];
  abort(reason?: unknown): void;
  /** Moves the clock forward. */
  advance(milliseconds: number): void;
  /** Moves the clock forward at once instead of waiting; rejects when aborted. In the shape of `sleep` of system/clock. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** 2026-01-02T03:04:05.678901234Z, so that a lost nanosecond shows. */
export const testTime: Nanoseconds = 1_767_323_045_678_901_234n;

export interface TestRunOptions {
  /** Default `testTime`. */
  readonly start?: Nanoseconds;
  /** Called with each event, before it is kept. */
  readonly onEvent?: (event: Event) => void;
}

export const createTestRun = ({ start = testTime, onEvent }: TestRunOptions = {}): TestRun => {
  const controller = new AbortController();
  const events: Event[] = [];
  const sleeps: number[] = [];
  let time = start;
  const advance = (milliseconds: number): void => {
    time += BigInt(Math.round(milliseconds * 1_000_000));
  };
  return {
    signal: controller.signal,
    events,
    sleeps,
    now: () => time,
    emit: (event) => {
      onEvent?.(event);
      events.push(event);
    },
    abort: (reason) => controller.abort(reason),
    advance,
    sleep: async (milliseconds, signal = controller.signal) => {
      if (signal.aborted) throw interrupted(signal.reason);
      sleeps.push(milliseconds);
      advance(milliseconds);
      // A true turn of the event loop, so that work that only waits for others lets them go on.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};
