import assert from 'node:assert/strict';
import { byteStringOfText } from '../model/byte-string.ts';
import { Fault, isFault } from '../model/fault.ts';
import { createMemorySource, memoryDirectory, memoryFile, memorySymlink } from '../protocol/memory/source.ts';
import {
  daysLater,
  description,
  fileEntry,
  fresh,
  pagesOf,
  rootOf,
  scriptedSource,
  type StoreSession,
  wholeContents,
} from './store-fixture.ts';
import type { Child, Source } from './source.ts';

export type Trying = (what: string, work: (session: StoreSession) => Promise<void>) => void;

const large = Uint8Array.from({ length: 300_000 }, (_, at) => (at * at * 7) & 0xff);

export const mixedTree = memoryDirectory({
  a: memoryDirectory({ b: memoryDirectory({ 'deep.txt': memoryFile('deep') }), empty: memoryDirectory({}) }),
  'a.b': memoryFile('a name that sorts between a and a/'),
  empty: memoryFile(''),
  'empty too': memoryFile(''),
  é: memoryFile('two bytes', { metadata: { mode: 0o4755, mtime: -1n } }),
  large: memoryFile(large),
  link: memorySymlink('a/b/deep.txt'),
  fifo: { kind: 'other', metadata: { type: 'fifo', mode: 0o600 } },
});

const code =
  (...codes: Parameters<typeof isFault>[1][]) =>
  (thrown: unknown): boolean =>
    isFault(thrown, ...codes);

/** What `write` promises of snapshots as a whole. */
export const testWriting = (trying: Trying): void => {
  trying('what was written comes back whole, and is listed with all that describes it', async (session) => {
    const { snapshot, result, listed } = await session.keep(mixedTree);
    assert.deepEqual(await session.differences(createMemorySource(mixedTree), snapshot), []);
    assert.equal((await session.entry(snapshot, Buffer.from('é').toString('latin1'))).mtime, -1n);
    const other = await session.fixture.open();
    const [found, ...more] = await other.snapshots(session.run);
    assert.equal(more.length, 0);
    assert.equal(found?.id, listed.id);
    assert.equal(found?.originalId, listed.id);
    for (const key of ['time', 'paths', 'hostname', 'username', 'uid', 'gid', 'excludes', 'tags'] as const) {
      assert.deepEqual(found?.[key], description[key], key);
    }
    assert.deepEqual(found?.summary, result.summary);
    await other.close();
    const { filesNew, filesChanged, filesUnmodified, directoriesNew, totalFilesProcessed } = result.summary;
    assert.deepEqual(
      { filesNew, filesChanged, filesUnmodified, directoriesNew, totalFilesProcessed },
      { filesNew: 8, filesChanged: 0, filesUnmodified: 0, directoriesNew: 4, totalFilesProcessed: 8 },
    );
    assert.equal(result.summary.totalBytesProcessed, 300_000 + 4 + 34 + 9);
  });

  trying('an empty tree is a snapshot', async (session) => {
    const { snapshot } = await session.keep(memoryDirectory({}));
    assert.deepEqual(await session.paths(snapshot), []);
  });

  trying('snapshots are listed oldest first', async (session) => {
    for (const days of [2, 0, 1]) {
      await session.write(createMemorySource(memoryDirectory({})), { description: daysLater(days) });
    }
    const times = (await session.store.snapshots(session.run)).map(({ time }) => time.nanoseconds);
    assert.deepEqual(
      times,
      [0, 1, 2].map((days) => daysLater(days).time.nanoseconds),
    );
  });

  trying('a snapshot is listed only once it is whole', async (session) => {
    const other = await session.fixture.open();
    const listedMeanwhile: number[] = [];
    const look = async (): Promise<void> => {
      listedMeanwhile.push((await other.snapshots(session.run)).length);
    };
    async function* pages(): AsyncGenerator<readonly Child[]> {
      yield [fresh('a', 'aaa')];
      await look();
      yield [fresh('b', 'bbb')];
    }
    const source = scriptedSource(
      {
        directories: async function* () {
          yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: pages() } };
          await look();
        },
        read: async function* (requests) {
          await look();
          yield* wholeContents(requests);
        },
      },
      session.run,
    );
    await session.write(source);
    assert.ok(listedMeanwhile.length >= 3);
    assert.ok(listedMeanwhile.every((count) => count === 0));
    assert.equal((await other.snapshots(session.run)).length, 1);
    await other.close();
  });

  trying('a dry run writes nothing and counts the same', async (session) => {
    const before = await session.fixture.inventory();
    const dry = await session.write(createMemorySource(mixedTree), { dryRun: true });
    assert.equal(dry.snapshot, undefined);
    assert.deepEqual(await session.fixture.inventory(), before);
    assert.deepEqual(await session.store.snapshots(session.run), []);
    const { result, snapshot } = await session.keep(mixedTree);
    assert.equal(dry.summary.filesNew, result.summary.filesNew);
    assert.equal(dry.summary.dataBlobs, result.summary.dataBlobs);
    assert.equal(dry.summary.dataAdded, result.summary.dataAdded);
    assert.deepEqual(await session.differences(createMemorySource(mixedTree), snapshot), []);
  });

  trying('nothing is written when nothing differs and that was asked for', async (session) => {
    const { snapshot } = await session.keep(mixedTree);
    const options = { parent: snapshot, skipIfUnchanged: true };
    const skipped = await session.write(createMemorySource(mixedTree), options);
    assert.equal(skipped.snapshot, undefined);
    assert.equal(skipped.summary.filesUnmodified, 8);
    const changed = memoryDirectory({ ...mixedTree.children, empty: memoryFile('no longer') });
    assert.ok((await session.write(createMemorySource(changed), options)).snapshot !== undefined);
    assert.equal((await session.store.snapshots(session.run)).length, 2);
  });

  trying('entries are told one by one only to those who asked', async (session) => {
    await session.write(createMemorySource(mixedTree));
    assert.equal(session.run.events.filter(({ kind }) => kind === 'entry').length, 0);
    await session.write(createMemorySource(mixedTree), { reportEntries: true });
    const told = session.run.events.flatMap((event) => (event.kind === 'entry' ? [event] : []));
    assert.equal(told.length, 8);
    const deep = told.find(({ path }) => path === 'a/b/deep.txt');
    assert.deepEqual([deep?.action, deep?.bytes], ['new', 4]);
  });

  trying('100,000 entries in a directory are kept', async (session) => {
    const children = Array.from({ length: 100_000 }, (_, at): Child => {
      const name = `entry ${String(at).padStart(6, '0')}`;
      const entry = fileEntry(name, 0, { type: 'symlink', linkTarget: byteStringOfText('t') });
      return at % 1000 === 0
        ? fresh(name, `content ${at}`)
        : { kind: 'fresh', entry, content: { kind: 'none' }, action: 'new' };
    });
    const source = scriptedSource({ directories: () => rootOf(children) }, session.run);
    const { snapshot, result } = await session.keep(source);
    assert.equal(result.summary.totalFilesProcessed, 100_000);
    const paths = await session.paths(snapshot);
    assert.deepEqual(paths.length, 100_000);
    assert.equal(await session.text(snapshot, 'entry 099000'), 'content 99000');
  });
};

/** A failed or stopped `write` changes nothing that was there, and the store goes on. */
export const testFailing = (trying: Trying): void => {
  const goesOn = async (session: StoreSession, attempt: () => Promise<unknown>, expected: RegExp): Promise<void> => {
    const first = await session.keep(mixedTree);
    await assert.rejects(attempt(), (thrown) => isFault(thrown) && expected.test(thrown.code));
    assert.deepEqual(
      (await session.store.snapshots(session.run)).map(({ id }) => id),
      [first.listed.id],
    );
    const other = await session.fixture.open();
    const run = { ...session.run, signal: new AbortController().signal };
    const again = await other.open(first.listed.id, run);
    assert.deepEqual(await session.differences(createMemorySource(mixedTree), again), []);
    await other.close();
  };
  const secret = 'never seen before by this store';
  const afterwards = async (session: StoreSession): Promise<void> => {
    const { snapshot } = await session.keep(memoryDirectory({ secret: memoryFile(secret) }));
    assert.equal(await session.text(snapshot, 'secret'), secret);
  };

  trying('a source that fails while it is walked leaves everything as it was', async (session) => {
    const failing = scriptedSource(
      {
        directories: async function* () {
          const listing = { kind: 'listed', pages: pagesOf([fresh('secret', secret)]) } as const;
          yield { path: [byteStringOfText('below')], metadata: fileEntry('below', 0, { type: 'directory' }), listing };
          throw new Fault('io-failed', 'the disk is gone, for the test');
        },
      },
      session.run,
    );
    await goesOn(session, () => session.write(failing), /^io-failed$/);
    await afterwards(session);
  });

  trying('a source that fails while it delivers leaves everything as it was', async (session) => {
    const failing = scriptedSource(
      {
        directories: () => rootOf([fresh('another', 'x'), fresh('secret', secret)]),
        read: async function* (requests) {
          yield* wholeContents(requests.slice(0, 1));
          throw new Fault('io-failed', 'the line is gone, for the test');
        },
      },
      session.run,
    );
    await goesOn(session, () => session.write(failing), /^io-failed$/);
    await afterwards(session);
  });

  trying('a source that gives no verdict has failed', async (session) => {
    const silent = scriptedSource(
      { directories: () => rootOf([fresh('secret', secret)]), read: async function* () {} },
      session.run,
    );
    await goesOn(session, () => session.write(silent), /^internal$/);
    await afterwards(session);
  });

  trying('an interrupted write leaves everything as it was', async (session) => {
    const first = await session.keep(mixedTree);
    const { store, fixture } = session;
    const other = await fixture.open();
    const stopped = scriptedSource(
      {
        directories: () => rootOf([fresh('secret', secret)]),
        read: async function* (requests) {
          session.run.abort(new Error('enough'));
          yield* wholeContents(requests);
        },
      },
      session.run,
    );
    await assert.rejects(session.write(stopped), code('interrupted'));
    const run = { ...session.run, signal: new AbortController().signal };
    assert.deepEqual(
      (await other.snapshots(run)).map(({ id }) => id),
      [first.listed.id],
    );
    const tree: Source = createMemorySource(memoryDirectory({ secret: memoryFile(secret) }));
    const { snapshot } = await store.write(tree, { description }, run);
    assert.ok(snapshot !== undefined);
    assert.deepEqual(
      await Array.fromAsync((await store.open(snapshot.id, run)).children([], run), (p) => p.length),
      [1],
    );
    await other.close();
  });

  trying('an aborted run writes, opens and lists nothing', async (session) => {
    const { listed } = await session.keep(mixedTree);
    const before = await session.fixture.inventory();
    session.run.abort();
    await assert.rejects(session.write(createMemorySource(mixedTree)), code('interrupted'));
    await assert.rejects(session.store.open(listed.id, session.run), code('interrupted'));
    assert.deepEqual(await session.fixture.inventory(), before);
  });

  trying('a parent of another store is refused', async (session) => {
    const { snapshot } = await session.keep(mixedTree);
    const foreign = { ...snapshot };
    await assert.rejects(session.write(createMemorySource(mixedTree), { parent: foreign }), code('internal'));
  });
};

export const testGuarding = (trying: Trying): void => {
  trying('guarded work gives its result, fails as itself, and may be nested', async (session) => {
    const { store, run } = session;
    assert.equal(await store.guarded(async () => 7, run), 7);
    const { snapshot } = await store.guarded(
      () => store.guarded(() => session.keep(memoryDirectory({ a: memoryFile('a') })), run),
      run,
    );
    assert.equal(await session.text(snapshot, 'a'), 'a');
    const failure = new Fault('io-failed', 'for the test');
    await assert.rejects(
      store.guarded(async () => Promise.reject(failure), run),
      (thrown) => thrown === failure,
    );
    assert.equal(await store.guarded(async () => 8, run), 8);
  });

  trying('work that is guarded at the same time does not disturb each other', async (session) => {
    const { store, run } = session;
    const results = await Promise.all([1, 2, 3].map((each) => store.guarded(async () => each, run)));
    assert.deepEqual(results, [1, 2, 3]);
    const results2 = await Promise.allSettled([
      store.guarded(async () => Promise.reject(new Fault('io-failed', 'one')), run),
      store.guarded(() => session.keep(memoryDirectory({ a: memoryFile('two') })), run),
    ]);
    assert.deepEqual(
      results2.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    );
  });
};
