import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { pathOf, recordCapture } from '../../contract/recorded-capture.ts';
import type { ReadRequest, Source } from '../../contract/source.ts';
import { createTestRun, type TestRun, testTime } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { createStreamSource } from './stream-source.ts';

const owner = { uid: 1, gid: 2, user: '', group: '' };

const sourceOf = (stream: Readable, path = 'dumps/all.sql'): Source =>
  createStreamSource({ stream, path: pathOf(path), time: testTime, owner });

const requestOf = async (source: Source, path: string, run: TestRun): Promise<ReadRequest> => {
  const child = (await recordCapture(source, undefined, run)).child(path);
  assert.ok(child?.kind === 'fresh');
  return { entry: child.entry, content: child.content };
};

interface Read {
  readonly bytes: Buffer;
  readonly verdicts: readonly unknown[];
}

const readAll = async (source: Source, path: string, run: TestRun): Promise<Read> => {
  const parts: Uint8Array[] = [];
  const verdicts: unknown[] = [];
  let position = 0;
  for await (const delivery of source.read([await requestOf(source, path, run)], 'in-order', run)) {
    for (const piece of delivery.pieces) {
      assert.equal(piece.position, position);
      position += piece.length;
      parts.push(delivery.bytes.subarray(piece.start, piece.start + piece.length).slice());
      // The receiver may transfer what it is given.
      const { buffer } = delivery.bytes;
      assert.ok(buffer instanceof ArrayBuffer);
      structuredClone(buffer, { transfer: [buffer] });
    }
    verdicts.push(...delivery.verdicts.map(({ verdict }) => verdict));
  }
  return { bytes: Buffer.concat(parts), verdicts };
};

test('the file lies in its folders, children first, with mode and time as restic gives them', async () => {
  const run = createTestRun();
  const recording = await recordCapture(sourceOf(Readable.from([Buffer.from('a')]), 'a/b/file'), undefined, run);
  assert.deepEqual([...recording.directories.keys()], ['a/b', 'a', '']);
  assert.deepEqual(recording.paths(), ['a', 'a/b', 'a/b/file']);
  const child = recording.child('a/b/file');
  assert.ok(child?.kind === 'fresh');
  assert.deepEqual([child.entry.mode, child.entry.mtime, child.entry.uid], [0o644, testTime, 1]);
  assert.equal(recording.directories.get('a')?.metadata?.mode, 0o755);
  assert.equal(recording.directories.get('')?.metadata, undefined);
});

test('every byte arrives in order, however the stream cuts it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50, minLength: 1 }), { minLength: 1 }), async (chunks) => {
      const run = createTestRun();
      const whole = Buffer.concat(chunks);
      const read = await readAll(
        sourceOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))),
        'dumps/all.sql',
        run,
      );
      assert.deepEqual(read.bytes, whole);
      assert.deepEqual(read.verdicts, [{ kind: 'complete', bytes: whole.length }]);
      assert.equal(run.events.length, 0);
    }),
    { numRuns: 30 },
  );
});

test('a stream that ends without a byte is kept, as a failed read unless an empty one is allowed', async () => {
  const faultOf = async (allowEmpty: boolean): Promise<string | undefined> => {
    const stream = Readable.from([]);
    const source = createStreamSource({ stream, path: pathOf('dumps/all.sql'), time: testTime, owner, allowEmpty });
    const recording = await recordCapture(source, undefined, createTestRun());
    const doubt = recording.child('dumps/all.sql~');
    return doubt?.kind === 'carried' ? doubt.fault.code : undefined;
  };
  assert.equal(await faultOf(false), 'source-empty');
  assert.equal(await faultOf(true), undefined);
  const read = await readAll(sourceOf(Readable.from([])), 'dumps/all.sql', createTestRun());
  assert.deepEqual(read.verdicts, [{ kind: 'complete', bytes: 0 }]);
});

test('a stream that fails in the middle gives no verdict: half a dump is none', async () => {
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw Object.assign(new Error('EIO: broken'), { code: 'EIO', errno: -5, syscall: 'read' });
    })(),
  );
  await assert.rejects(readAll(sourceOf(failing), 'dumps/all.sql', createTestRun()), (thrown: unknown) =>
    isFault(thrown, 'io-failed'),
  );
});

test('an interruption ends the wait for more', async () => {
  const run = createTestRun();
  const endless = new Readable({ read: () => undefined });
  endless.push('a little');
  const reading = readAll(sourceOf(endless), 'dumps/all.sql', run);
  setImmediate(() => run.abort(new Error('for the test')));
  await assert.rejects(reading, (thrown: unknown) => isFault(thrown, 'interrupted'));
});
