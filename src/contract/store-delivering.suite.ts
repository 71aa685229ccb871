import assert from 'node:assert/strict';
import { byteStringOfText } from '../model/byte-string.ts';
import {
  fileEntry,
  fresh,
  keyBytes,
  pagesOf,
  rootOf,
  scriptedSource,
  wholeContents,
  type StoreSession,
} from './store-fixture.ts';
import type { Child, Delivery, FreshChild, ReadRequest, Verdict } from './source.ts';
import { type Trying } from './store-write.suite.ts';

const folder = fileEntry('folder', 0, { type: 'directory', mode: 0o700 });
const folderPath = [byteStringOfText('folder')];

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
