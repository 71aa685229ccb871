import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { decodePackHeader } from '../format/pack-format.ts';
import { createBlobSealer } from '../sealing/blob-sealer.ts';
import { createCompressor, createDecompressor } from '../sealing/compression.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { PackBuilder, type SealedPack } from './pack-builder.ts';

const poly1305 = await loadPoly1305();

const makeBuilder = () => {
  const master = generateMasterKey();
  const envelope = createEnvelope(master, poly1305);
  const packs: SealedPack[] = [];
  const builder = new PackBuilder({
    type: 'data',
    targetSize: 100_000,
    compress: false,
    sealer: createBlobSealer(master, poly1305),
    envelope,
    compressor: createCompressor('auto'),
    decompressor: createDecompressor(),
    takeBuffer: () => undefined,
    onPack: (pack) => packs.push(pack),
  });
  const add = (text: string): void => builder.add(hash('sha256', text, 'buffer'), Buffer.from(text));
  const contents = ({ bytes, header }: SealedPack): string[] =>
    decodePackHeader(header).map(({ offset, length }) =>
      Buffer.from(envelope.open(bytes.subarray(offset, offset + length)) ?? []).toString(),
    );
  return { builder, packs, add, contents };
};

test('S1: a pack that has hardly begun moves into a buffer that is free again, with all that is in it', () => {
  const { builder, packs, add, contents } = makeBuilder();
  add('x'.repeat(100_000));
  const free = packs[0]?.bytes.buffer ?? new ArrayBuffer(0);
  add('first');
  assert.equal(builder.moveInto(free), true);
  add('second');
  builder.finish();
  assert.equal(packs[1]?.bytes.buffer, free);
  assert.deepEqual(packs[1] && contents(packs[1]), ['first', 'second']);
});

test('one that is well under way, empty, or too large for the buffer stays where it is', () => {
  const { builder, add } = makeBuilder();
  const large = new ArrayBuffer(64 * 1_048_576);
  assert.equal(builder.moveInto(large), false);
  add('first');
  assert.equal(builder.moveInto(new ArrayBuffer(10)), false);
  add('y'.repeat(50_000));
  assert.equal(builder.moveInto(large), false);
});
