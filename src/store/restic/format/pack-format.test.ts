import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { ByteRange } from '../../../contract/backend.ts';
import { isFault } from '../../../model/fault.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import {
  decodePackHeader,
  encodePackHeader,
  headerEntryLength,
  maximumPackBlobs,
  type PackedBlob,
  readPackHeader,
} from './pack-format.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';

const envelope = createEnvelope(generateMasterKey(), await loadPoly1305());
const isDamage = (error: unknown): boolean => isFault(error, 'pack-damaged');

const blobList = fc
  .array(
    fc.record({
      type: fc.constantFrom('data' as const, 'tree' as const),
      id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      length: fc.integer({ min: 32, max: 5000 }),
      uncompressedLength: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined }),
    }),
    { maxLength: 40 },
  )
  .map((blobs) => {
    let offset = 0;
    return blobs.map((blob): PackedBlob => {
      const placed = { ...blob, offset };
      offset += blob.length;
      return placed;
    });
  });

/** A pack of `blobs` whose contents are zeros; `tamper` may change the header before it is sealed. */
const packOf = (blobs: readonly PackedBlob[], trailer?: number): Uint8Array => {
  const sealed = envelope.seal(encodePackHeader(blobs));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(trailer ?? sealed.length);
  return Uint8Array.from(Buffer.concat([...blobs.map((blob) => new Uint8Array(blob.length)), sealed, length]));
};

/** Serves ranges of a pack and remembers them. */
const serve = (pack: Uint8Array): { load: (range: ByteRange) => Promise<Uint8Array>; ranges: ByteRange[] } => {
  const ranges: ByteRange[] = [];
  const load = async (range: ByteRange): Promise<Uint8Array> => {
    ranges.push(range);
    assert.ok(range.start >= 0 && range.start + range.length <= pack.length);
    return pack.slice(range.start, range.start + range.length);
  };
  return { load, ranges };
};

describe('pack header', () => {
  test('S1: entries are type, lengths and id as restic lays them out', () => {
    const id = new Uint8Array(32).fill(0xab);
    const entry = { id, offset: 0, length: 0x01020304 };
    const hex = (blob: PackedBlob): string => Buffer.from(encodePackHeader([blob])).toString('hex');
    const ids = 'ab'.repeat(32);
    assert.equal(hex({ ...entry, type: 'data', uncompressedLength: undefined }), `0004030201${ids}`);
    assert.equal(hex({ ...entry, type: 'tree', uncompressedLength: undefined }), `0104030201${ids}`);
    assert.equal(hex({ ...entry, type: 'data', uncompressedLength: 0x0a0b0c0d }), `02040302010d0c0b0a${ids}`);
    assert.equal(hex({ ...entry, type: 'tree', uncompressedLength: 0x0a0b0c0d }), `03040302010d0c0b0a${ids}`);
    assert.equal(hex({ ...entry, type: 'data', uncompressedLength: 0 }), `0004030201${ids}`);
    assert.equal(headerEntryLength({ uncompressedLength: undefined }), 37);
    assert.equal(headerEntryLength({ uncompressedLength: 5 }), 41);
    assert.ok(maximumPackBlobs * 41 + 32 <= 16 * 1024 * 1024);
  });

  test('S1: a header that was written is read back, out of a pack with at most two reads', async () => {
    await fc.assert(
      fc.asyncProperty(blobList, async (blobs) => {
        assert.deepEqual(decodePackHeader(encodePackHeader(blobs)), blobs);
        const pack = packOf(blobs);
        const { load, ranges } = serve(pack);
        assert.deepEqual(await readPackHeader(load, pack.length, envelope), blobs);
        assert.equal(ranges.length, 1);
      }),
    );
  });

  test('a long header takes a second read and no third', async () => {
    const blobs = Array.from({ length: 5000 }, (_, index): PackedBlob => {
      const id = Uint8Array.from(randomBytes(32));
      return { type: 'data', id, offset: index * 33, length: 33, uncompressedLength: 40 };
    });
    const pack = packOf(blobs);
    const { load, ranges } = serve(pack);
    assert.deepEqual(await readPackHeader(load, pack.length, envelope), blobs);
    assert.equal(ranges.length, 2);
  });

  test('S5: a pack that is cut, whose header or length is changed, or whose blobs do not fill it, is damaged', async () => {
    const blobs: PackedBlob[] = [
      { type: 'data', id: new Uint8Array(32), offset: 0, length: 100, uncompressedLength: undefined },
      { type: 'tree', id: new Uint8Array(32), offset: 100, length: 60, uncompressedLength: 300 },
    ];
    const pack = packOf(blobs);
    const gap = Uint8Array.from([...new Uint8Array(5), ...pack]);
    const cuts = Array.from({ length: pack.length }, (_, length) => pack.slice(0, length));
    const flips = Array.from({ length: pack.length - 160 }, (_, at) =>
      Uint8Array.from(pack, (byte, index) => (index === 160 + at ? byte ^ 4 : byte)),
    );
    const lengths = [0, 31, 2 ** 32 - 1, 16 * 1024 * 1024 + 1, pack.length].map((trailer) => packOf(blobs, trailer));
    for (const bad of [gap, ...cuts, ...flips, ...lengths]) {
      await assert.rejects(readPackHeader(serve(bad).load, bad.length, envelope), isDamage);
    }
  });

  test('S5: random and mutated headers give blobs or the Fault pack-damaged', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        blobList,
        fc.nat(),
        fc.nat({ max: 255 }),
        (noise, blobs, at, byte) => {
          const header = encodePackHeader(blobs);
          if (header.length > 0) header[at % header.length] = byte;
          for (const bytes of [noise, header]) {
            try {
              decodePackHeader(bytes);
            } catch (error) {
              assert.ok(isDamage(error));
            }
          }
        },
      ),
    );
  });
});
