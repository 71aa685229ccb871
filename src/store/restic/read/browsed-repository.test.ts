import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { BrowsableSnapshot, BrowsedContent } from '../../../contract/browse.ts';
import { daysLater, type StoreFixture } from '../../../contract/store-fixture.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { isFault } from '../../../model/fault.ts';
import { evidenceTag } from '../../../model/snapshot.ts';
import { noFilter } from '../../../model/snapshot-selection.ts';
import { createMemorySource } from '../../../protocol/memory/source.ts';
import { createRepositoryFixture } from '../repository-fixture.ts';
import type { Repository } from '../repository.ts';
import { browseRepository } from './browsed-repository.ts';

interface Scene {
  readonly fixture: StoreFixture;
  readonly repository: Repository;
  readonly run: TestRun;
  /** Makes a snapshot of one file, as another program would. */
  add(day: number, content: Uint8Array, tags?: readonly string[]): Promise<string>;
}

const withScene = async (work: (scene: Scene) => Promise<void>): Promise<void> => {
  const backend = createMemoryBackend();
  const fixture = await createRepositoryFixture(() => ({ ...backend, close: async () => {} }));
  const repository = await fixture.openRepository();
  const run = createTestRun();
  const add: Scene['add'] = async (day, content, tags = []) => {
    const other = await fixture.openRepository();
    const source = createMemorySource({ kind: 'directory', children: { file: { kind: 'file', content } } });
    const { snapshot } = await other.write(source, { description: { ...daysLater(day), tags } }, run);
    await other.close();
    return snapshot?.id ?? '';
  };
  try {
    await repository.locked('shared', () => work({ fixture, repository, run, add }), run);
  } finally {
    await repository.close();
  }
};

const openFile = async (snapshot: BrowsableSnapshot, run: TestRun): Promise<BrowsedContent> => {
  const child = await snapshot.root.child(byteStringOfText('file'), run);
  assert.ok(child !== undefined);
  return snapshot.open(child.content, run);
};

const read = async (content: BrowsedContent, start: number, end: number, run: TestRun): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read(start, end, run)) pieces.push(piece);
  return Buffer.concat(pieces);
};

test('any range of a file is its bytes, also of several readers at once', () =>
  withScene(async ({ repository, run, add }) => {
    const bytes = randomBytes(5_000_000);
    const id = await add(0, bytes);
    const content = await openFile(await browseRepository(repository, noFilter).open(id, run), run);
    assert.equal(content.size, bytes.length);
    const ranges = Array.from(
      { length: 40 },
      (_, at) => [at * 130_001, at * 130_001 + (at % 7) * 300_000 + 1] as const,
    );
    await Promise.all(
      [...ranges, [0, bytes.length] as const, [7, 7] as const].map(async ([start, end]) =>
        assert.ok((await read(content, start, end, run)).equals(bytes.subarray(start, end)), `${start} to ${end}`),
      ),
    );
  }));

test('what is damaged or lost is a fault, and never fewer bytes', () =>
  withScene(async ({ fixture, repository, run, add }) => {
    const content = Buffer.from('all that there is');
    const id = await add(0, content);
    const snapshot = await browseRepository(repository, noFilter).open(id, run);
    await fixture.harm(content, 'damaged');
    const file = await openFile(snapshot, run);
    await assert.rejects(read(file, 0, 3, run), (error) => isFault(error, 'blob-damaged'));
  }));

test('snapshots that others add are seen half a minute later, with what they hold; notes of ours never', () =>
  withScene(async ({ repository, run, add }) => {
    const first = await add(0, Buffer.from('first'));
    const store = browseRepository(repository, noFilter);
    const before = await store.snapshots(run);
    assert.deepEqual(
      before.map(({ id }) => id),
      [first],
    );
    const second = await add(1, Buffer.from('second'));
    await add(2, Buffer.from('note'), [evidenceTag]);
    run.advance(29_000);
    assert.equal(await store.snapshots(run), before);
    run.advance(2_000);
    const later = await store.snapshots(run);
    assert.deepEqual(
      later.map(({ id }) => id),
      [first, second],
    );
    assert.equal(String(await read(await openFile(await store.open(second, run), run), 0, 99, run)), 'second');
    run.advance(31_000);
    assert.equal(await store.snapshots(run), later);
  }));
