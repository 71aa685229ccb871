import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Backend, ObjectKind } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { isFault } from '../../../model/fault.ts';
import { checkRepository } from '../check/check.ts';
import { listNames } from '../index/index-loader.ts';
import { Repository } from '../repository.ts';
import { flippedAt, replaceObject, trustOf } from '../repository-fixture.ts';
import { applyPrune, type PruneResult } from './apply-prune.ts';
import {
  addSnapshot,
  copyOf,
  knownBlobs,
  makeRepository,
  onBackend,
  publish,
  readFiles,
  storeFiles,
} from './prune-fixture.ts';
import { pruneNoteTag } from '../../../model/snapshot.ts';
import { usualPruneOptions, type PruneOptions } from './prune-options.ts';
import { prunePlan } from './prune-plan.ts';

const hours = (count: number): number => count * 3_600_000;
const atOnce: PruneOptions = { ...usualPruneOptions, grace: 0n };
const all: PruneOptions = { ...atOnce, maxUnused: { kind: 'bytes', bytes: 0 } };

const prune = (repository: Repository, options: PruneOptions, run: TestRun): Promise<PruneResult> =>
  repository.locked(
    'exclusive',
    async () => applyPrune(repository, await prunePlan(repository, options, run), run),
    run,
  );

const text = (seed: string): string =>
  Array.from({ length: 60 }, (_, line) => `${seed} ${line * line} line ${line}\n`).join('');

const count = async (backend: Backend, kind: 'pack' | 'index' | 'snapshot' | 'lock', run: TestRun): Promise<number> =>
  (await listNames(backend, kind, run)).length;

/** Two snapshots that share a file; the first is forgotten. */
const twoSnapshots = async (run: TestRun) => {
  const repository = await makeRepository(run);
  const old = { shared: text('shared'), only: text('old') };
  const files = { shared: text('shared'), fresh: text('new') };
  const oldId = await addSnapshot(repository, old, { time: run.now() }, run);
  const newId = await addSnapshot(repository, files, { time: run.now() }, run);
  return { repository, old, files, oldId, newId, backend: repository.session.backend };
};

const forget = (repository: Repository, id: string, run: TestRun): Promise<void> =>
  repository.session.backend.remove({ kind: 'snapshot', name: id }, run);

const damageOf = async (repository: Repository, run: TestRun): Promise<number> =>
  (await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run)).damage;

describe('prune', { concurrency: true }, () => {
  test('S4: what no snapshot needs goes at once without grace, partly used packs are repacked, the rest reads whole', async () => {
    const run = createTestRun();
    const { repository, files, oldId, newId, backend } = await twoSnapshots(run);
    await forget(repository, oldId, run);
    const result = await prune(repository, all, run);
    assert.equal(result.repackedPacks, 1);
    // The old tree's pack, and the old data pack.
    assert.equal(result.removedPacks, 2);
    assert.deepEqual(await readFiles(repository, newId, run), files);
    assert.equal(await damageOf(repository, run), 0);
    const { totals } = await prunePlan(repository, all, run);
    assert.equal(totals.unused.blobs + totals.duplicate.blobs + totals.unreferenced, 0);
    assert.equal(await count(backend, 'snapshot', run), 1);
    assert.equal(await count(backend, 'lock', run), 0);
    await repository.close();
  });

  test('S4: of a blob that is there twice, the copy that stays is read back before the other goes', async () => {
    const run = createTestRun();
    const repository = await makeRepository(run);
    const { backend } = repository.session;
    const files = { one: text('one'), two: text('two') };
    await addSnapshot(repository, files, { time: run.now() }, run);
    const again = await addSnapshot(repository, files, { time: run.now(), known: () => false }, run);
    const plan = await prunePlan(repository, all, run);
    const [kept] = plan.packs.filter(({ fate }) => fate.kind === 'keep');
    assert.ok(kept);
    assert.ok(plan.toRead.size > 0);
    const good = await copyOf(backend, run);
    await replaceObject(backend, { kind: 'pack', name: kept.id }, flippedAt(20), run);
    const packs = await listNames(backend, 'pack', run);
    await assert.rejects(prune(repository, all, run), (error) => isFault(error, 'pack-damaged'));
    assert.deepEqual(await listNames(backend, 'pack', run), packs, 'nothing was removed');
    assert.equal(await damageOf(repository, run), 0, 'the other copy is whole, and listed');

    const sound = onBackend(repository, good);
    assert.ok((await prune(sound, all, run)).removedPacks > 0);
    assert.deepEqual(await readFiles(sound, again, run), files);
    await sound.close();
    await repository.close();
  });

  test('S4: with grace, packs are noted first and go a day later; then there is nothing more to do', async () => {
    const run = createTestRun();
    const { repository, files, oldId, newId, backend } = await twoSnapshots(run);
    await forget(repository, oldId, run);
    const options: PruneOptions = { ...usualPruneOptions, maxUnused: { kind: 'bytes', bytes: 0 } };
    const before = await listNames(backend, 'pack', run);
    assert.equal((await prune(repository, options, run)).removedPacks, 0);
    const noted = new Set(await listNames(backend, 'pack', run));
    assert.ok(before.every((id) => noted.has(id)));
    assert.equal(await damageOf(repository, run), 0);
    const [note] = (await repository.snapshots(run)).filter(({ tags }) => tags.includes(pruneNoteTag));
    assert.equal(note?.time.nanoseconds, 0n);
    run.advance(hours(23));
    assert.equal((await prune(repository, options, run)).removedPacks, 0);
    assert.equal(await count(backend, 'pack', run), noted.size);
    run.advance(hours(2));
    const result = await prune(repository, options, run);
    assert.equal(result.removedPacks, 2);
    assert.deepEqual(await readFiles(repository, newId, run), files);
    assert.equal(await damageOf(repository, run), 0);
    const left = await listNames(backend, 'pack', run);
    assert.deepEqual(await prune(repository, options, run), {
      repackedPacks: 0,
      newPacks: 0,
      newBytes: 0,
      removedPacks: 0,
      removedBytes: 0,
      failedPacks: 0,
    });
    assert.deepEqual(await listNames(backend, 'pack', run), left);
    await repository.close();
  });

  test('S6: where only signed notes count, one of somebody else hastens nothing and holds nothing up', async () => {
    const run = createTestRun();
    const { repository, oldId, newId, files } = await twoSnapshots(run);
    const { session, keyId } = repository;
    const others = new Repository({ ...session, options: { ...session.options, evidence: trustOf(2) } }, keyId);
    await forget(repository, oldId, run);
    const options: PruneOptions = { ...all, grace: usualPruneOptions.grace, signedNotes: true };
    await prune(others, options, run);
    run.advance(hours(25));
    assert.equal((await prune(repository, options, run)).removedPacks, 0);
    run.advance(hours(25));
    assert.ok((await prune(repository, options, run)).removedPacks > 0);
    assert.deepEqual(await readFiles(repository, newId, run), files);
    assert.equal(await damageOf(repository, run), 0);
    await repository.close();
  });

  test('S4: what came into use again is no longer noted, and begins anew when it is unused again', async () => {
    const run = createTestRun();
    const { repository, old, files, oldId, newId, backend } = await twoSnapshots(run);
    await forget(repository, oldId, run);
    await prune(repository, usualPruneOptions, run);
    run.advance(hours(23));
    const again = await addSnapshot(repository, old, { time: run.now() }, run);
    run.advance(hours(5));
    assert.equal((await prune(repository, usualPruneOptions, run)).removedPacks, 0);
    assert.deepEqual(await readFiles(repository, again, run), old);
    await forget(repository, again, run);
    // What the replaced note was stored in may go; nothing else.
    const before = await listNames(backend, 'pack', run);
    const packs = (await prunePlan(repository, usualPruneOptions, run)).packs.filter(({ removedNow }) => removedNow);
    assert.equal(packs.length, 2);
    await prune(repository, usualPruneOptions, run);
    assert.ok((await count(backend, 'pack', run)) >= before.length - 2);
    run.advance(hours(25));
    await prune(repository, usualPruneOptions, run);
    assert.deepEqual(await readFiles(repository, newId, run), files);
    assert.equal(await damageOf(repository, run), 0);
    await repository.close();
  });

  test('S4: a pack that no index lists stays for the time of grace, too: its writer may only be suspended', async () => {
    const run = createTestRun();
    const { repository, files, newId, backend } = await twoSnapshots(run);
    const known = await knownBlobs(repository, run);
    const indexes = new Set(await listNames(backend, 'index', run));
    const late = { late: text('late') };
    const tree = await storeFiles(repository, late, known, run);
    const [index = ''] = (await listNames(backend, 'index', run)).filter((name) => !indexes.has(name));
    const bytes = await backend.load({ kind: 'index', name: index }, undefined, run);
    await backend.remove({ kind: 'index', name: index }, run);
    await prune(repository, usualPruneOptions, run);
    run.advance(hours(23));
    await prune(repository, usualPruneOptions, run);
    // The writer goes on.
    await backend.save({ kind: 'index', name: index }, [bytes], run);
    const id = await publish(repository, tree, run.now(), run);
    run.advance(hours(25));
    await prune(repository, usualPruneOptions, run);
    assert.deepEqual(await readFiles(repository, id, run), late);
    assert.deepEqual(await readFiles(repository, newId, run), files);
    await repository.close();
  });

  test('S4: a writer that read the index before the prune and writes its snapshot after it finds all it relied on', async () => {
    const run = createTestRun();
    const { repository, old, oldId } = await twoSnapshots(run);
    const known = await knownBlobs(repository, run);
    await forget(repository, oldId, run);
    await prune(repository, { ...usualPruneOptions, maxUnused: { kind: 'bytes', bytes: 0 } }, run);
    run.advance(hours(20));
    const id = await addSnapshot(repository, old, { time: run.now(), known }, run);
    assert.deepEqual(await readFiles(repository, id, run), old);
    run.advance(hours(25));
    await prune(repository, usualPruneOptions, run);
    assert.deepEqual(await readFiles(repository, id, run), old);
    assert.equal(await damageOf(repository, run), 0);
    await repository.close();
  });

  test('S4: a snapshot that appears when packs are about to go stops the prune, and the packs are listed again', async () => {
    const run = createTestRun();
    const { repository, old, oldId, backend } = await twoSnapshots(run);
    const known = await knownBlobs(repository, run);
    await forget(repository, oldId, run);
    let published = '';
    const meddling: Backend = {
      ...backend,
      remove: async (handle, at) => {
        await backend.remove(handle, at);
        if (handle.kind !== 'index' || published !== '') return;
        published = await addSnapshot(repository, old, { time: run.now(), known }, run);
      },
    };
    const pruner = onBackend(repository, meddling);
    await assert.rejects(prune(pruner, all, run), (error) => isFault(error, 'lock-lost'));
    assert.deepEqual(await readFiles(repository, published, run), old);
    assert.equal(await damageOf(repository, run), 0);
    await pruner.close();
  });

  test('S4: a lock that was removed or joined by another stops the prune before it removes anything', async () => {
    for (const meddle of ['removed', 'joined'] as const) {
      const run = createTestRun();
      const { repository, files, oldId, newId, backend } = await twoSnapshots(run);
      await forget(repository, oldId, run);
      const before = await listNames(backend, 'pack', run);
      const plan = prunePlan(repository, all, run);
      await plan;
      await repository.locked(
        'exclusive',
        async () => {
          const made = await prunePlan(repository, all, run);
          const [lock = ''] = await listNames(backend, 'lock', run);
          if (meddle === 'removed') await backend.remove({ kind: 'lock', name: lock }, run);
          else await backend.save({ kind: 'lock', name: lock.replace(/^../, '00') }, [new Uint8Array(50)], run);
          await assert.rejects(applyPrune(repository, made, run), (error) =>
            isFault(error, 'lock-lost', 'repository-locked'),
          );
        },
        run,
      );
      const after = new Set(await listNames(backend, 'pack', run));
      assert.ok(before.every((id) => after.has(id)));
      assert.deepEqual(await readFiles(repository, newId, run), files);
    }
  });

  test('S4: a lock that has grown old stops the prune', async () => {
    const run = createTestRun();
    const { repository, oldId } = await twoSnapshots(run);
    await forget(repository, oldId, run);
    await repository.locked(
      'exclusive',
      async () => {
        const plan = await prunePlan(repository, all, run);
        run.advance(23 * 60_000);
        await assert.rejects(applyPrune(repository, plan, run), (error) => isFault(error, 'lock-lost'));
      },
      run,
    );
  });

  test('S4: a plan is not carried out once snapshots, index or packs have changed', async () => {
    for (const change of ['snapshot', 'index', 'pack'] as const) {
      const run = createTestRun();
      const { repository, oldId, backend, newId } = await twoSnapshots(run);
      await forget(repository, oldId, run);
      const plan = await prunePlan(repository, all, run);
      if (change === 'snapshot') await publish(repository, (await repository.snapshotFile(newId, run)).tree, 5n, run);
      else await addSnapshot(repository, { more: text('more') }, { time: run.now(), withoutSnapshot: true }, run);
      if (change === 'pack') {
        const known = new Set(plan.survey.files.keys());
        for (const name of await listNames(backend, 'index', run)) {
          if (!known.has(name)) await backend.remove({ kind: 'index', name }, run);
        }
      }
      const before = await listNames(backend, 'pack', run);
      await assert.rejects(applyPrune(repository, plan, run), (error) => isFault(error, 'lock-lost'));
      assert.deepEqual(await listNames(backend, 'pack', run), before);
    }
  });

  test('S4: a clock that is behind the newest snapshot or the last note prunes nothing; a snapshot that was only given a time does', async () => {
    const run = createTestRun();
    const { repository, oldId } = await twoSnapshots(run);
    await forget(repository, oldId, run);
    await prune(repository, usualPruneOptions, run);
    const early = createTestRun({ start: run.now() - 3_600_000_000_000n });
    await assert.rejects(prunePlan(repository, usualPruneOptions, early), (error) => isFault(error, 'configuration'));
    await addSnapshot(repository, { a: 'a' }, { time: run.now() + 3_600_000_000_000n }, run);
    await assert.rejects(prunePlan(repository, usualPruneOptions, run), (error) => isFault(error, 'configuration'));
    run.advance(hours(2));
    await prunePlan(repository, usualPruneOptions, run);
  });

  test('S4: a damaged repository is never pruned: whatever of index, snapshot, tree pack or needed pack is flipped, cut or gone', async () => {
    const base = createTestRun();
    const { repository, oldId, newId, files } = await twoSnapshots(base);
    await forget(repository, oldId, base);
    const { backend } = repository.session;
    const kinds: readonly ObjectKind[] = ['index', 'snapshot', 'pack'];
    for (const kind of kinds) {
      for (const name of await listNames(
        backend,
        kind === 'pack' ? 'pack' : kind === 'index' ? 'index' : 'snapshot',
        base,
      )) {
        for (const damage of ['flip', 'cut', 'gone'] as const) {
          const copy = await copyOf(backend, base);
          const bytes = await copy.load({ kind, name }, undefined, base);
          await copy.remove({ kind, name }, base);
          bytes[Math.floor(bytes.length / 3)] = (bytes[Math.floor(bytes.length / 3)] ?? 0) ^ 1;
          if (damage !== 'gone')
            await copy.save({ kind, name }, [damage === 'flip' ? bytes : bytes.subarray(0, -7)], base);
          const damaged = onBackend(repository, copy);
          const whole = async (): Promise<boolean> =>
            readFiles(damaged, newId, base).then(
              (found) => isDeepStrictEqual(found, files),
              () => false,
            );
          const before = { readable: await whole(), packs: await listNames(copy, 'pack', base) };
          // Without grace, so that all that prune would ever remove is at stake.
          const refused = await prunePlan(damaged, all, base)
            .then((plan) => applyPrune(damaged, plan, base))
            .then(
              () => false,
              () => true,
            );
          const after = new Set(await listNames(copy, 'pack', base));
          if (refused)
            assert.ok(
              before.packs.every((id) => after.has(id)),
              `${kind} ${damage}: refused and yet removed`,
            );
          // Of data packs that are not repacked only the sizes are looked at.
          else if (kind !== 'snapshot' && !(kind === 'pack' && damage === 'flip')) {
            assert.ok(before.readable, `${kind} ${damage}: pruned though damaged`);
          }
          assert.equal(await whole(), before.readable);
        }
      }
    }
    await repository.close();
  });
});
