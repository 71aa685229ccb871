import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerCutAt } from '../../src/backend/with-faults.ts';
import type { Backend } from '../../src/contract/backend.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { Fault, isFault } from '../../src/model/fault.ts';
import { assertUnharmed, attempt, eachOf, prepare } from './faulty-writes.ts';

const prepared = await prepare();
const whole = await attempt(prepared, () => undefined);

const run = createTestRun();

const removeAll = async (storage: Backend, kind: 'lock' | 'index'): Promise<void> => {
  for await (const page of storage.list(kind, run)) {
    for (const { name } of page) await storage.remove({ kind, name }, run);
  }
};

test('a write in which nothing goes wrong asks the storage for what it must, and no more', () => {
  const counts = new Map<string, number>();
  for (const { operation, kind = '' } of whole.calls) {
    const key = `${operation} ${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    'list lock': 1,
    'list snapshot': 1,
    'save lock': 1,
    'load snapshot': 1,
    'list index': 2,
    'load index': 1,
    'list pack': 1,
    'load pack': 2,
    'save pack': 3,
    'size pack': 3,
    'save index': 1,
    'size lock': 1,
    'save snapshot': 1,
    'size snapshot': 1,
    'remove lock': 1,
  });
});

test('a power cut at any moment leaves all that was there, and the next write succeeds', async () => {
  await eachOf(whole.calls, async ({ index }) => {
    const cut = await attempt(prepared, powerCutAt(index));
    await assertUnharmed(prepared, cut);
  });
});

test('a save or removal that fails, done or not, leaves all that was there, and the next write succeeds', async () => {
  const fault = new Fault('backend-unavailable', 'the storage does not answer, for the test');
  const changing = whole.calls.filter(({ operation }) => operation === 'save' || operation === 'remove');
  const mishaps = [
    ...changing.map(({ index, kind: object }) => ({ index, object, kind: 'fail-before' as const })),
    ...changing.map(({ index, kind: object }) => ({ index, object, kind: 'fail-after' as const })),
  ];
  await eachOf(mishaps, async ({ index, object, kind }) => {
    const failed = await attempt(prepared, (call) => (call.index === index ? { kind, fault } : undefined));
    if (object !== 'lock') assert.equal(failed.outcome, fault);
    await assertUnharmed(prepared, failed);
  });
});

test('without its lock a write makes no snapshot', async () => {
  const lost = await attempt(prepared, (call, { storage }) => {
    if (call.operation === 'save' && call.kind === 'pack' && call.turn === 0) void removeAll(storage, 'lock');
    return undefined;
  });
  assert.ok(isFault(lost.outcome, 'lock-lost'));
  await assertUnharmed(prepared, lost);
  assert.equal(
    (await Array.fromAsync(lost.backend.list('snapshot', lost.run))).flat().length,
    2,
    'the old and the next',
  );
});

test('without the index that it began with a write makes no snapshot', async () => {
  const replaced = await attempt(prepared, (call, { storage }) => {
    if (call.operation === 'save' && call.kind === 'pack' && call.turn === 0) void removeAll(storage, 'index');
    return undefined;
  });
  assert.ok(isFault(replaced.outcome, 'lock-lost'));
  assert.equal((await Array.fromAsync(replaced.backend.list('snapshot', run))).flat().length, 1);
});

test('a full disk is told as such', async () => {
  for (const kind of ['pack', 'index', 'snapshot', 'lock'] as const) {
    const fault = new Fault('disk-full', 'no space left, for the test');
    const full = await attempt(prepared, (call) =>
      call.operation === 'save' && call.kind === kind ? { kind: 'fail-before', fault } : undefined,
    );
    assert.equal(full.outcome, fault);
    await assertUnharmed(prepared, full);
  }
});
