import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createSegment, isSegment } from './blob-segment.ts';
import { BlobTable } from './blob-table.ts';

const location = (pack: number) => ({ pack, offset: 4_000_000_000, length: 100 + pack, uncompressedLength: 7 });

test('a blob is found with the location it was added with, and only under its own type', () => {
  const table = new BlobTable();
  const ids = Array.from({ length: 40_000 }, () => new Uint8Array(randomBytes(32)));
  for (const [number, id] of ids.entries()) assert.equal(table.add('data', id, location(number)), true);
  for (const [number, id] of ids.entries()) {
    const slot = table.find('data', id);
    assert.ok(slot !== undefined);
    assert.deepEqual(table.location(slot), location(number));
    assert.equal(table.has('tree', id), false);
  }
  assert.equal(table.has('data', new Uint8Array(32)), false);
  assert.equal(table.add('data', ids[5] ?? new Uint8Array(32), location(9)), false);
  assert.equal(table.size(), 40_000);
});

test('a table survives the way through its segments, and a damaged segment is recognised', () => {
  const table = new BlobTable();
  const id = new Uint8Array(randomBytes(32));
  table.add('tree', id, location(3));
  assert.ok(table.segments().every(isSegment));
  assert.equal(new BlobTable(table.segments()).has('tree', id), true);
  const cut = new SharedArrayBuffer(400);
  new Uint8Array(cut).set(new Uint8Array(createSegment(10)).subarray(0, 400));
  assert.equal(isSegment(cut), false);
});

test('a claimed blob has no location until it is settled', () => {
  const table = new BlobTable();
  table.reserve(10);
  const id = new Uint8Array(randomBytes(32));
  assert.equal(table.claim('data', id), true);
  assert.equal(table.claim('data', id), false);
  const slot = table.find('data', id);
  assert.ok(slot !== undefined);
  assert.equal(table.location(slot), undefined);
  table.settle('data', id, location(1));
  assert.deepEqual(table.location(slot), location(1));
});

test('a table with claims is told from one without, whatever was forgotten', () => {
  const table = new BlobTable();
  const [one, two] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
  table.reserve(2);
  assert.equal(table.hasClaims(), false);
  assert.ok(table.claim('data', one));
  assert.equal(table.hasClaims(), true);
  table.settle('data', one, location(0));
  assert.equal(table.hasClaims(), false);
  assert.ok(table.claim('tree', two));
  table.forget('tree', two);
  assert.equal(table.hasClaims(), false);
});

test('of four threads that claim the same blobs at once, each blob has exactly one winner', async () => {
  const table = new BlobTable();
  const blobs = 20_000;
  table.reserve(blobs * 4);
  const ids = new Uint8Array(new SharedArrayBuffer(blobs * 32));
  ids.set(randomBytes(ids.length));
  const start = new Int32Array(new SharedArrayBuffer(4));
  const program = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ BlobTable }) => {
      const table = new BlobTable(workerData.segments);
      parentPort.postMessage('ready');
      Atomics.wait(workerData.start, 0, 0);
      const won = [];
      for (let at = 0; at < workerData.ids.length; at += 32) {
        if (table.claim('data', workerData.ids.subarray(at, at + 32))) won.push(at);
      }
      parentPort.postMessage(won);
    });`;
  const workers = Array.from(
    { length: 4 },
    () =>
      new Worker(program, {
        eval: true,
        workerData: { module: new URL('blob-table.ts', import.meta.url).href, segments: table.segments(), start, ids },
      }),
  );
  let ready = 0;
  const winners = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<number[]>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', (message: 'ready' | number[]) => {
            if (message !== 'ready') return resolve(message);
            ready++;
            if (ready < workers.length) return;
            Atomics.store(start, 0, 1);
            Atomics.notify(start, 0);
          });
        }),
    ),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  const all = winners.flat();
  assert.equal(all.length, blobs);
  assert.equal(new Set(all).size, blobs);
});
