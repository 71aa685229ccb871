import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createEnvelope, generateMasterKey } from './envelope.ts';
import { loadPoly1305 } from './poly1305.ts';
import { createBatchSealer } from './seal-batch.ts';

const poly1305 = await loadPoly1305();
const key = generateMasterKey();
const envelope = createEnvelope(key, poly1305);
const sealer = createBatchSealer(key, poly1305);

/** Lengths at the edges of blocks, of direct encryption and of the staging buffer. */
const length = fc.oneof(
  fc.nat({ max: 70 }),
  fc.constantFrom(0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 65_552, 262_143, 262_144, 262_145, 300_001),
);
const plaintexts = fc
  .array(fc.tuple(length, fc.nat({ max: 255 })), { maxLength: 12 })
  .map((blobs) => blobs.map(([size, seed]) => Uint8Array.from({ length: size }, (_, index) => index * 13 + seed)));

const pieces = (sealed: Uint8Array, lengths: readonly number[]): Uint8Array[] => {
  let at = 0;
  return lengths.map((size) => sealed.subarray(at, (at += size)));
};

const total = (blobs: readonly Uint8Array[], each = 0): number =>
  blobs.reduce((sum, blob) => sum + blob.length + each, 0);

describe('seal batch', () => {
  test('S1: a batch is what the plain envelope opens, and the plain envelope makes what a batch opens', () => {
    fc.assert(
      fc.property(plaintexts, (blobs) => {
        const into = new Uint8Array(total(blobs, 32));
        const lengths = sealer.sealBatch(blobs, into);
        assert.deepEqual(
          lengths,
          blobs.map((blob) => blob.length + 32),
        );
        for (const [index, sealed] of pieces(into, lengths).entries()) {
          assert.ok(Buffer.compare(envelope.open(sealed) ?? sealed, blobs[index] ?? sealed) === 0, `blob ${index}`);
        }
        const foreign = Buffer.concat(blobs.map((blob) => envelope.seal(blob)));
        for (const sealed of [into, foreign]) {
          const opened = sealer.openBatch(sealed, lengths);
          assert.equal(opened.length, blobs.length);
          opened.forEach((blob, index) => {
            assert.ok(blob !== undefined && Buffer.compare(blob, blobs[index] ?? blob) === 0, `blob ${index}`);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('no two blobs share a block of keystream: the IVs are as far apart as the blobs are long, empty ones included', () => {
    const blobs = [0, 0, 1, 16, 17, 0, 100_000, 5].map((size) => new Uint8Array(size));
    const into = new Uint8Array(total(blobs, 32));
    const counters = pieces(into, sealer.sealBatch(blobs, into)).map((sealed) =>
      BigInt(`0x${Buffer.from(sealed.subarray(0, 16)).toString('hex')}`),
    );
    const apart = counters.slice(1).map((counter, index) => Number(counter - (counters[index] ?? 0n)));
    assert.deepEqual(apart, [1, 1, 1, 1, 2, 1, 6250]);
  });

  test('each batch starts at an IV of its own', () => {
    const ivs = Array.from({ length: 200 }, () => {
      const into = new Uint8Array(40);
      sealer.sealBatch([new Uint8Array(8)], into);
      return Buffer.from(into.subarray(0, 16)).toString('hex');
    });
    assert.equal(new Set(ivs).size, ivs.length);
  });

  test('a damaged blob is undefined and its neighbours are not', () => {
    const blobs = Array.from({ length: 5 }, (_, index) => new Uint8Array(1000 + index).fill(index));
    const into = new Uint8Array(total(blobs, 32));
    const lengths = sealer.sealBatch(blobs, into);
    let start = 0;
    for (const [damaged, size] of lengths.entries()) {
      for (const at of [start, start + 16, start + size - 1]) {
        const changed = Uint8Array.from(into);
        changed[at] = (changed[at] ?? 0) ^ 0x40;
        const opened = sealer.openBatch(changed, lengths).map((blob) => blob?.slice());
        assert.deepEqual(
          opened,
          blobs.map((blob, index) => (index === damaged ? undefined : blob)),
        );
      }
      start += size;
    }
  });

  test('lengths that are too short or go beyond the bytes are undefined', () => {
    const into = new Uint8Array(50);
    sealer.sealBatch([new Uint8Array(18)], into);
    assert.deepEqual(sealer.openBatch(into, [31, 400]), [undefined, undefined]);
    assert.deepEqual(sealer.openBatch(into, [50, 32]), [new Uint8Array(18), undefined]);
    assert.throws(() => sealer.sealBatch([new Uint8Array(19)], into), RangeError);
  });
});
