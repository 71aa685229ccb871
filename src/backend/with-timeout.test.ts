import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../contract/backend.ts';
import { backendSuite } from '../contract/backend.suite.ts';
import { createTestRun } from '../contract/test-run.ts';
import { isFault } from '../model/fault.ts';
import { createMemoryBackend } from './memory.ts';
import { withTimeout } from './with-timeout.ts';

backendSuite('memory, with a timeout', async () => ({
  backend: withTimeout(createMemoryBackend(), { patience: 60_000 }),
  cleanup: async () => {},
}));

const handle = { kind: 'lock', name: 'a'.repeat(64) } as const;

/** Storage that takes calls and never answers, nor listens to being cancelled. */
const hanging = (): Backend => {
  const never = (): Promise<never> => new Promise(() => {});
  return {
    ...createMemoryBackend(),
    create: never,
    size: never,
    save: never,
    load: never,
    remove: never,
    async *list() {
      await never();
      yield [];
    },
  };
};

test('S2: a call that hangs ends as storage that is not available, and may be tried again', async () => {
  const backend = withTimeout(hanging(), { patience: 5, slowest: 1e9 });
  const run = createTestRun();
  const calls: readonly (() => Promise<unknown>)[] = [
    () => backend.create(run),
    () => backend.size(handle, run),
    () => backend.save(handle, [new Uint8Array(3)], run),
    () => backend.load(handle, { start: 0, length: 3 }, run),
    () => backend.remove(handle, run),
    () => Array.fromAsync(backend.list('lock', run)),
  ];
  for (const call of calls) {
    await assert.rejects(call(), (error: unknown) => isFault(error, 'backend-unavailable') && error.retry);
  }
});

test('S2: what carries bytes is given the time that they take on a slow line', async () => {
  const memory = createMemoryBackend();
  const slow: Backend = {
    ...memory,
    save: async (to, parts, run) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await memory.save(to, parts, run);
    },
  };
  await withTimeout(slow, { patience: 1, slowest: 1 }).save(handle, [new Uint8Array(3000)], createTestRun());
});

test('S2: who is interrupted is told so, and not that the storage hangs', async () => {
  const run = createTestRun();
  const listening: Backend = {
    ...createMemoryBackend(),
    size: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  const asked = withTimeout(listening, { patience: 60_000 }).size(handle, run);
  run.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
});
