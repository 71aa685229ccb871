import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { BlobTable } from '../index/blob-table.ts';
import { decodePackHeader } from '../format/pack-format.ts';
import { createBlobSealer } from '../sealing/blob-sealer.ts';
import { createCompressor, createDecompressor, type Compressor } from '../sealing/compression.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { BlobWriter } from './blob-writer.ts';
import { IdList } from './id-list.ts';
import { PackBuilder } from './pack-builder.ts';
import { createChunker } from './rabin.ts';

const poly1305 = await loadPoly1305();
const master = generateMasterKey();
const sealer = createBlobSealer(master, poly1305);
const envelope = createEnvelope(master, poly1305);

interface Parts {
  readonly write: (content: string) => string;
  readonly writer: BlobWriter;
  /** Ids and plaintext sizes of what was packed, in order. */
  readonly finish: () => { readonly id: string; readonly plain: string }[];
}

const makeParts = (compressor: Compressor = createCompressor('auto')): Parts => {
  const packed: { id: string; plain: string }[] = [];
  const reader = createDecompressor();
  const builder = new PackBuilder({
    type: 'data',
    targetSize: 3000,
    compress: true,
    sealer,
    envelope,
    compressor,
    decompressor: createDecompressor(),
    takeBuffer: () => undefined,
    onPack: ({ bytes, header }) => {
      for (const blob of decodePackHeader(header)) {
        const content = envelope.open(bytes.subarray(blob.offset, blob.offset + blob.length)) ?? new Uint8Array(0);
        const length = blob.uncompressedLength;
        const plain = length === undefined ? content : reader.decompress(content, length);
        packed.push({ id: Buffer.from(blob.id).toString('hex'), plain: Buffer.from(plain ?? []).toString() });
      }
    },
  });
  const table = new BlobTable();
  table.reserve(10_000);
  const writer = new BlobWriter(table, builder, { chunker: createChunker(0x3da3358b4dc173n), mailAware: false });
  return {
    write: (content) => {
      const ids = new IdList();
      writer.take(Buffer.from(content), { whole: true, last: true }, ids);
      return Buffer.from(ids.toBytes()).toString('hex');
    },
    writer,
    finish: () => {
      builder.finish();
      return packed;
    },
  };
};

const content = (number: number): string => `message ${number} `.repeat(1 + (number % 40));

describe('what becomes of blobs', () => {
  test('S1: every id is the hash of the bytes, and each blob is stored once, however known and new ones are mixed', () => {
    for (const repeatEvery of [1000, 50, 7, 2]) {
      const { write, writer, finish } = makeParts();
      const numbers = Array.from({ length: 300 }, (_, at) => (at % repeatEvery === repeatEvery - 1 ? at >> 1 : at));
      for (const number of numbers) assert.equal(write(content(number)), hash('sha256', content(number)));
      const expected = [...new Set(numbers)].map((number) => ({
        id: hash('sha256', content(number)),
        plain: content(number),
      }));
      assert.equal(writer.takeNewBlobs(), expected.length);
      assert.deepEqual(finish(), expected);
    }
  });

  test('S1: what a faulty compressor made is not stored, as the first blob or after many new ones', () => {
    for (const faultyAt of [0, 100]) {
      const honest = createCompressor('auto');
      let calls = 0;
      const { write } = makeParts({
        compress: (plain) => {
          if (calls++ !== faultyAt) return honest.compress(plain);
          const other = Buffer.from(plain);
          other[3] = (other[3] ?? 0) ^ 1;
          return honest.compress(other);
        },
      });
      for (let number = 0; number < faultyAt; number++) write(content(number));
      assert.throws(() => write(content(faultyAt + 35)), /did not read back/);
    }
  });
});
