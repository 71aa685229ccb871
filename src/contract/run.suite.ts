import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Nanoseconds } from '../model/entry.ts';
import type { Event } from '../model/event.ts';
import { isFault } from '../model/fault.ts';
import { type Run, throwIfInterrupted } from './run.ts';

export interface RunParts {
  readonly signal: AbortSignal;
  readonly emit: (event: Event) => void;
  readonly now: () => Nanoseconds;
}

/** What every implementation of Run keeps. */
export const runSuite = (name: string, makeRun: (parts: RunParts) => Run): void => {
  describe(`the run contract: ${name}`, () => {
    const quiet = (): RunParts => ({ signal: new AbortController().signal, emit: () => {}, now: () => 0n });

    test('events reach the listener in order', () => {
      const heard: Event[] = [];
      const run = makeRun({ ...quiet(), emit: (event) => heard.push(event) });
      const events: Event[] = [
        { kind: 'phase', phase: 'one' },
        { kind: 'notice', message: 'two' },
      ];
      for (const event of events) run.emit(event);
      assert.deepEqual(heard, events);
    });

    test('emit does not throw when the listener does', () => {
      const run = makeRun({
        ...quiet(),
        emit: () => {
          throw new Error('a listener that fails, for the test');
        },
      });
      run.emit({ kind: 'phase', phase: 'one' });
      run.emit({ kind: 'phase', phase: 'two' });
    });

    test('now is asked anew each time, in nanoseconds', () => {
      let time = 1_700_000_000_123_456_789n;
      const run = makeRun({ ...quiet(), now: () => time });
      assert.equal(run.now(), 1_700_000_000_123_456_789n);
      time += 1n;
      assert.equal(run.now(), 1_700_000_000_123_456_790n);
    });

    test('once the signal is aborted, throwIfInterrupted throws the Fault interrupted with the reason as its cause', () => {
      const controller = new AbortController();
      const run = makeRun({ ...quiet(), signal: controller.signal });
      throwIfInterrupted(run);
      const reason = new Error('enough');
      controller.abort(reason);
      assert.throws(
        () => throwIfInterrupted(run),
        (thrown: unknown) => isFault(thrown, 'interrupted') && thrown.cause === reason,
      );
    });
  });
};
