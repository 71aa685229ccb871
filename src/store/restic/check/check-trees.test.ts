import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import { withCount } from '../../../backend/with-count.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile, type MemoryNode } from '../../../protocol/memory/source.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import { addSnapshot, makeRepository, onBackend } from '../prune/prune-fixture.ts';
import type { Repository } from '../repository.ts';
import { flippedAt, replaceObject, testOptions } from '../repository-fixture.ts';
import { checkRepository } from './check.ts';

const folders = 400;

const check = async (repository: Repository) => {
  const run = createTestRun();
  const report = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
  const faults = run.events.flatMap((event) => (event.kind === 'fault' ? [event] : []));
  return { report, faults };
};

/** A snapshot of many folders, each with two files of its own. */
const manyFolders = async (backend: Backend): Promise<Repository> => {
  const run = createTestRun();
  await initRepository(backend, testOptions, run);
  const repository = await openRepository(backend, testOptions, run);
  const children: Record<string, MemoryNode> = {};
  for (let number = 0; number < folders; number++) {
    const files = { first: memoryFile(`first of ${number}`), second: memoryFile(`second of ${number}`) };
    children[`folder${number}`] = memoryDirectory(files);
  }
  const description = {
    time: { nanoseconds: run.now(), offsetMinutes: 0 },
    paths: [byteStringOfText('/mail')],
    hostname: 'mail1',
    username: 'alice',
    uid: 0,
    gid: 0,
    tags: [],
    excludes: [],
  };
  await repository.write(createMemorySource(memoryDirectory(children)), { description }, run);
  return repository;
};

describe('the check of trees', { concurrency: true }, () => {
  test('neighbouring trees are read together: many folders cost a handful of reads', async () => {
    const { backend, counts } = withCount(createMemoryBackend());
    const repository = await manyFolders(backend);
    const before = counts.load;
    const { report } = await check(repository);
    assert.equal(report.damage, 0);
    assert.ok(report.trees > folders, `${report.trees} trees`);
    const loads = counts.load - before;
    assert.ok(loads <= 12, `${loads} loads for ${report.trees} trees`);
    await repository.close();
  });

  test('S1: of trees that are read together, each damaged one is told with its path, and all others are looked at', async () => {
    const backend = createMemoryBackend();
    const repository = await manyFolders(backend);
    const run = createTestRun();
    const { trees } = (await check(repository)).report;
    const [snapshot] = await repository.snapshots(run);
    assert.ok(snapshot);
    const cache = await repository.trees(run);
    const below = await cache.folders(Uint8Array.from(Buffer.from(snapshot.tree, 'hex')), run);
    const { table, packs } = await repository.index(run);
    const harmed = ['folder7', 'folder311'];
    for (const name of harmed) {
      const subtree = below.get(byteStringOfText(name))?.subtree;
      assert.ok(subtree);
      const location = table.location(table.find('tree', subtree) ?? 0);
      assert.ok(location);
      const handle = { kind: 'pack', name: packs.idOf(location.pack) ?? '' } as const;
      await replaceObject(backend, handle, flippedAt(location.offset + 20), run);
    }
    const { report, faults } = await check(repository);
    assert.equal(report.trees, trees);
    assert.deepEqual(
      faults.map(({ fault, path }) => `${fault.code} ${path}`).sort(),
      harmed.map((name) => `blob-damaged ${snapshot.id.slice(0, 8)}:/${name}`).sort(),
    );
    await repository.close();
  });

  test('a tree that is damaged in one place and whole in another is no damage', async () => {
    const run = createTestRun();
    const repository = await makeRepository(run);
    const { backend } = repository.session;
    const files = { a: 'one message', b: 'and another' };
    await addSnapshot(repository, files, { time: 1n }, run);
    await addSnapshot(repository, files, { time: 2n, known: () => false }, run);
    const { table, packs } = await repository.index(run);
    const [snapshot] = await repository.snapshots(run);
    assert.ok(snapshot);
    const places = table.places('tree', Uint8Array.from(Buffer.from(snapshot.tree, 'hex')));
    assert.equal(places.length, 2);
    const harm = async ({ pack, offset }: { readonly pack: number; readonly offset: number }): Promise<void> => {
      await replaceObject(backend, { kind: 'pack', name: packs.idOf(pack) ?? '' }, flippedAt(offset + 20), run);
    };
    const [first, second] = places;
    assert.ok(first && second);
    // Whichever of them it is, and in whatever order the index files come.
    await harm(second);
    assert.equal((await check(onBackend(repository, backend))).report.damage, 0);
    await harm(second);
    await harm(first);
    assert.equal((await check(onBackend(repository, backend))).report.damage, 0);
    await harm(second);
    assert.equal((await check(onBackend(repository, backend))).report.damage, 1);
    await repository.close();
  });
});
