import assert from 'node:assert/strict';
import { byteStringOfText } from '../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { baseEntry, fileEntry, fresh, pagesOf, rootOf, scriptedSource, wholeContents } from './store-fixture.ts';
import type { Base, CapturedDirectory, Child, FreshChild } from './source.ts';
import type { WriteOptions } from './store.ts';
import { mixedTree, type Trying } from './store-write.suite.ts';

const folder = fileEntry('folder', 0, { type: 'directory', mode: 0o700 });
const folderPath = [byteStringOfText('folder')];

/** A folder, then the root that lists it. */
async function* withFolder(listing: CapturedDirectory['listing'], others: readonly Child[] = []) {
  yield { path: folderPath, metadata: folder, listing } satisfies CapturedDirectory;
  yield* rootOf([...others, { kind: 'directory', name: folder.name }]);
}

/** What a capture says of itself: read when all else was read, and tags that are known only then. */
export const testReports = (trying: Trying): void => {
  trying('what is to be read last is asked for when everything else was read, wherever it lies', async (session) => {
    const asked: string[] = [];
    const report: FreshChild = { ...fresh('report', ''), content: { kind: 'delivered', key: 'all read', last: true } };
    const source = scriptedSource(
      {
        directories: () => withFolder({ kind: 'listed', pages: pagesOf([report]) }, [fresh('another', 'a message')]),
        read: (requests) => {
          asked.push(requests.map(({ entry }) => entry.name).join(' '));
          return wholeContents(requests);
        },
      },
      session.run,
    );
    const { snapshot } = await session.keep(source);
    assert.deepEqual(asked, ['another', 'report']);
    assert.equal(await session.text(snapshot, 'folder/report'), 'all read');
  });

  trying('tags that a capture brings to light are asked for at its end and kept beside the others', async (session) => {
    let read = false;
    const source = scriptedSource(
      {
        directories: () => rootOf([fresh('message', 'text')]),
        read: (requests) => {
          read = true;
          return wholeContents(requests);
        },
      },
      session.run,
    );
    const { listed } = await session.keep(source, { tagsAtEnd: () => (read ? ['read', 'read'] : ['unread']) });
    assert.ok(listed.tags.includes('read') && !listed.tags.includes('unread'));
    assert.equal(new Set(listed.tags).size, listed.tags.length);
  });

  trying(
    'what was captured can be looked at before there is a snapshot of it, and told from what it was',
    async (session) => {
      const tree = (text: string) =>
        memoryDirectory({
          same: memoryDirectory({ file: memoryFile('same') }),
          other: memoryDirectory({ file: memoryFile(text) }),
        });
      const first = await session.keep(tree('one'));
      const versions = async (base: Base): Promise<readonly (string | undefined)[]> => {
        const all: (string | undefined)[] = [];
        for await (const page of base.children([], session.run))
          all.push(...page.map((child) => base.versionOf?.(child)));
        return all;
      };
      const [other, same] = await versions(first.snapshot);
      const judge: WriteOptions['judge'] = async (captured, run) => {
        assert.equal((await session.store.snapshots(run)).length, 1);
        const now = await versions(captured);
        assert.deepEqual([now[0] === other, now[1] === same], [false, true]);
        const [file] = (await Array.fromAsync(captured.children([byteStringOfText('other')], run))).flat();
        assert.ok(file !== undefined);
        const read = (await Array.fromAsync(captured.contents([file], run))).map(({ bytes, pieces }) =>
          pieces.map(({ start, length }) => Buffer.from(bytes.subarray(start, start + length)).toString()).join(''),
        );
        assert.equal(read.join(''), 'another');
        return ['judged'];
      };
      const { listed } = await session.keep(tree('another'), { parent: first.snapshot, judge });
      assert.ok(listed.tags.includes('judged'));
      const failing = session.keep(tree('three'), { judge: async () => assert.fail('odd') });
      await assert.rejects(failing, /odd/);
      assert.equal((await session.store.snapshots(session.run)).length, 2);
    },
  );
};

/** Against a base: what is the same is taken over and never read. */
export const testSameness = (trying: Trying): void => {
  trying('against a parent of the same, nothing is read and nothing is new', async (session) => {
    const first = await session.keep(mixedTree);
    const source = createMemorySource(mixedTree);
    const unreadable = { ...source, read: () => assert.fail('nothing is to be read') };
    const { result, snapshot, listed } = await session.keep(unreadable, { parent: first.snapshot });
    const { filesNew, filesChanged, filesUnmodified, directoriesUnmodified, dataBlobs, treeBlobs, dataAdded } =
      result.summary;
    assert.deepEqual([filesNew, filesChanged, filesUnmodified, directoriesUnmodified], [0, 0, 8, 4]);
    assert.deepEqual([dataBlobs, treeBlobs, dataAdded], [0, 0, 0]);
    assert.equal(listed.parent, first.listed.id);
    assert.deepEqual(await session.differences(createMemorySource(mixedTree), snapshot), []);
  });

  trying('an entry under a new name and metadata keeps its content, unread', async (session) => {
    const first = await session.keep(memoryDirectory({ old: memoryFile('kept'), zero: memoryFile('') }));
    const source = scriptedSource(
      {
        directories: async function* (base, run) {
          const old = await baseEntry(base, [], 'old', run);
          assert.ok(old?.held);
          const entry = { ...old.entry, name: byteStringOfText('new'), mode: 0o640, ctime: 5n };
          yield* rootOf([{ kind: 'same', entry, base: old, action: 'renamed' }]);
        },
        read: () => assert.fail('nothing is to be read'),
      },
      session.run,
    );
    const { result, snapshot } = await session.keep(source, { parent: first.snapshot });
    assert.equal(result.filesRenamed, 1);
    assert.equal(result.summary.filesUnmodified, 1);
    assert.deepEqual(await session.paths(snapshot), ['new']);
    const { mode, ctime, size } = await session.entry(snapshot, 'new');
    assert.deepEqual([mode, ctime, size], [0o640, 5n, 4]);
    assert.equal(await session.text(snapshot, 'new'), 'kept');
  });

  trying('a subtree that is the same is taken over with its counts and its new metadata', async (session) => {
    const first = await session.keep(mixedTree);
    const source = scriptedSource(
      {
        directories: async function* (base, run) {
          const same = await base?.directory([byteStringOfText('a')], run);
          assert.ok(same !== undefined && (await same.held(run)));
          assert.deepEqual(await same.counts(run), { files: 1, directories: 2, bytes: 4 });
          yield* withFolder({ kind: 'same', base: same });
        },
      },
      session.run,
    );
    const { result, snapshot } = await session.keep(source, { parent: first.snapshot });
    assert.deepEqual(await session.paths(snapshot), ['folder', 'folder/b', 'folder/b/deep.txt', 'folder/empty']);
    const { filesUnmodified, totalFilesProcessed, totalBytesProcessed } = result.summary;
    assert.deepEqual([filesUnmodified, totalFilesProcessed, totalBytesProcessed], [1, 1, 4]);
    assert.equal((await session.record(snapshot)).directories.get('folder')?.metadata?.mode, 0o700);
    const root = await snapshot.directory([], session.run);
    assert.deepEqual(await root?.counts(session.run), { files: 1, directories: 3, bytes: 4 });
  });

  trying(
    'a snapshot is a base: pages in byte order, counts, when it was scanned, nothing where nothing is',
    async (session) => {
      const { snapshot, result } = await session.keep(mixedTree);
      const { run } = session;
      const pages = await Array.fromAsync(snapshot.children([], run));
      const names = pages.flat().map(({ entry }) => entry.name);
      assert.deepEqual(
        names,
        [...names].sort((left, right) => (left < right ? -1 : 1)),
      );
      assert.ok(pages.flat().every(({ held }) => held));
      const nowhere = [byteStringOfText('nowhere')];
      assert.equal(await snapshot.directory(nowhere, run), undefined);
      assert.equal(await snapshot.directory([byteStringOfText('a.b')], run), undefined, 'a file is no directory');
      assert.deepEqual(await Array.fromAsync(snapshot.children(nowhere, run)), []);
      assert.equal(snapshot.scannedAt, result.summary.backupStart.nanoseconds);
    },
  );
};
