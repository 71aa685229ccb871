import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withRetry } from '../../src/backend/with-retry.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { Fault, isFault } from '../../src/model/fault.ts';
import { assertUnharmed, attempt, eachOf, prepare } from '../journey/faulty-writes.ts';

/* The rest of test/journey/write-faults.test.ts, which would take too long there. */

const prepared = await prepare();
const whole = await attempt(prepared, () => undefined);
const run = createTestRun();

test('a question that fails leaves all that was there, and the next write succeeds', async () => {
  const fault = new Fault('backend-unavailable', 'the storage does not answer, for the test');
  const asking = whole.calls.filter(({ operation }) => operation !== 'save' && operation !== 'remove');
  await eachOf(asking, async ({ index, kind: object, operation }) => {
    const failed = await attempt(prepared, (call) =>
      call.index === index ? { kind: 'fail-before', fault } : undefined,
    );
    // Snapshots are listed ahead, and this write, which was given its parent, does not need the answer.
    const isNeeded = object !== 'lock' && !(operation === 'list' && object === 'snapshot');
    if (isNeeded) assert.equal(failed.outcome, fault);
    await assertUnharmed(prepared, failed);
  });
});

test('an interruption at any moment leaves all that was there, and no lock', async () => {
  await eachOf(whole.calls, async ({ index }) => {
    const stopped = await attempt(prepared, (call, { run: itsRun }) => {
      if (call.index === index) itsRun.abort();
      return undefined;
    });
    const isOver = index >= whole.calls.length - 2;
    if (!isOver) assert.ok(isFault(stopped.outcome, 'interrupted'), String(index));
    assert.deepEqual((await Array.fromAsync(stopped.backend.list('lock', run))).flat(), []);
    await assertUnharmed(prepared, stopped);
  });
});

const changing = whole.calls.filter(({ operation }) => operation === 'save' || operation === 'remove');
const saving = whole.calls.filter(({ operation, kind }) => operation === 'save' && kind !== 'lock');

test('a save or removal that is done, whose answer is lost, and that is done again, is done once', async () => {
  const fault = new Fault('backend-unavailable', 'the answer is lost, for the test', { retry: true });
  await eachOf(changing, async ({ index, operation, kind }) => {
    const again = await attempt(
      prepared,
      (call) => (call.index === index ? { kind: 'fail-after', fault } : undefined),
      (faulty, { sleep }) => withRetry(faulty, { random: () => 0, sleep }),
    );
    const { outcome } = again;
    assert.ok(
      !(outcome instanceof Fault),
      `${operation} ${kind ?? ''}: ${outcome instanceof Fault ? outcome.message : ''}`,
    );
    await assertUnharmed(prepared, again);
  });
});

for (const lie of [{ kind: 'lost-save' }, { kind: 'short-save', by: 1 }, { kind: 'short-save', by: 1e9 }] as const) {
  test(`a storage that says “saved” and has ${lie.kind === 'lost-save' ? 'nothing' : 'less'} is not believed: no snapshot is made`, async () => {
    await eachOf(saving, async ({ kind: object, turn }) => {
      const lied = await attempt(prepared, ({ operation, ...call }) =>
        operation === 'save' && call.kind === object && call.turn === turn ? lie : undefined,
      );
      assert.ok(isFault(lied.outcome, 'backend-misbehaved'), String(object));
      assert.equal((await Array.fromAsync(lied.backend.list('snapshot', run))).flat().length, 1);
      await assertUnharmed(prepared, lied);
    });
  });
}

test('without the lock that the storage said it had, no snapshot is made', async () => {
  const lied = await attempt(prepared, ({ operation, kind }) =>
    operation === 'save' && kind === 'lock' ? { kind: 'lost-save' } : undefined,
  );
  assert.ok(isFault(lied.outcome, 'lock-lost'));
  await assertUnharmed(prepared, lied);
});

test('a storage that never answers can be left at any call, and nothing is harmed', async () => {
  const beforeTheEnd = whole.calls.slice(0, -1);
  await eachOf(beforeTheEnd, async ({ index }) => {
    const left = await attempt(prepared, (call, { run: itsRun }) => {
      if (call.index !== index) return undefined;
      setTimeout(() => itsRun.abort(), 10);
      return { kind: 'silent' };
    });
    assert.ok(isFault(left.outcome, 'interrupted'), String(index));
    await assertUnharmed(prepared, left);
  });
});

test('a storage that answers late is waited for', async () => {
  const late = await attempt(prepared, () => ({ kind: 'slow', milliseconds: 20 }));
  assert.ok(!(late.outcome instanceof Fault));
  await assertUnharmed(prepared, late);
});
