import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  await eachOf(asking, async ({ index, kind: object }) => {
    const failed = await attempt(prepared, (call) =>
      call.index === index ? { kind: 'fail-before', fault } : undefined,
    );
    if (object !== 'lock') assert.equal(failed.outcome, fault);
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
