import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLz4Stream, decompressLz4Block, Lz4Damaged } from './lz4.ts';
import { lz4Magic, storedFormOf } from './stored-form.ts';

const bytes = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.of(part))));

const text = (block: Uint8Array, limit = 1000): string =>
  Buffer.from(decompressLz4Block(block, limit)).toString('latin1');

describe('a block of LZ4', () => {
  test('is literals and copies of what came before, which may overlap themselves', () => {
    assert.equal(text(bytes()), '');
    assert.equal(text(bytes(0x50, 'hello')), 'hello');
    assert.equal(text(bytes(0x1a, 'a', 1, 0, 0x10, 'b')), `${'a'.repeat(15)}b`);
    assert.equal(text(bytes(0x31, 'abc', 3, 0, 0x10, '!')), 'abcabcab!');
  });

  test('has long lengths in further bytes', () => {
    assert.equal(text(bytes(0xf0, 255, 3, 'x'.repeat(273))), 'x'.repeat(273));
    assert.equal(text(bytes(0xf0, 0, 'x'.repeat(15))), 'x'.repeat(15));
    assert.equal(text(bytes(0x1f, 'a', 1, 0, 255, 0, 0x10, 'b')), `${'a'.repeat(275)}b`);
  });

  test('that is damaged is told, and never read or written beyond', () => {
    for (const block of [
      bytes(0x50, 'hell'),
      bytes(0xf0),
      bytes(0x1a, 'a', 1),
      bytes(0x1a, 'a', 0, 0),
      bytes(0x1a, 'a', 2, 0),
      bytes(0x1f, 'a', 1, 0, 255),
    ])
      assert.throws(() => decompressLz4Block(block, 1000), Lz4Damaged, block.toString('hex'));
    assert.throws(() => decompressLz4Block(bytes(0x50, 'hello'), 4), Lz4Damaged);
    assert.throws(() => decompressLz4Block(bytes(0x1a, 'a', 1, 0), 14), Lz4Damaged);
  });
});

describe("Dovecot's stream of LZ4 blocks", () => {
  const stored = bytes(lz4Magic, 0, 1, 0, 0, 0, 0, 0, 6, 0x50, 'hello', 0, 0, 0, 7, 0x60, ' world');
  const readIn = (size: number): string => {
    const stream = createLz4Stream();
    let plain = '';
    for (let at = 0; at < stored.length; at += size)
      for (const chunk of stream.push(stored.subarray(at, at + size))) plain += Buffer.from(chunk).toString();
    stream.end();
    return plain;
  };

  test('is read in pieces of any size', () => {
    for (const size of [1, 2, 7, 20, 100]) assert.equal(readIn(size), 'hello world');
  });

  test('that ends in the middle is told', () => {
    for (const length of [10, 18, 21, stored.length - 1]) {
      const stream = createLz4Stream();
      stream.push(stored.subarray(0, length));
      assert.throws(() => stream.end(), Lz4Damaged, String(length));
    }
  });

  test('with an impossible size is refused before memory is taken for it', () => {
    assert.throws(() => createLz4Stream().push(bytes(lz4Magic, 0xff, 0, 0, 0)), Lz4Damaged);
    assert.throws(() => createLz4Stream().push(bytes(lz4Magic, 0, 1, 0, 0, 0x7f, 0, 0, 0)), Lz4Damaged);
  });
});

test('the form of a stored message is told by its first bytes', () => {
  const forms = [
    ['Received: from', 'plain'],
    ['', 'plain'],
    ['\x1f', 'plain'],
    ['\x1f\x8b\x08', 'gzip'],
    ['\x28\xb5\x2f\xfd\x04', 'zstd'],
    [`${lz4Magic}\0`, 'lz4'],
    ['Dovecot-LZ4: a header', 'plain'],
    ['BZh9', 'bzip2'],
    ['\xfd7zXZ\0\0', 'xz'],
    ['CRYPTED\x03\x07\0', 'encrypted'],
    ['CRYPTED: no', 'plain'],
  ] as const;
  for (const [beginning, form] of forms) assert.equal(storedFormOf(bytes(beginning)), form, beginning);
});
