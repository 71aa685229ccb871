import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import { createChunker, maximumChunk, minimumChunk } from './rabin.ts';

const polynomial = 0x3da3358b4dc173n;

/** The rule in its plainest form: the window as one polynomial, divided. */
const fingerprint = (window: Uint8Array): bigint => {
  let value = 0n;
  for (const byte of window) {
    value = (value << 8n) | BigInt(byte);
    for (let excess = 60n; excess >= 53n; excess--) if ((value >> excess) & 1n) value ^= polynomial << (excess - 53n);
  }
  return value;
};

/** Bytes that look random and are the same everywhere. */
const noise = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
};

const chunksOf = (bytes: Uint8Array): number[] => {
  const chunker = createChunker(polynomial);
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += lengths.at(-1) ?? 0) lengths.push(chunker.cut(bytes, at));
  return lengths;
};

test('S1: chunks end where the fingerprint of the last 64 bytes says, and nowhere before', () => {
  const bytes = noise(12_000_000, 23);
  let start = 0;
  const lengths = chunksOf(bytes);
  assert.ok(lengths.length > 5);
  for (const length of lengths.slice(0, -1)) {
    const end = start + length;
    assert.ok(length >= minimumChunk && length < maximumChunk);
    assert.equal(fingerprint(bytes.subarray(end - 64, end)) & 0xfffffn, 0n);
    for (let at = start + minimumChunk; at < Math.min(end, start + minimumChunk + 500); at++) {
      assert.notEqual(fingerprint(bytes.subarray(at - 64, at)) & 0xfffffn, 0n);
    }
    start = end;
  }
});

test('S1: the chunks of known bytes stay what they are', () => {
  const lengths = chunksOf(noise(12_000_000, 23));
  assert.equal(createHash('sha256').update(lengths.join()).digest('hex').slice(0, 16), '0e3009ca828678b3');
});

test('S1: short ends and long runs without a cut', () => {
  const chunker = createChunker(polynomial);
  assert.equal(chunker.cut(new Uint8Array(0), 0), 0);
  assert.equal(chunker.cut(new Uint8Array(10), 3), 7);
  assert.equal(chunker.cut(new Uint8Array(minimumChunk), 0), minimumChunk);
  // The fingerprint of zeros is zero: restic cuts at the minimum.
  assert.equal(chunker.cut(new Uint8Array(minimumChunk + 1), 0), minimumChunk);
  const ones = new Uint8Array(maximumChunk + 5).fill(1);
  assert.equal(chunker.cut(ones, 0), maximumChunk);
  assert.equal(chunker.cut(ones.subarray(0, maximumChunk - 1), 0), maximumChunk - 1);
});

test('S1: what follows the chunk does not move its end', () => {
  const bytes = noise(3 * maximumChunk, 5);
  const chunker = createChunker(polynomial);
  for (const start of [0, 17, 100_000]) {
    assert.equal(chunker.cut(bytes, start), chunker.cut(bytes.slice(start, start + maximumChunk), 0));
  }
});

test('a polynomial of another degree is refused', () => {
  for (const wrong of [0n, 1n, 1n << 52n, 1n << 54n]) {
    assert.throws(
      () => createChunker(wrong),
      (thrown) => isFault(thrown, 'config-damaged'),
    );
  }
});
