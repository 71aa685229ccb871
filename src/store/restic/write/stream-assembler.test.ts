import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BlobTable } from '../index/blob-table.ts';
import { createCompressor, createDecompressor } from '../sealing/compression.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { createBlobSealer } from '../sealing/blob-sealer.ts';
import { openBlobs } from '../read/blob-opener.ts';
import { decodePackHeader } from '../format/pack-format.ts';
import { BlobWriter } from './blob-writer.ts';
import type { IdList } from './id-list.ts';
import { PackBuilder, type SealedPack } from './pack-builder.ts';
import { createChunker } from './rabin.ts';
import { AssemblyMemory, StreamAssembler } from './stream-assembler.ts';

const poly1305 = await loadPoly1305();
const polynomial = 0x3da3358b4dc173n;
const master = generateMasterKey();
const envelope = createEnvelope(master, poly1305);
const sealer = createBlobSealer(master, poly1305);
const compressor = createCompressor('auto');
const decompressor = createDecompressor();

interface Parts {
  readonly writer: BlobWriter;
  readonly builder: PackBuilder;
  readonly packs: readonly SealedPack[];
}

const makeParts = (targetSize: number, { mailAware = true, compress = true, reuse = false } = {}): Parts => {
  const packs: SealedPack[] = [];
  const free: ArrayBuffer[] = [];
  const builder = new PackBuilder({
    type: 'data',
    targetSize,
    compress,
    sealer,
    envelope,
    compressor,
    decompressor,
    takeBuffer: () => free.pop(),
    onPack: (pack) => {
      // What is let out is copied as the storage would, and its buffer filled again.
      packs.push({ ...pack, bytes: pack.bytes.slice() });
      if (reuse) free.push(pack.bytes.buffer);
    },
  });
  const table = new BlobTable();
  table.reserve(100_000);
  const writer = new BlobWriter(table, builder, { chunker: createChunker(polynomial), mailAware });
  return { writer, builder, packs };
};

/** All blobs of packs by id, each pack checked down to its name. */
const blobsOf = (packs: readonly SealedPack[]): Map<string, Uint8Array> => {
  const found = new Map<string, Uint8Array>();
  for (const { bytes, id, header } of packs) {
    assert.equal(hash('sha256', bytes, 'hex'), id);
    const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
    const plain = envelope.open(bytes.slice(bytes.length - 4 - headerLength, bytes.length - 4));
    assert.ok(plain !== undefined);
    assert.ok(Buffer.from(header).equals(plain), 'the header that is told is the one in the pack');
    const blobs = decodePackHeader(plain);
    const ids = Buffer.concat(blobs.map((blob) => blob.id));
    const opened = openBlobs(
      {
        job: 0,
        sealed: bytes,
        ids,
        offsets: blobs.map(({ offset }) => offset),
        lengths: blobs.map(({ length }) => length),
        uncompressedLengths: blobs.map(({ uncompressedLength }) => uncompressedLength ?? 0),
      },
      { sealer, decompressor },
    );
    assert.deepEqual(opened.damage, []);
    for (const [number, start] of opened.starts.entries()) {
      const end = opened.starts[number + 1] ?? opened.bytes.length;
      const key = Buffer.from(blobs[number]?.id ?? []).toString('hex');
      assert.equal(found.has(key), false, 'no blob is stored twice');
      found.set(key, opened.bytes.slice(start, end));
    }
  }
  return found;
};

const contentOf = (ids: IdList, blobs: ReadonlyMap<string, Uint8Array>): Buffer => {
  const all = ids.toBytes();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += 32) {
    const blob = blobs.get(Buffer.from(all.subarray(at, at + 32)).toString('hex'));
    assert.ok(blob !== undefined);
    parts.push(blob);
  }
  return Buffer.concat(parts);
};

const bytesOf = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // Half noise, half what compresses.
    bytes[at] = at % 20_000 < 10_000 ? state >>> 24 : at >> 9;
  }
  return bytes;
};

/** `tellsEnd`: the last piece says that it is, as the IMAP source does. What was handed over is overwritten, as deliveries are. */
const push = (
  assembler: StreamAssembler,
  content: Uint8Array,
  { sizes, tellsEnd }: { readonly sizes: readonly number[]; readonly tellsEnd: boolean },
): void => {
  let at = 0;
  for (let turn = 0; at < content.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const piece = content.slice(at, at + size);
    at += size;
    assembler.push(piece, tellsEnd && at >= content.length);
    piece.fill(0);
  }
  assembler.end();
};

describe('contents that come in pieces', () => {
  test('whatever the pieces, what is stored is what came, in packs that read back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ length: fc.nat(1_500_000), seed: fc.nat(5) }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(1, 100_000, 2_000_000),
        fc.boolean(),
        fc.boolean(),
        (contents, pieceSizes, targetSize, reuse, tellsEnd) => {
          const memory = new AssemblyMemory();
          const { writer, builder, packs } = makeParts(targetSize, { reuse });
          const streams = contents.map(({ length, seed }) => {
            const content = bytesOf(length, seed);
            const assembler = new StreamAssembler(writer, memory);
            const sizes = pieceSizes.map((size) => Math.ceil(Math.max(size, length / 50)));
            push(assembler, content, { sizes, tellsEnd });
            assert.equal(assembler.bytes, length);
            return { content, ids: assembler.ids };
          });
          builder.finish();
          const blobs = blobsOf(packs);
          for (const { content, ids } of streams) assert.ok(contentOf(ids, blobs).equals(content));
          for (const pack of packs.slice(0, -1)) assert.ok(pack.bytes.length >= targetSize);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('content around the border of what is kept whole is cut as one stream of it is', () => {
    const content = bytesOf(2 * 16_777_216 + 5, 9);
    for (const length of [16_777_215, 16_777_216, 16_777_217, content.length]) {
      const part = content.subarray(0, length);
      const ids: string[] = [];
      for (const [sizes, tellsEnd] of [
        [[length], false],
        [[1_000_003], true],
        [[16_777_216, 1], false],
      ] as const) {
        const { writer, builder, packs } = makeParts(16_777_216, { mailAware: false, compress: false });
        const assembler = new StreamAssembler(writer, new AssemblyMemory());
        push(assembler, part, { sizes: sizes.map((size) => Math.max(size, 500_000)), tellsEnd });
        builder.finish();
        ids.push(Buffer.from(assembler.ids.toBytes()).toString('hex'));
        if (sizes[0] === 1_000_003) assert.ok(contentOf(assembler.ids, blobsOf(packs)).equals(part));
      }
      assert.equal(new Set(ids).size, 1, String(length));
    }
  });

  test('nothing at all has no blobs, and an empty builder no packs', () => {
    const { writer, builder, packs } = makeParts(1000);
    const assembler = new StreamAssembler(writer, new AssemblyMemory());
    assembler.push(new Uint8Array(0), false);
    assembler.end();
    builder.finish();
    assert.deepEqual([assembler.ids.count, assembler.bytes, packs.length], [0, 0, 0]);
  });
});
