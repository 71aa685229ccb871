import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { powerCutAt, withFaults } from '../../../backend/with-faults.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { checkRepository } from '../check/check.ts';
import { listNames } from '../index/index-loader.ts';
import { addSnapshot, copyOf, makeRepository, onBackend, readFiles, removeLocks } from '../prune/prune-fixture.ts';
import type { Repository } from '../repository.ts';
import { copySnapshots } from './copy-snapshots.ts';

const first = { a: 'the first message', b: 'the second', empty: '' };
const second = { a: 'the first message', c: 'x'.repeat(200_000) };

const makeEnds = async (run: TestRun) => {
  const source = await makeRepository(run);
  const target = await makeRepository(run);
  await addSnapshot(source, first, { time: 1n }, run);
  await addSnapshot(source, second, { time: 2n }, run);
  return { source, target };
};

const damageOf = async (repository: Repository, run: TestRun): Promise<number> =>
  (await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run)).damage;

describe('copy', { concurrency: true }, () => {
  test('S4: copies read whole under the other key, know where they are from, and a second copy adds nothing', async () => {
    const run = createTestRun();
    const { source, target } = await makeEnds(run);
    const snapshots = await source.snapshots(run);
    const { snapshots: copied } = await copySnapshots(source, target, snapshots, run);
    assert.deepEqual(await readFiles(target, copied[0]?.copy ?? '', run), first);
    assert.deepEqual(await readFiles(target, copied[1]?.copy ?? '', run), second);
    assert.deepEqual(
      (await target.snapshots(run)).map(({ originalId }) => originalId),
      snapshots.map(({ id }) => id),
    );
    assert.equal(await damageOf(target, run), 0);
    const packs = await listNames(target.session.backend, 'pack', run);
    const again = await copySnapshots(source, target, snapshots, run);
    assert.equal(again.blobs, 0);
    assert.deepEqual(await listNames(target.session.backend, 'pack', run), packs);
    assert.equal((await target.snapshots(run)).length, 2);
    // And back: the source has them already.
    const back = await copySnapshots(target, source, await target.snapshots(run), run);
    assert.ok(back.snapshots.every(({ copy, there }) => copy === undefined && there !== undefined));
    await Promise.all([source.close(), target.close()]);
  });

  test('S4: a repository is not copied into itself, and a damaged blob ends the copy without a snapshot', async () => {
    const run = createTestRun();
    const { source, target } = await makeEnds(run);
    assert.throws(
      () => copySnapshots(source, source, [], run),
      (error) => isFault(error, 'usage'),
    );
    const { backend } = source.session;
    const faulty = withFaults(backend, ({ operation, kind }) =>
      operation === 'load' && kind === 'pack' ? { kind: 'wrong-bytes', at: 20 } : undefined,
    );
    const damaged = onBackend(source, faulty.backend);
    await assert.rejects(copySnapshots(damaged, target, await source.snapshots(run), run), (error) =>
      isFault(error, 'blob-damaged'),
    );
    assert.deepEqual(await listNames(target.session.backend, 'snapshot', run), []);
    assert.deepEqual(await listNames(target.session.backend, 'lock', run), []);
    await Promise.all([source.close(), target.close()]);
  });

  test('S5: a copy that is cut off at any call of the target leaves it whole, and the next one completes it', async () => {
    const run = createTestRun();
    const { source, target } = await makeEnds(run);
    const snapshots = await source.snapshots(run);
    const undisturbed = withFaults(await copyOf(target.session.backend, run), () => undefined);
    await copySnapshots(source, onBackend(target, undisturbed.backend), snapshots, run);
    const attempt = async (at: number): Promise<void> => {
      const storage = await copyOf(target.session.backend, run);
      const cut = onBackend(target, withFaults(storage, powerCutAt(at)).backend);
      await copySnapshots(source, cut, snapshots, run).catch((error: unknown) => assert.ok(error instanceof Fault));
      await removeLocks(storage, run);
      const next = onBackend(target, storage);
      assert.equal(await damageOf(next, run), 0, `call ${at}`);
      await copySnapshots(source, next, snapshots, run);
      const found = await next.snapshots(run);
      assert.equal(found.length, 2, `call ${at}`);
      assert.deepEqual(await readFiles(next, found[0]?.id ?? '', run), first);
      assert.deepEqual(await readFiles(next, found[1]?.id ?? '', run), second);
    };
    await Promise.all(undisturbed.calls.map((_, at) => attempt(at)));
    await Promise.all([source.close(), target.close()]);
  });
});
