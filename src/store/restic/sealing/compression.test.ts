import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { Fault } from '../../../model/fault.ts';
import { loadNativeZstd } from '../../../system/native-zstd.ts';
import { compressedBound, createCompressor, createDecompressor, decompressUnknown } from './compression.ts';
import { decodeUnpacked, encodeUnpacked } from '../format/unpacked.ts';
import { frameLayout } from './zstd-frame.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Texts that compress, noise that does not, and long runs. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.tuple(fc.string(), fc.nat({ max: 20_000 })).map(([text, times]) => bytes(text.repeat(times % 997))),
  fc.nat({ max: 300_000 }).map((length) => Uint8Array.from({ length }, (_, at) => (at * at) >>> 9)),
);

const native = await loadNativeZstd();
const parameters = {
  auto: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 13 },
  max: { [constants.ZSTD_c_compressionLevel]: 12 },
};
const variants = (['auto', 'max'] as const).flatMap((level) =>
  [undefined, ...(native === undefined ? [] : [native])].map((zstd) => ({ level, zstd })),
);

describe('compression', () => {
  for (const { level, zstd } of variants) {
    const how = zstd === undefined ? '' : ', zstd called directly,';
    test(`S1: frames of level ${level}${how} are those of the one-shot call, and open to the same bytes`, () => {
      const compressor = createCompressor(level, zstd);
      const decompressor = createDecompressor(zstd);
      const params = parameters[level];
      fc.assert(
        fc.property(content, (plain) => {
          const frame = compressor.compress(plain);
          // With room for the whole result: in smaller pieces zstd may choose other, equally good blocks.
          assert.ok(Buffer.compare(frame, zstdCompressSync(plain, { params, chunkSize: 1_048_576 })) === 0);
          const into = new Uint8Array(compressedBound(plain.length));
          const placed = compressor.compress(plain, into);
          assert.equal(placed.buffer, into.buffer);
          assert.ok(Buffer.compare(frame, placed) === 0);
          assert.ok(Buffer.compare(zstdDecompressSync(frame), plain) === 0);
          assert.ok(Buffer.compare(decompressor.decompress(frame, plain.length) ?? frame, plain) === 0);
        }),
        { numRuns: level === 'auto' ? 150 : 15 },
      );
    });
  }

  test('another size than expected is refused, and the next frame opens all the same', () => {
    const decompressor = createDecompressor();
    const plain = bytes('so many words, so many words, so many words, so many words');
    const frame = zstdCompressSync(plain);
    for (const size of [0, 1, plain.length - 1, plain.length + 1, 2 ** 20]) {
      assert.equal(decompressor.decompress(frame, size), undefined, `${size}`);
      assert.deepEqual(decompressor.decompress(frame, plain.length), plain);
    }
  });

  test('a frame without content size is opened, and refused when it holds more or less', () => {
    const plain = bytes('line\n'.repeat(50_000));
    // Windows of 512 KiB without content size, as a streaming encoder writes them; here two raw blocks by hand.
    const half = plain.length / 2;
    const block = (from: number, last: boolean): Buffer => {
      const header = Buffer.alloc(3);
      header.writeUIntLE((half << 3) | (last ? 1 : 0), 0, 3);
      return Buffer.concat([header, plain.subarray(from, from + half)]);
    };
    const frame = Buffer.concat([Buffer.from('28b52ffd0048', 'hex'), block(0, false), block(half, true)]);
    assert.deepEqual(frameLayout(frame), { contentSize: undefined, bound: plain.length });
    const decompressor = createDecompressor();
    for (const size of [plain.length - 1, plain.length + 1])
      assert.equal(decompressor.decompress(frame, size), undefined);
    assert.ok(Buffer.compare(decompressor.decompress(frame, plain.length) ?? frame, plain) === 0);
    assert.equal(decompressUnknown(frame, plain.length - 1), undefined);
    assert.equal(decompressUnknown(frame, plain.length)?.length, plain.length);
  });

  test('a bomb is refused by its header or, when that says nothing, by what comes out', () => {
    const decompressor = createDecompressor();
    const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024));
    assert.ok(bomb.length < 10_000);
    assert.equal(decompressor.decompress(bomb, 1000), undefined);
    assert.equal(decompressUnknown(bomb, 1000), undefined);
    assert.equal(decompressUnknown(bomb, 1000, decompressor), undefined);
    // One block of a repeated byte, 128 KiB, without content size.
    const silent = Buffer.from('28b52ffd004803001000', 'hex');
    assert.deepEqual(frameLayout(silent), { contentSize: undefined, bound: 131_072 });
    // A size that the blocks cannot yield is not even given room.
    assert.equal(decompressor.decompress(silent, 2 ** 40), undefined);
    assert.equal(decompressor.decompress(silent, 1000), undefined);
    assert.equal(decompressUnknown(silent, 1000), undefined);
    assert.equal(decompressUnknown(silent, 131_072)?.length, 131_072);
  });

  test('cut, lengthened and doubled frames are refused', () => {
    const decompressor = createDecompressor();
    const plain = randomBytes(300_000);
    const frame = zstdCompressSync(plain);
    const broken = [
      frame.subarray(0, frame.length - 1),
      frame.subarray(0, 200_000),
      Buffer.concat([frame, Buffer.from('z')]),
      Buffer.concat([frame, frame]),
      Buffer.alloc(0),
      frame.subarray(0, 4),
    ];
    for (const [index, bad] of broken.entries()) {
      assert.equal(decompressor.decompress(bad, plain.length), undefined, `${index}`);
      assert.equal(decompressUnknown(bad, 1_000_000), undefined, `${index}`);
      assert.equal(decompressUnknown(bad, 1_000_000, decompressor), undefined, `${index}`);
    }
  });

  test('S5: mutated and random frames give undefined or bytes of the expected size, nothing else, and harm no later frame', () => {
    const decompressor = createDecompressor();
    const plain = bytes('Received: by mail1 with SMTP; some words and some more words\r\n'.repeat(40));
    const frame = Uint8Array.from(zstdCompressSync(plain));
    const change = fc.tuple(fc.nat({ max: frame.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.uint8Array({ maxLength: 60 }),
        (changes, noise) => {
          const mutated = Uint8Array.from(frame);
          for (const [at, byte] of changes) mutated[at] = byte;
          const magic = Uint8Array.from([...frame.subarray(0, 4), ...noise]);
          for (const bad of [mutated, noise, magic]) {
            const result = decompressor.decompress(bad, plain.length);
            assert.ok(result === undefined || result.length === plain.length);
            assert.ok((decompressUnknown(bad, 100_000)?.length ?? 0) <= 100_000);
            assert.ok((decompressUnknown(bad, 100_000, decompressor)?.length ?? 0) <= 100_000);
          }
          assert.ok(Buffer.compare(decompressor.decompress(frame, plain.length) ?? frame, plain) === 0);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('unpacked files', () => {
  test('S1: version 1 is plain JSON, version 2 the byte 2 and a frame; both decode', () => {
    const json = bytes('{"time":"2026-11-21T06:00:00Z"}');
    assert.deepEqual(encodeUnpacked(json, 1), json);
    const encoded = encodeUnpacked(json, 2);
    assert.equal(encoded[0], 2);
    assert.deepEqual(new Uint8Array(zstdDecompressSync(encoded.subarray(1))), json);
    assert.deepEqual(decodeUnpacked(encoded), json);
    assert.deepEqual(decodeUnpacked(encoded, 'index-damaged', createDecompressor()), json);
    assert.deepEqual(decodeUnpacked(json), json);
    assert.deepEqual(decodeUnpacked(bytes('[]')), bytes('[]'));
  });

  test('anything else is a Fault with the code that was asked for', () => {
    for (const bad of [new Uint8Array(0), bytes('\x03abc'), bytes('\x02abc'), bytes(' {}')]) {
      assert.throws(
        () => decodeUnpacked(bad, 'snapshot-damaged'),
        (error) => error instanceof Fault && error.code === 'snapshot-damaged',
      );
    }
  });
});
