import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { lz4Magic } from '../../mail/stored-form.ts';
import { isFault } from '../../model/fault.ts';
import { logicalBeginning, logicalMessage, logicalPieces } from './logical-message.ts';

const message = Buffer.from(`Subject: one\r\n\r\n${'some text, and more of it\r\n'.repeat(20_000)}`);

/** As literals only, which every reader of LZ4 must take. */
const lz4 = (plain: Uint8Array): Buffer => {
  const size = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const parts = [Buffer.from(lz4Magic, 'latin1'), size(65_536)];
  for (let at = 0; at < plain.length; at += 65_536) {
    const chunk = plain.subarray(at, at + 65_536);
    const rest = chunk.length - 15;
    const lengths = [...Array.from({ length: Math.floor(rest / 255) }, () => 255), rest % 255];
    const block = chunk.length < 15 ? [chunk.length << 4, ...chunk] : [0xf0, ...lengths, ...chunk];
    parts.push(size(block.length), Buffer.from(block));
  }
  return Buffer.concat(parts);
};

const forms = { gzip: gzipSync(message), zstd: zstdCompressSync(message), lz4: lz4(message) };

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a message that the mail server has compressed', () => {
  for (const form of ['gzip', 'zstd', 'lz4'] as const) {
    const stored = forms[form];

    test(`with ${form} is read whole, in pieces of any size`, async () => {
      for (const size of [1 + Math.floor(stored.length / 500), 1000, stored.length])
        assert.deepEqual(Buffer.concat(await Array.fromAsync(logicalPieces(inPieces(stored, size)))), message);
      assert.deepEqual(Buffer.from(await logicalMessage(stored, message.length)), message);
    });

    test(`with ${form} is read as far as its beginning goes`, async () => {
      const half = stored.subarray(0, Math.floor(stored.length / 2));
      const beginning = Buffer.from(await logicalBeginning(half, form, 256 * 1024));
      assert.deepEqual(beginning, message.subarray(0, beginning.length));
      const whole = Buffer.from(await logicalBeginning(stored, form, 1_000_000));
      assert.deepEqual(whole, message);
    });

    test(`with ${form} and that is cut off or garbled is told, not taken for shorter`, async () => {
      const garbled = Buffer.from(stored);
      garbled.fill(0xff, 30, 60);
      for (const bad of [stored.subarray(0, -20), ...(form === 'lz4' ? [] : [garbled])])
        await assert.rejects(logicalMessage(bad, 10_000_000), (error) => isFault(error, 'entry-unreadable'));
    });

    test(`with ${form} does not fill the memory`, async () => {
      await assert.rejects(logicalMessage(stored, 100_000), (error) => isFault(error, 'unsupported'));
    });
  }

  test('in a way that cannot be read here, or that is encrypted, is named as such', async () => {
    for (const [beginning, name] of [
      ['CRYPTED\x03\x07rest', /mail_crypt/],
      ['BZh91AY&SY', /bzip2/],
      ['\xfd7zXZ\0', /xz/],
    ] as const) {
      const stored = Buffer.from(beginning, 'latin1');
      await assert.rejects(logicalMessage(stored, 1000), name);
      await assert.rejects(Array.fromAsync(logicalPieces(inPieces(stored, 3))), (error) =>
        isFault(error, 'unsupported'),
      );
    }
  });

  test('is left as it is when it is not compressed at all', async () => {
    for (const plain of [Buffer.alloc(0), Buffer.from('x'), message]) {
      assert.deepEqual(Buffer.concat(await Array.fromAsync(logicalPieces(inPieces(plain, 5000)))), plain);
      assert.equal(await logicalMessage(plain, 10), plain);
    }
  });

  test('whose reading fails fails with that', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array, void> {
      yield forms.gzip.subarray(0, 100);
      throw new RangeError('the storage');
    };
    await assert.rejects(Array.fromAsync(logicalPieces(broken())), RangeError);
  });
});
