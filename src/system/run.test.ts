import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { runSuite } from '../contract/run.suite.ts';
import { createRun } from './run.ts';

runSuite('createRun', createRun);

test('a listener that fails is told about once, as a warning of the process', async () => {
  const failure = new Error('a listener that fails, for the test');
  let calls = 0;
  const warnings: unknown[] = [];
  const keep = (warning: unknown): void => void warnings.push(warning);
  process.on('warning', keep);
  const run = createRun({
    signal: new AbortController().signal,
    emit: () => {
      calls++;
      throw failure;
    },
  });
  const warned = once(process, 'warning');
  run.emit({ kind: 'phase', phase: 'one' });
  run.emit({ kind: 'phase', phase: 'two' });
  await warned;
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', keep);
  assert.equal(calls, 2);
  assert.deepEqual(
    warnings.filter((warning) => warning === failure),
    [failure],
  );
});

test('without a clock of its own a run tells the time of the wall', () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  const told = createRun({ signal: new AbortController().signal }).now();
  const after = BigInt(Date.now()) * 1_000_000n;
  assert.ok(before <= told && told <= after);
});
