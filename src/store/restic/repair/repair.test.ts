import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { powerCutAt, withFaults } from '../../../backend/with-faults.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { Fault } from '../../../model/fault.ts';
import { checkRepository } from '../check/check.ts';
import { formatConfig } from '../format/config.ts';
import { listNames } from '../index/index-loader.ts';
import { addSnapshot, copyOf, makeRepository, onBackend, readFiles, removeLocks } from '../prune/prune-fixture.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import { rewriteSnapshots } from '../rewrite/rewrite-snapshots.ts';
import { isIndexSound, repairIndex, repairIndexPlan } from './repair-index.ts';
import { repairPacks } from './repair-packs.ts';
import { repairSnapshots } from './repair-snapshots.ts';
import { upgradeConfig } from './upgrade-config.ts';

const first = { a: 'the first message', b: 'the second' };
const second = { a: 'the first message', c: 'another '.repeat(500) };

const makeWorld = async (run: TestRun) => {
  const repository = await makeRepository(run);
  const firstId = await addSnapshot(repository, first, { time: 1n }, run);
  const secondId = await addSnapshot(repository, second, { time: 2n }, run);
  return { repository, firstId, secondId, backend: repository.session.backend };
};

const damageOf = async (repository: Repository, run: TestRun): Promise<number> =>
  (await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run)).damage;

const mendIndex = (repository: Repository, readAll: boolean, run: TestRun) =>
  repository.locked(
    'exclusive',
    async () => repairIndex(repository, await repairIndexPlan(repository, { readAll }, run), run),
    run,
  );

const damage = async (backend: Backend, kind: 'index' | 'pack', name: string, run: TestRun): Promise<void> => {
  const bytes = await backend.load({ kind, name }, undefined, run);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  await backend.remove({ kind, name }, run);
  await backend.save({ kind, name }, [bytes], run);
};

describe('repair', { concurrency: true }, () => {
  test('an index that is lost, damaged or says too much is made anew from the packs', async () => {
    for (const mishap of ['lost', 'damaged', 'missing pack', 'all'] as const) {
      const run = createTestRun();
      const { repository, firstId, secondId, backend } = await makeWorld(run);
      const extra = await addSnapshot(repository, { x: 'no longer needed' }, { time: 3n }, run);
      const [index = ''] = await listNames(backend, 'index', run);
      if (mishap === 'lost') await backend.remove({ kind: 'index', name: index }, run);
      if (mishap === 'damaged') await damage(backend, 'index', index, run);
      if (mishap === 'missing pack') {
        const packs = await listNames(backend, 'pack', run);
        await backend.remove({ kind: 'snapshot', name: extra }, run);
        for (const name of packs.slice(-2)) await backend.remove({ kind: 'pack', name }, run);
      }
      const result = await mendIndex(repository, mishap === 'all', run);
      assert.deepEqual(result.unreadablePacks, []);
      assert.equal(await damageOf(repository, run), 0, mishap);
      assert.deepEqual(await readFiles(repository, firstId, run), first);
      assert.deepEqual(await readFiles(repository, secondId, run), second);
      assert.ok(isIndexSound(await repairIndexPlan(repository, { readAll: false }, run)));
      await repository.close();
    }
  });

  test('S5: mending the index may be cut off at any call', async () => {
    const run = createTestRun();
    const { repository, backend, firstId } = await makeWorld(run);
    const [index = ''] = await listNames(backend, 'index', run);
    await damage(backend, 'index', index, run);
    const whole = withFaults(await copyOf(backend, run), () => undefined);
    await mendIndex(onBackend(repository, whole.backend), false, run);
    const attempt = async (at: number): Promise<void> => {
      const storage = await copyOf(backend, run);
      const cut = onBackend(repository, withFaults(storage, powerCutAt(at)).backend);
      await mendIndex(cut, false, run).catch((error: unknown) => assert.ok(error instanceof Fault));
      await removeLocks(storage, run);
      const next = onBackend(repository, storage);
      await mendIndex(next, false, run);
      assert.equal(await damageOf(next, run), 0, `call ${at}`);
      assert.deepEqual(await readFiles(next, firstId, run), first);
    };
    await Promise.all(whole.calls.map((_, at) => attempt(at)));
    await repository.close();
  });

  test('what is readable of a damaged pack is saved, the rest leaves the snapshots, and then the repository is sound', async () => {
    const run = createTestRun();
    const { repository, backend, firstId, secondId } = await makeWorld(run);
    const { table, packs } = await repository.index(run);
    const { tree } = await repository.snapshotFile(firstId, run);
    const data = new Set(packs.ids());
    const slot = table.find('tree', Buffer.from(tree, 'hex'));
    data.delete(packs.idOf(table.location(slot ?? 0)?.pack ?? 0) ?? '');
    repository.forgetIndex();
    // The first pack of data: its first blob is `a`, which both snapshots need.
    const [pack = ''] = [...data];
    await damage(backend, 'pack', pack, run);
    const kept: Uint8Array[] = [];
    const [salvaged] = await repository.locked(
      'exclusive',
      () => repairPacks(repository, [pack], async ({ bytes }) => void kept.push(bytes), run),
      run,
    );
    assert.partialDeepStrictEqual(salvaged, { readable: 1, lost: 1 });
    assert.equal(kept.length, 1);
    assert.ok(!(await listNames(backend, 'pack', run)).includes(pack));
    const snapshots = await repository.snapshots(run);
    const mended = await repository.locked(
      'shared',
      () => repairSnapshots(repository, snapshots, { forget: false, dryRun: false }, run),
      run,
    );
    const ids = new Map(mended.map(({ snapshot, newId }) => [snapshot.id, newId ?? '']));
    assert.deepEqual(await readFiles(repository, ids.get(firstId) ?? '', run), { b: first.b });
    assert.deepEqual(await readFiles(repository, ids.get(secondId) ?? '', run), { c: second.c });
    const file = await repository.snapshotFile(ids.get(firstId) ?? '', run);
    assert.deepEqual([file.tags, file.originalId], [['repaired'], firstId]);
    assert.equal((await repository.snapshots(run)).length, 4);
    const old = [firstId, secondId];
    const damaged = (await repository.snapshots(run)).filter(({ id }) => old.includes(id));
    await repository.locked(
      'exclusive',
      () => repairSnapshots(repository, damaged, { forget: true, dryRun: false }, run),
      run,
    );
    assert.equal(await damageOf(repository, run), 0);
    await repository.close();
  });

  test('rewrite leaves out what is excluded, keeps the rest byte for byte, and a dry run stores nothing', async () => {
    const run = createTestRun();
    const { repository, firstId, secondId } = await makeWorld(run);
    const snapshots = await repository.snapshots(run);
    const options = {
      rules: {
        exact: true,
        keeps: ({ entry }: { readonly entry: { readonly name: string } }) => entry.name !== 'b',
        onUnreadable: (fault: Fault) => {
          throw fault;
        },
      },
      tag: 'rewrite',
      forget: true,
    };
    const plan = await rewriteSnapshots(repository, snapshots, { ...options, dryRun: true }, run);
    assert.deepEqual(
      plan.map(({ outcome }) => outcome),
      ['changed', 'unchanged'],
    );
    assert.deepEqual(
      (await repository.snapshots(run)).map(({ id }) => id),
      [firstId, secondId],
    );
    await repository.locked(
      'exclusive',
      () => rewriteSnapshots(repository, snapshots, { ...options, dryRun: false }, run),
      run,
    );
    const [rewritten, untouched] = await repository.snapshots(run);
    assert.deepEqual(await readFiles(repository, rewritten?.id ?? '', run), { a: first.a });
    assert.equal(rewritten?.originalId, firstId);
    assert.equal(untouched?.id, secondId);
    assert.equal(await damageOf(repository, run), 0);
    await repository.close();
  });

  test('an upgrade to version 2 leaves, wherever it fails, a config or a copy of it', async () => {
    const run = createTestRun();
    const { repository, backend } = await makeWorld(run);
    const { envelope, config, options } = repository.session;
    const handle = { kind: 'config', name: '' } as const;
    await backend.remove(handle, run);
    await backend.save(handle, [envelope.seal(formatConfig({ ...config, version: 1 }))], run);
    const open = (storage: Backend): Promise<Repository> =>
      openRepository(storage, { ...options, password: 'only a test' }, run);
    for (const failing of ['nothing', 'save', 'remove', 'power'] as const) {
      const storage = await copyOf(backend, run);
      const faulty = withFaults(storage, ({ operation, kind, turn }) => {
        if (kind !== 'config' || turn !== 0 || (operation !== 'save' && operation !== 'remove')) return undefined;
        if (failing === 'power') return operation === 'save' ? { kind: 'power-cut' } : undefined;
        return operation === failing ? { kind: 'fail-before', fault: new Fault('io-failed', 'no') } : undefined;
      });
      const old = await open(faulty.backend);
      let copy: Uint8Array | undefined;
      const upgrading = old.locked(
        'exclusive',
        () => upgradeConfig(old, async (sealed) => ((copy = sealed), 'here'), run),
        run,
      );
      if (failing === 'nothing') await upgrading;
      else await assert.rejects(upgrading, Fault);
      if (failing === 'power') await storage.save(handle, [copy ?? new Uint8Array(0)], run);
      const after = await open(storage);
      assert.equal(after.session.config.version, failing === 'nothing' ? 2 : 1, failing);
      assert.equal(after.id, repository.id);
      assert.deepEqual(copy, await backend.load(handle, undefined, run));
    }
    await repository.close();
  });
});
