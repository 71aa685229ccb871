import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Call, type Mishap, powerCutAt, withFaults } from '../../../backend/with-faults.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { Fault } from '../../../model/fault.ts';
import { checkRepository } from '../check/check.ts';
import type { Repository } from '../repository.ts';
import { applyPrune } from './apply-prune.ts';
import {
  addSnapshot,
  copyOf,
  type Files,
  knownBlobs,
  makeRepository,
  onBackend,
  readFiles,
  removeLocks,
} from './prune-fixture.ts';
import { usualPruneOptions, type PruneOptions } from './prune-options.ts';
import { prunePlan } from './prune-plan.ts';

const nothingUnused = { kind: 'bytes', bytes: 0 } as const;
const atOnce: PruneOptions = { ...usualPruneOptions, grace: 0n, maxUnused: nothingUnused };
const withGrace: PruneOptions = { ...usualPruneOptions, maxUnused: nothingUnused };

const prune = (repository: Repository, options: PruneOptions, run: TestRun): Promise<unknown> =>
  repository.locked(
    'exclusive',
    async () => applyPrune(repository, await prunePlan(repository, options, run), run),
    run,
  );

const text = (seed: string): string =>
  Array.from({ length: 40 }, (_, line) => `${seed} ${line} and ${line * 7}\n`).join('');

interface World {
  readonly repository: Repository;
  readonly kept: ReadonlyMap<string, Files>;
  readonly run: TestRun;
}

/** Partly used packs, unused ones, a duplicate, an orphan; with `noted`, a first prune has noted them a day ago. */
const makeWorld = async (noted: boolean): Promise<World> => {
  const run = createTestRun();
  const repository = await makeRepository(run);
  const { backend } = repository.session;
  const gone = [{ a: text('a'), b: text('b') }, { c: text('c') }, { b: text('b'), d: text('d'), e: text('e') }];
  const goneIds: string[] = [];
  for (const files of gone) goneIds.push(await addSnapshot(repository, files, { time: run.now() }, run));
  const kept = new Map<string, Files>();
  for (const files of [
    { a: text('a'), x: text('x') },
    { d: text('d'), y: text('y'), empty: '' },
  ]) {
    kept.set(await addSnapshot(repository, files, { time: run.now() }, run), files);
  }
  // Stored again by a writer that did not know of it.
  await addSnapshot(repository, { x: text('x') }, { time: run.now(), known: () => false, withoutSnapshot: true }, run);
  for (const name of goneIds) await backend.remove({ kind: 'snapshot', name }, run);
  if (noted) {
    await prune(repository, withGrace, run);
    // Something for the next note.
    const last = await addSnapshot(repository, { z: text('z') }, { time: run.now() }, run);
    await backend.remove({ kind: 'snapshot', name: last }, run);
    run.advance(25 * 3_600_000);
  }
  return { repository, kept, run };
};

const assertWhole = async (repository: Repository, { kept, run }: World, when: string): Promise<void> => {
  for (const [id, files] of kept) assert.deepEqual(await readFiles(repository, id, run), files, when);
  const report = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
  assert.equal(report.damage, 0, when);
};

/** After the mishap everything reads whole; the next prune runs through, and leaves what an undisturbed one leaves. */
const assertContinues = async (world: World, backend: Backend, options: PruneOptions, when: string): Promise<void> => {
  const { run } = world;
  await removeLocks(backend, run);
  const next = onBackend(world.repository, backend);
  await assertWhole(next, world, when);
  await prune(next, options, run);
  await assertWhole(next, world, `${when}, then pruned`);
  if (options.grace === 0n) {
    const { totals } = await prunePlan(next, options, run);
    assert.equal(totals.removedNow.packs + totals.waiting.packs, 0, `${when}: something is left`);
  }
  await next.close();
};

/** How many calls an undisturbed prune makes. */
const callsOf = async (world: World, options: PruneOptions): Promise<readonly Call[]> => {
  const { backend, calls } = withFaults(await copyOf(world.repository.session.backend, world.run), () => undefined);
  const repository = onBackend(world.repository, backend);
  await prune(repository, options, world.run);
  await repository.close();
  return calls;
};

const atATime = 64;

const forEachCall = async (
  world: World,
  options: PruneOptions,
  decide: (at: number) => (call: Call) => Mishap | undefined,
): Promise<number> => {
  const calls = await callsOf(world, options);
  const attempt = async (at: number): Promise<void> => {
    const storage = await copyOf(world.repository.session.backend, world.run);
    const faulty = withFaults(storage, decide(at));
    const broken = onBackend(world.repository, faulty.backend);
    const what = `${calls[at]?.operation ?? ''} ${calls[at]?.kind ?? ''} (call ${at})`;
    // A failure of the lock's removal is only told.
    await prune(broken, options, world.run).catch((error: unknown) => assert.ok(error instanceof Fault, String(error)));
    await assertContinues(world, storage, options, what);
  };
  for (let from = 0; from < calls.length; from += atATime) {
    const chunk = Array.from({ length: Math.min(atATime, calls.length - from) }, (_, at) => from + at);
    await Promise.all(chunk.map(attempt));
  }
  return calls.length;
};

const outage = new Fault('backend-unavailable', 'the storage does not answer', { retry: true });

describe('a prune that is interrupted', { concurrency: true }, () => {
  for (const [name, noted, options] of [
    ['without grace', false, atOnce],
    ['that notes', false, withGrace],
    ['that removes what was noted', true, withGrace],
  ] as const) {
    test(`S5: ${name}, by a power cut at any call, loses nothing and is continued by the next`, async () => {
      const calls = await forEachCall(await makeWorld(noted), options, powerCutAt);
      assert.ok(calls > 20);
    });
  }

  for (const kind of ['fail-before', 'fail-after'] as const) {
    const what = kind === 'fail-before' ? 'fails' : 'was done and its answer lost';
    test(`S5: by one call that ${what}, loses nothing and is continued by the next`, async () => {
      const changes = (call: Call): boolean => call.operation === 'save' || call.operation === 'remove';
      await forEachCall(
        await makeWorld(true),
        atOnce,
        (at) => (call) =>
          call.index === at && (kind === 'fail-before' || changes(call)) ? { kind, fault: outage } : undefined,
      );
    });
  }

  test('S5: by a load that gives a wrong byte, removes nothing that is needed', async () => {
    const world = await makeWorld(false);
    const calls = await callsOf(world, atOnce);
    const attempt = async ({ index }: Call): Promise<void> => {
      const storage = await copyOf(world.repository.session.backend, world.run);
      const faulty = withFaults(storage, (call) =>
        call.index === index ? { kind: 'wrong-bytes', at: 20 } : undefined,
      );
      const broken = onBackend(world.repository, faulty.backend);
      const refused = await prune(broken, atOnce, world.run).then(
        () => false,
        () => true,
      );
      // A byte that nobody looks at, beside the header of a pack, changes nothing.
      const removed = faulty.calls.some(({ operation, kind }) => operation === 'remove' && kind === 'pack');
      assert.equal(refused, !removed, `call ${index}`);
      for (const [id, files] of world.kept) assert.deepEqual(await readFiles(broken, id, world.run), files);
    };
    const loads = calls.filter(({ operation, kind }) => operation === 'load' && kind !== 'lock');
    await Promise.all(loads.map(attempt));
  });

  test('S5: a writer that publishes at any moment of a prune that notes is not hurt, nor by the prune that follows a day later', async () => {
    const world = await makeWorld(false);
    const calls = await callsOf(world, withGrace);
    const files = { b: text('b'), c: text('c') };
    const attempt = async (at: number): Promise<void> => {
      const run = createTestRun();
      const storage = await copyOf(world.repository.session.backend, run);
      const writer = onBackend(world.repository, storage);
      const known = await knownBlobs(writer, run);
      let id = '';
      let index = 0;
      const before = async (): Promise<void> => {
        if (index++ === at) id = await addSnapshot(writer, files, { time: run.now(), known }, run);
      };
      const meddling: Backend = {
        ...storage,
        load: async (handle, range, by) => before().then(() => storage.load(handle, range, by)),
        save: async (handle, parts, by) => before().then(() => storage.save(handle, parts, by)),
        remove: async (handle, by) => before().then(() => storage.remove(handle, by)),
      };
      const pruner = onBackend(world.repository, meddling);
      await prune(pruner, withGrace, run).catch((error: unknown) => assert.ok(error instanceof Fault, String(error)));
      if (id === '') return;
      assert.deepEqual(await readFiles(writer, id, run), files, `before call ${at}`);
      run.advance(25 * 3_600_000);
      await prune(writer, withGrace, run);
      assert.deepEqual(await readFiles(writer, id, run), files, `before call ${at}, a day later`);
      await assertWhole(writer, { ...world, run }, `before call ${at}`);
    };
    for (let from = 0; from < calls.length; from += atATime) {
      await Promise.all(Array.from({ length: atATime }, (_, at) => attempt(from + at)));
    }
  });
});
