import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Source } from '../contract/source.ts';
import type { Target } from '../contract/target.ts';
import { createTestRun } from '../contract/test-run.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { createMemoryPlace, createMemoryTarget } from '../protocol/memory/target.ts';
import { restore, type RestoreOptions } from './restore.ts';

const tree = memoryDirectory({ a: memoryDirectory({ b: memoryFile('b') }), c: memoryFile('c') });
const yes: RestoreOptions = { dryRun: false, verify: true, confirm: async () => true };

const pathsIn = async (source: Source): Promise<number> =>
  (await Array.fromAsync(source.capture(undefined, createTestRun()))).length;

describe('restore', () => {
  test('plans, asks, applies and verifies', async () => {
    const asked: number[] = [];
    const confirm: RestoreOptions['confirm'] = async ({ create }) => {
      asked.push(create.files);
      return true;
    };
    const target = createMemoryTarget({ overwrite: 'if-changed' });
    const report = await restore(createMemorySource(tree), target, { ...yes, confirm }, createTestRun());
    assert.equal(report.outcome, 'restored');
    assert.deepEqual(asked, [2]);
    assert.deepEqual(report.report?.written, { files: 2, directories: 1, bytes: 2 });
    assert.deepEqual(report.verification, { differences: 0, listed: [] });
  });

  for (const [what, options, outcome] of [
    ['a dry run only plans', { ...yes, dryRun: true }, 'planned'],
    ['what is not confirmed is not done', { ...yes, confirm: async () => false }, 'declined'],
  ] as const) {
    test(what, async () => {
      const target = createMemoryTarget({ overwrite: 'if-changed' });
      const report = await restore(createMemorySource(tree), target, options, createTestRun());
      assert.equal(report.outcome, outcome);
      assert.equal(report.plan.create.files, 2);
      assert.equal(await pathsIn(target), 1);
    });
  }

  test('verification finds what the target holds wrongly, and overlooks what it has besides', async () => {
    const place = createMemoryPlace();
    const run = createTestRun();
    const before = createMemorySource(memoryDirectory({ besides: memoryFile('x') }));
    await restore(before, createMemoryTarget({ overwrite: 'always', place }), yes, run);
    const honest = createMemoryTarget({ overwrite: 'if-changed', place });
    const lying: Target = {
      ...honest,
      capture: (base, run) =>
        createMemorySource(memoryDirectory({ c: memoryFile('C'), more: memoryFile('') })).capture(base, run),
      read: (requests, pieces, run) => createMemorySource(tree).read(requests, pieces, run),
    };
    assert.equal((await restore(createMemorySource(tree), honest, yes, run)).verification?.differences, 0);
    const { verification } = await restore(createMemorySource(tree), lying, yes, run);
    assert.deepEqual(verification?.listed.map(({ kind, path }) => `${kind} ${path}`).sort(), [
      'content c',
      'removed a',
      'removed a/b',
    ]);
    const faults = run.events.filter((event) => event.kind === 'fault');
    assert.deepEqual(new Set(faults.map(({ fault }) => fault.code)), new Set(['verification-failed']));
  });

  test('refusals of the plan are told as faults when it is applied', async () => {
    const run = createTestRun();
    const hostile = createMemorySource(memoryDirectory({ '..': memoryFile('x') }));
    const { report } = await restore(
      hostile,
      createMemoryTarget({ overwrite: 'always' }),
      { ...yes, verify: false },
      run,
    );
    assert.equal(report?.failed, 1);
    assert.ok(run.events.some((event) => event.kind === 'fault' && event.fault.code === 'target-unsafe'));
  });
});
