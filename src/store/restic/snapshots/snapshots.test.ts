import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { flippedAt, replaceObject, testOptions } from '../repository-fixture.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import { changedTags, changeTags, type TagChange } from './change-tags.ts';
import { loadAllSnapshots } from './load-snapshots.ts';
import { removeSnapshots } from './remove-snapshots.ts';

interface Place {
  readonly backend: Backend;
  readonly repository: Repository;
  readonly run: TestRun;
  /** What was written and removed, in order: `save snapshot`. */
  readonly done: string[];
}

/** A repository with so many snapshots, whose storage tells what is done to it, and fails where it is told to. */
const placeWith = async (
  count: number,
  { immutable = false, failing = (_what: string): boolean => false } = {},
): Promise<Place> => {
  const run = createTestRun();
  const memory = createMemoryBackend({ immutable });
  const done: string[] = [];
  const note = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (failing(what)) throw new Fault('io-failed', `${what} failed`);
    await work();
    done.push(what);
  };
  const backend: Backend = {
    ...memory,
    save: (handle, parts, run) => note(`save ${handle.kind}`, () => memory.save(handle, parts, run)),
    remove: (handle, run) => note(`remove ${handle.kind}`, () => memory.remove(handle, run)),
  };
  await initRepository(memory, testOptions, run);
  const repository = await openRepository(backend, testOptions, run);
  const source = createMemorySource(memoryDirectory({ a: memoryFile('a') }));
  for (let number = 0; number < count; number++) {
    run.advance(1000);
    const description = {
      time: { nanoseconds: run.now(), offsetMinutes: 60 },
      paths: [byteStringOfText('/mail')],
      hostname: 'mail1',
      username: 'alice',
      uid: 0,
      gid: 0,
      excludes: [],
      tags: number === 0 ? ['old'] : [],
    };
    await repository.write(source, { description }, run);
  }
  done.length = 0;
  return { backend, repository, run, done };
};

const isUnlocked = async ({ backend, run }: Place): Promise<boolean> => {
  for await (const page of backend.list('lock', run)) if (page.length > 0) return false;
  return true;
};

const tagsOf = async ({ repository, run }: Place): Promise<string[]> =>
  (await repository.snapshots(run)).map(({ tags }) => tags.join());

describe('S4: snapshots are removed', { concurrency: 4 }, () => {
  test('under an exclusive lock, which goes too; one that is gone already counts', async () => {
    const place = await placeWith(3);
    const { repository, run, done } = place;
    const [first, second, third] = await repository.snapshots(run);
    const missing = 'f'.repeat(64);
    const { removed, failed } = await removeSnapshots(repository, [first?.id ?? '', missing, third?.id ?? ''], run);
    assert.deepEqual(new Set(removed), new Set([first?.id, third?.id, missing]));
    assert.deepEqual(failed, []);
    assert.deepEqual(
      (await repository.snapshots(run)).map(({ id }) => id),
      [second?.id],
    );
    assert.deepEqual(done, ['save lock', 'remove snapshot', 'remove snapshot', 'remove lock']);
  });

  test('one that cannot be removed is told, and the others go', async () => {
    let attempts = 0;
    const place = await placeWith(2, { failing: (what) => what === 'remove snapshot' && attempts++ === 0 });
    const { repository, run } = place;
    const ids = (await repository.snapshots(run)).map(({ id }) => id);
    const { removed, failed } = await removeSnapshots(repository, ids, run);
    assert.equal(removed.length + failed.length, 2);
    assert.equal(failed.length, 1);
    assert.ok(run.events.some((event) => event.kind === 'fault' && event.fault.code === 'io-failed'));
    assert.ok(await isUnlocked(place));
  });

  test('S6: where storage keeps what it has, nothing is tried', async () => {
    const { repository, run, done } = await placeWith(1, { immutable: true });
    await assert.rejects(removeSnapshots(repository, ['a'], run), (error) => isFault(error, 'read-only'));
    assert.deepEqual(done, []);
  });

  test('who decides must know all: a snapshot that cannot be read is a fault', async () => {
    const { backend, repository, run } = await placeWith(2);
    assert.equal((await loadAllSnapshots(repository, run)).length, 2);
    const [first] = await repository.snapshots(run);
    await replaceObject(backend, { kind: 'snapshot', name: first?.id ?? '' }, flippedAt(-1), run);
    await assert.rejects(loadAllSnapshots(repository, run), (error) => isFault(error, 'snapshot-damaged'));
  });
});

describe('S4: tags', { concurrency: 4 }, () => {
  const edit = (add: readonly string[], remove: readonly string[] = []): TagChange => ({ kind: 'edit', add, remove });

  test('are added once, taken away, or set', () => {
    assert.deepEqual(changedTags(['a'], edit(['b', 'b', 'a'])), ['a', 'b']);
    assert.deepEqual(changedTags(['a', 'b'], edit([], ['a'])), ['b']);
    assert.equal(changedTags(['a'], edit(['a'], ['z'])), undefined);
    assert.deepEqual(changedTags(['a'], { kind: 'set', tags: ['c', 'c'] }), ['c']);
    assert.deepEqual(changedTags(['a'], { kind: 'set', tags: [] }), []);
  });

  test('the new file is there before the old one goes, and the first id is kept', async () => {
    const place = await placeWith(1);
    const { repository, run, done } = place;
    const [before] = await repository.snapshots(run);
    const choose = (): Promise<readonly SnapshotFile[]> => repository.snapshots(run);
    const { changed, failed } = await changeTags(repository, edit(['new']), choose, run);
    assert.equal(failed, 0);
    assert.deepEqual(done, ['save lock', 'save snapshot', 'remove snapshot', 'remove lock']);
    const [after] = await repository.snapshots(run);
    assert.ok(before !== undefined && after !== undefined);
    assert.deepEqual(after, { ...before, id: after.id, tags: ['old', 'new'] });
    assert.notEqual(after.id, before.id);
    assert.deepEqual(
      changed.map(({ from, to }) => [from.id, to.id]),
      [[before.id, after.id]],
    );
    await changeTags(repository, edit([], ['new']), choose, run);
    const [again] = await repository.snapshots(run);
    assert.equal(again?.originalId, before.id);
    assert.ok(await isUnlocked(place));
  });

  test('when the new file cannot be written, the old one stays; when the old one cannot go, both are there', async () => {
    const full = await placeWith(0, {});
    assert.deepEqual(await tagsOf(full), []);
    for (const [failing, expected] of [
      ['save snapshot', ['old']],
      ['remove snapshot', ['old', 'old,new']],
    ] as const) {
      let armed = false;
      const place = await placeWith(1, { failing: (what) => armed && what === failing });
      armed = true;
      const { repository, run } = place;
      const { failed } = await changeTags(repository, edit(['new']), () => repository.snapshots(run), run);
      assert.equal(failed, 1, failing);
      assert.deepEqual((await tagsOf(place)).sort(), expected, failing);
      assert.ok(await isUnlocked(place));
    }
  });
});
