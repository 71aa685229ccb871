import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryBackend } from '../../backend/memory.ts';
import { powerCutAt, withFaults } from '../../backend/with-faults.ts';
import type { Backend } from '../../contract/backend.ts';
import { daysLater, description } from '../../contract/store-fixture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { compare } from '../../operation/compare.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { checkAll, inventoryOf, testOptions } from './repository-fixture.ts';
import { type InitOptions, initRepository } from './init-repository.ts';
import { openRepository } from './open-repository.ts';
import type { Repository } from './repository.ts';

const makeRepository = async (
  backend: Backend,
  wrap: (backend: Backend) => Backend = (inner) => inner,
  options: Partial<InitOptions> = {},
): Promise<Repository> => {
  const all = { ...testOptions, ...options };
  await initRepository(backend, all, createTestRun());
  return openRepository(wrap(backend), all, createTestRun());
};

const tree = (seed: number) =>
  memoryDirectory(
    Object.fromEntries(
      Array.from({ length: 12 }, (_, file) => {
        const content = Uint8Array.from({ length: 50_000 }, (_, at) => (at * at * (file + 3) * seed) >>> 7);
        return [`file ${file}`, memoryFile(content)];
      }),
    ),
  );

test('what failed to load once is loaded again', async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  let failing = true;
  const fault = new Fault('backend-unavailable', 'the storage does not answer, for the test');
  const repository = await makeRepository(
    backend,
    (inner) =>
      withFaults(inner, ({ operation, kind }) =>
        failing && operation === 'list' && kind === 'index' ? { kind: 'fail-before', fault } : undefined,
      ).backend,
  );
  const source = createMemorySource(tree(1));
  await assert.rejects(repository.write(source, { description }, run), (thrown) => thrown === fault);
  failing = false;
  assert.ok((await repository.write(source, { description }, run)).snapshot !== undefined);
  await repository.close();
});

test('nothing is on its way to the storage any more when a failed write ends', async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  let saving = 0;
  let saves = 0;
  let most = 0;
  const slow = (inner: Backend): Backend => ({
    ...inner,
    save: async (handle, parts, itsRun) => {
      if (handle.kind !== 'pack') return inner.save(handle, parts, itsRun);
      most = Math.max(most, ++saving);
      try {
        if (++saves === 2) throw new Fault('disk-full', 'no space left, for the test');
        await new Promise((resolve) => setTimeout(resolve, 300));
        await inner.save(handle, parts, itsRun);
      } finally {
        saving--;
      }
    },
  });
  const repository = await makeRepository(backend, slow, { packSize: 100_000 });
  await assert.rejects(repository.write(createMemorySource(tree(2)), { description }, run), (thrown) =>
    isFault(thrown, 'disk-full'),
  );
  assert.ok(most > 1, 'several packs were under way');
  assert.equal(saving, 0);
  await repository.close();
});

test('a parent that was opened before an earlier write is known as it is now', async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  const repository = await makeRepository(backend);
  const first = await repository.write(createMemorySource(tree(3)), { description }, run);
  const parent = await repository.open(first.snapshot?.id ?? '', run);
  await repository.write(createMemorySource(memoryDirectory({})), { description, dryRun: true }, run);
  // All data is lost while the parent is open.
  for (const name of await inventoryOf(backend, run)) {
    const [kind, id = ''] = name.split(' ');
    if (kind === 'pack') await backend.remove({ kind, name: id }, run);
  }
  const options = { description: daysLater(1), parent };
  const { snapshot } = await repository.write(createMemorySource(tree(3)), options, run);
  const stored = await repository.open(snapshot?.id ?? '', run);
  const differences = compare(createMemorySource(tree(3)), stored, { metadata: true, contents: 'read' }, run);
  assert.deepEqual(await Array.fromAsync(differences), []);
  await repository.close();
});

test('B8: who asks for no lock gets none for reading, and one for writing', async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  const locks: string[] = [];
  const seen = (inner: Backend): Backend =>
    withFaults(inner, ({ operation, kind }) => {
      if (kind === 'lock') locks.push(operation);
      return undefined;
    }).backend;
  const repository = await makeRepository(backend, seen, { noLock: true });
  await repository.guarded(() => repository.snapshots(run), run);
  assert.equal(locks.length, 0);
  await repository.write(createMemorySource(tree(4)), { description, dryRun: true }, run);
  assert.equal(locks.length, 0);
  await repository.write(createMemorySource(tree(4)), { description }, run);
  assert.ok(locks.includes('save') && locks.includes('remove'));
  await repository.close();
});

test('two that write the same at once both have whole snapshots, and every blob is found wherever it is whole', async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  const one = await makeRepository(backend);
  const other = await openRepository(backend, testOptions, run);
  const results = await Promise.all(
    [one, other].map((repository) => repository.write(createMemorySource(tree(5)), { description }, run)),
  );
  assert.deepEqual((await checkAll(one)).faults, []);
  const packs = (await inventoryOf(backend, run)).filter((name) => name.startsWith('pack '));
  assert.equal(packs.length, 4, 'both stored everything');
  for (const lost of packs.slice(0, 1)) await backend.remove({ kind: 'pack', name: lost.slice(5) }, run);
  const later = await openRepository(backend, testOptions, run);
  for (const { snapshot } of results) {
    const stored = await later.open(snapshot?.id ?? '', run);
    const differences = compare(createMemorySource(tree(5)), stored, { metadata: true, contents: 'read' }, run);
    assert.deepEqual(await Array.fromAsync(differences), []);
  }
  for (const repository of [one, other, later]) await repository.close();
});

test("a repository whose storage is gone for good fails with the storage's Fault", async () => {
  const backend = createMemoryBackend();
  const run = createTestRun();
  await initRepository(backend, testOptions, run);
  const cut = withFaults(backend, powerCutAt(0)).backend;
  await assert.rejects(openRepository(cut, testOptions, run), (thrown) => isFault(thrown, 'backend-unavailable'));
});
