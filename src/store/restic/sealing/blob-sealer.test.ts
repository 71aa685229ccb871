import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { loadNativeCiphers } from '../../../system/native-ciphers.ts';
import { createBlobSealer } from './blob-sealer.ts';
import { createEnvelope, generateMasterKey } from './envelope.ts';
import { loadPoly1305, loadSodiumPoly1305 } from './poly1305.ts';

const key = generateMasterKey();
const sodium = await loadSodiumPoly1305();
const envelope = createEnvelope(key, sodium);
const native = await loadNativeCiphers();
const ways = [
  { how: "by Node's own ciphers", sealer: createBlobSealer(key, sodium) },
  ...(native === undefined
    ? []
    : [{ how: 'by OpenSSL called directly', sealer: createBlobSealer(key, await loadPoly1305(), native) }]),
];

const blob = fc
  .tuple(fc.oneof(fc.nat({ max: 70 }), fc.constantFrom(65_535, 65_536, 300_001)), fc.nat({ max: 255 }))
  .map(([length, seed]) => Uint8Array.from({ length }, (_, at) => at * 13 + seed));

const sealedOf = (plain: Uint8Array, seal: (sealed: Uint8Array) => void): Uint8Array => {
  const sealed = new Uint8Array(plain.length + 32);
  sealed.set(plain, 16);
  seal(sealed);
  return sealed;
};

for (const { how, sealer } of ways) {
  describe(`blobs sealed ${how}`, () => {
    test('S1: the plain envelope opens them, and they open what the plain envelope sealed', () => {
      fc.assert(
        fc.property(blob, (plain) => {
          const sealed = sealedOf(plain, (bytes) => sealer.seal(bytes));
          assert.ok(Buffer.compare(envelope.open(sealed) ?? sealed, plain) === 0);
          assert.ok(Buffer.compare(sealer.open(sealed) ?? sealed, plain) === 0);
          assert.ok(Buffer.compare(sealer.open(envelope.seal(plain)) ?? sealed, plain) === 0);
        }),
        { numRuns: 80 },
      );
    });

    test('no two share a block of keystream: the IVs are as far apart as they are long, empty ones included', () => {
      const lengths = [0, 0, 1, 16, 17, 0, 100_000, 5];
      const counters = lengths.map((length) => {
        const sealed = sealedOf(new Uint8Array(length), (bytes) => sealer.seal(bytes));
        return BigInt(`0x${Buffer.from(sealed.subarray(0, 16)).toString('hex')}`);
      });
      for (const [at, length] of lengths.entries()) {
        const [own, next] = [counters[at], counters[at + 1]];
        if (own === undefined || next === undefined) continue;
        assert.equal(next - own, BigInt(Math.max(1, Math.ceil(length / 16))));
      }
    });

    test('a flipped bit anywhere is noticed, and the next one opens all the same', () => {
      const plain = Uint8Array.from({ length: 40 }, (_, at) => at);
      const sealed = sealedOf(plain, (bytes) => sealer.seal(bytes));
      for (let at = 0; at < sealed.length; at++) {
        const damaged = sealed.slice();
        damaged[at] = (damaged[at] ?? 0) ^ 4;
        assert.equal(sealer.open(damaged), undefined);
        assert.deepEqual(sealer.open(sealed), plain);
      }
      assert.equal(sealer.open(sealed.subarray(0, 31)), undefined);
    });
  });
}
