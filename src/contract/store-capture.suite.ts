import assert from 'node:assert/strict';
import { byteStringOfText } from '../model/byte-string.ts';
import { Fault } from '../model/fault.ts';
import { incompleteTag } from '../model/snapshot.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import {
  baseEntry,
  fileEntry,
  fresh,
  keyBytes,
  pagesOf,
  rootOf,
  scriptedSource,
  type StoreSession,
  wholeContents,
} from './store-fixture.ts';
import type { Base, CapturedDirectory, Child, Delivery, FreshChild, ReadRequest, Verdict } from './source.ts';
import type { WriteOptions } from './store.ts';
import { mixedTree, type Trying } from './store-write.suite.ts';

const broken = (): Fault => new Fault('entry-unreadable', 'it cannot be read, for the test');
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

/** Failure is not deletion. */
export const testCarrying = (trying: Trying): void => {
  const before = memoryDirectory({
    folder: memoryDirectory({ in: memoryFile('inside') }),
    message: memoryFile('old content'),
  });

  const assertIncomplete = (session: StoreSession, { tags }: { tags: readonly string[] }, path: string): void => {
    assert.deepEqual(tags, ['daily', incompleteTag]);
    assert.ok(session.faults().includes(`${path}: entry-unreadable`), session.faults().join());
  };

  trying('what cannot be read is carried from the parent, and the snapshot is incomplete', async (session) => {
    const first = await session.keep(before);
    const now = memoryDirectory({
      folder: memoryDirectory({ in: memoryFile('unseen') }, { fault: broken() }),
      message: memoryFile('unseen', { fault: broken() }),
      other: memoryFile('other'),
    });
    const { result, snapshot, listed } = await session.keep(now, { parent: first.snapshot });
    assert.equal(result.unreadable, 2);
    assertIncomplete(session, listed, 'folder');
    assertIncomplete(session, listed, 'message');
    assert.deepEqual(await session.paths(snapshot), ['folder', 'folder/in', 'message', 'other']);
    assert.equal(await session.text(snapshot, 'folder/in'), 'inside');
    assert.equal(await session.text(snapshot, 'message'), 'old content');
    const [found] = (await session.store.snapshots(session.run)).filter(({ id }) => id === listed.id);
    assert.deepEqual(found?.tags, ['daily', incompleteTag]);
  });

  trying(
    'what cannot be read and was never kept is absent, a directory empty, and the snapshot is incomplete',
    async (session) => {
      const now = memoryDirectory({
        folder: memoryDirectory({ in: memoryFile('unseen') }, { fault: broken() }),
        message: memoryFile('unseen', { fault: broken() }),
      });
      const { result, snapshot, listed } = await session.keep(now);
      assert.equal(result.unreadable, 2);
      assertIncomplete(session, listed, 'folder');
      assert.deepEqual(await session.paths(snapshot), ['folder']);
    },
  );

  trying('a read that fails keeps what the parent had, never half a file', async (session) => {
    const first = await session.keep(before);
    const failing = memoryFile('a new content that cannot be read', { ending: 'failed' });
    const now = memoryDirectory({ message: failing, unknown: failing });
    const { result, snapshot } = await session.keep(now, { parent: first.snapshot });
    assert.equal(result.unreadable, 2);
    assert.deepEqual(await session.paths(snapshot), ['message']);
    assert.equal(await session.text(snapshot, 'message'), 'old content');
  });

  trying("an incomplete capture is written even when its tree is the parent's", async (session) => {
    const first = await session.keep(before);
    const now = memoryDirectory({ ...before.children, message: memoryFile('', { fault: broken() }) });
    const { listed } = await session.keep(now, { parent: first.snapshot, skipIfUnchanged: true });
    assertIncomplete(session, listed, 'message');
  });

  trying('what vanished is left out and told; the snapshot is complete', async (session) => {
    const now = memoryDirectory({ gone: memoryFile('x', { ending: 'gone' }), stays: memoryFile('s') });
    const { result, snapshot, listed } = await session.keep(now);
    assert.equal(result.unreadable, 0);
    assert.deepEqual(listed.tags, ['daily']);
    assert.deepEqual(await session.paths(snapshot), ['stays']);
    assert.ok(session.faults().includes('gone: entry-vanished'));
  });

  trying('what changed while it was read is kept as it was read, and told', async (session) => {
    const now = memoryDirectory({ log: memoryFile('0123456789', { ending: 'changed' }) });
    const { result, snapshot } = await session.keep(now);
    assert.deepEqual([result.changedWhileRead, result.unreadable], [1, 0]);
    assert.equal((await session.entry(snapshot, 'log')).size, 5);
    assert.equal(await session.text(snapshot, 'log'), '01234');
    assert.ok(session.faults().includes('log: entry-changed'));
  });
};

/** Deliveries in all their forms. */
export const testDelivering = (trying: Trying): void => {
  const script = (
    session: StoreSession,
    children: readonly Child[],
    read: (r: readonly ReadRequest[]) => AsyncIterable<Delivery>,
  ) => scriptedSource({ directories: () => rootOf(children), read }, session.run);

  trying('contents come in many pieces, of several requests in turn', async (session) => {
    const contents = [0, 1, 2].map((file) =>
      Uint8Array.from({ length: 10_007 * (file + 1) }, (_, at) => at * (file + 3)),
    );
    const children = contents.map((content, at) => fresh(`file ${at}`, content));
    async function* inTurn(requests: readonly ReadRequest[]): AsyncGenerator<Delivery> {
      const sources = requests.map(({ content }) => keyBytes(content.kind === 'delivered' ? content.key : ''));
      for (let position = 0; position < 30_100; position += 701) {
        const parts = sources.map((source) => source.slice(position, position + 701));
        let start = 0;
        const pieces = parts.flatMap((part, request) => {
          const piece = { request, position, start, length: part.length };
          start += part.length;
          return part.length === 0 ? [] : [piece];
        });
        const bytes = Uint8Array.from(Buffer.concat(parts));
        const ended = sources.map((source) => position < source.length && source.length <= position + 701);
        const verdicts = sources.flatMap(({ length }, request) =>
          ended[request] === true ? [{ request, verdict: { kind: 'complete', bytes: length } satisfies Verdict }] : [],
        );
        yield { bytes, pieces, verdicts };
      }
    }
    const { snapshot } = await session.keep(script(session, children, inTurn));
    const source = scriptedSource({ directories: () => rootOf(children) }, session.run);
    assert.deepEqual(await session.differences(source, snapshot), []);
  });

  trying('a content of 60 MB is kept', async (session) => {
    const content = new Uint8Array(60_000_000);
    for (let at = 0; at < content.length; at += 4096) new DataView(content.buffer).setUint32(at, at * 2_654_435_761);
    async function* megabytes(): AsyncGenerator<Delivery> {
      for (let position = 0; position < content.length; position += 1_000_000) {
        const bytes = content.slice(position, position + 1_000_000);
        yield { bytes, pieces: [{ request: 0, position, start: 0, length: bytes.length }], verdicts: [] };
      }
      const verdict: Verdict = { kind: 'complete', bytes: content.length };
      yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request: 0, verdict }] };
    }
    const { snapshot } = await session.keep(script(session, [fresh('big', content)], megabytes));
    const source = scriptedSource({ directories: () => rootOf([fresh('big', content)]) }, session.run);
    assert.deepEqual(await session.differences(source, snapshot), []);
  });

  trying('a source that delivers fewer bytes than it says is not believed', async (session) => {
    const { snapshot, result } = await session.keep(
      script(session, [fresh('a', 'aaa'), fresh('b', 'bbb')], async function* (requests) {
        for await (const delivery of wholeContents(requests)) {
          const verdicts = delivery.verdicts.map(({ request, verdict }) => ({
            request,
            verdict: request === 0 && verdict.kind === 'complete' ? { ...verdict, bytes: 4 } : verdict,
          }));
          yield { ...delivery, verdicts };
        }
      }),
    );
    assert.equal(result.unreadable, 1);
    assert.deepEqual(await session.paths(snapshot), ['b']);
  });

  trying('a size that was listed wrong is mended by what was read', async (session) => {
    const child = { ...fresh('a', 'four'), entry: fileEntry('a', 99) };
    const { snapshot } = await session.keep(script(session, [child], wholeContents));
    assert.equal((await session.entry(snapshot, 'a')).size, 4);
  });
};

export const testRelocating = (trying: Trying): void => {
  async function* goneAtFirst(requests: readonly ReadRequest[]): AsyncGenerator<Delivery> {
    for (const [request, { content }] of requests.entries()) {
      if (content.kind === 'delivered' && content.key !== 'moved') {
        for await (const delivery of wholeContents([requests[request] ?? { entry: fileEntry('', 0), content }])) {
          const pieces = delivery.pieces.map((piece) => ({ ...piece, request }));
          yield { ...delivery, pieces, verdicts: delivery.verdicts.map(({ verdict }) => ({ request, verdict })) };
        }
        continue;
      }
      yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict: { kind: 'gone' } }] };
    }
  }
  const keepMoved = (session: StoreSession, found: (times: number) => FreshChild | undefined) => {
    let times = 0;
    const children = [fresh('a', 'first'), fresh('m', 'moved'), fresh('z', 'last')];
    const source = scriptedSource(
      {
        directories: async function* () {
          yield { path: folderPath, metadata: folder, listing: { kind: 'listed', pages: pagesOf(children, 1) } };
          yield* rootOf([{ kind: 'directory', name: folder.name }]);
        },
        read: goneAtFirst,
        relocate: async (path) => {
          assert.deepEqual(path, folderPath);
          return found(++times);
        },
      },
      session.run,
    );
    return session.keep(source);
  };

  for (const name of ['m', '0', 'zz', 'b']) {
    trying(`what moved is found again as ${name} and listed in its order`, async (session) => {
      const { snapshot, result } = await keepMoved(session, () => fresh(name, 'found'));
      const names = ['a', name, 'z'].sort();
      assert.deepEqual(await session.paths(snapshot), ['folder', ...names.map((each) => `folder/${each}`)]);
      assert.equal(await session.text(snapshot, `folder/${name}`), 'found');
      assert.deepEqual([result.unreadable, result.summary.totalFilesProcessed], [0, 3]);
    });
  }

  trying('what moved onto a name that is listed too is there once, and counted once', async (session) => {
    const { snapshot } = await keepMoved(session, () => fresh('z', 'last'));
    assert.deepEqual(await session.paths(snapshot), ['folder', 'folder/a', 'folder/z']);
    const root = await snapshot.directory([], session.run);
    assert.deepEqual(await root?.counts(session.run), { files: 2, directories: 1, bytes: 9 });
  });

  trying('what moves again is followed, and given up when it never rests', async (session) => {
    const twice = await keepMoved(session, (times) => fresh('m', times < 3 ? 'moved' : 'found'));
    assert.equal(await session.text(twice.snapshot, 'folder/m'), 'found');
    const never = await keepMoved(session, () => fresh('m', 'moved'));
    assert.deepEqual(await session.paths(never.snapshot), ['folder', 'folder/a', 'folder/z']);
    assert.ok(session.faults().includes('folder/m: entry-vanished'));
  });

  trying('what moved and has no content any more is kept as what it is now', async (session) => {
    const { snapshot } = await keepMoved(session, () => ({
      kind: 'fresh',
      entry: fileEntry('m', 0, { type: 'fifo' }),
      content: { kind: 'none' },
      action: 'changed',
    }));
    assert.equal((await session.entry(snapshot, 'folder/m')).type, 'fifo');
  });
};
