import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { memoryComponent } from './dated-store-fixture.ts';
import { createPace, pacedComponent } from './paced-component.ts';

test('B10: work and rest take turns, so that the share of the processors is kept on average', async () => {
  const run = createTestRun();
  let computed = 0;
  const pace = createPace(
    { cpu: 0.3, processors: 2, bandwidth: undefined },
    { computed: () => computed, sleep: run.sleep },
  );
  const begun = run.now();
  for (let turn = 0; turn < 200; turn++) {
    await pace(0, run);
    // Both processors are busy for 100 ms.
    computed += 200;
    run.advance(100);
  }
  await pace(0, run);
  const passed = Number(run.now() - begun) / 1_000_000;
  assert.ok(computed / (2 * passed) < 0.33 && computed / (2 * passed) > 0.27, String(computed / (2 * passed)));
});

test('B10: bytes are read no faster than the bandwidth on average', async () => {
  const run = createTestRun();
  const pace = createPace({ cpu: 1, processors: 2, bandwidth: 1000 }, { computed: () => 0, sleep: run.sleep });
  const begun = run.now();
  for (let turn = 0; turn < 20; turn++) await pace(500, run);
  for (let turn = 0; turn < 20; turn++) await pace(0, run);
  assert.ok(Number(run.now() - begun) / 1e9 > 9.9);
});

test('B10: without limits nobody waits, and an interruption ends a pause', async () => {
  const run = createTestRun();
  const free = createPace({ cpu: 1, processors: 2, bandwidth: undefined }, { computed: () => 1e9, sleep: run.sleep });
  await free(1e12, run);
  assert.deepEqual(run.sleeps, []);
  const slow = createPace({ cpu: 1, processors: 1, bandwidth: 1 }, { computed: () => 0, sleep: run.sleep });
  run.abort();
  await assert.rejects(slow(1000, run));
});

test('B10: a component is the same tree whatever its pace', async () => {
  const run = createTestRun();
  const component = memoryComponent('mail', memoryDirectory({ one: memoryFile('1234567890') }));
  const pace = createPace({ cpu: 1, processors: 1, bandwidth: 10 }, { computed: () => 0, sleep: run.sleep });
  const source = await pacedComponent(component, pace).open(run);
  assert.deepEqual((await recordCapture(source, undefined, run)).paths(), ['one']);
  assert.deepEqual(run.sleeps, [1000]);
});
