import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { loadNativeCiphers } from '../../../system/native-ciphers.ts';
import { createEnvelope, envelopeOverhead, generateMasterKey, masterKeyFromBytes } from './envelope.ts';
import { loadPoly1305, loadSodiumPoly1305 } from './poly1305.ts';

const fastest = await loadPoly1305();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

for (const [how, poly1305] of [
  ['the fastest there is', fastest],
  ['libsodium', await loadSodiumPoly1305()],
] as const) {
  describe(`poly1305, ${how}`, () => {
    test('gives the tag of the example in RFC 8439 section 2.5.2', () => {
      const key = hex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b');
      const tag = poly1305(new TextEncoder().encode('Cryptographic Forum Research Group'), key);
      assert.equal(Buffer.from(tag).toString('hex'), 'a8061dc1305136c6c22b8baf0c0127a9');
    });

    test('gives the tags of RFC 8439 appendix A.3, vectors 7 to 9, at the edges of the arithmetic', () => {
      const two = hex(`02${'00'.repeat(31)}`);
      const ones = 'ff'.repeat(16);
      assert.equal(Buffer.from(poly1305(hex(ones), two)).toString('hex'), `03${'00'.repeat(15)}`);
      const twoAndOnes = hex(`02${'00'.repeat(15)}${ones}`);
      assert.equal(
        Buffer.from(poly1305(hex(`02${'00'.repeat(15)}`), twoAndOnes)).toString('hex'),
        `03${'00'.repeat(15)}`,
      );
      const one = hex(`01${'00'.repeat(31)}`);
      const carry = hex(`${ones}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`);
      assert.equal(Buffer.from(poly1305(carry, one)).toString('hex'), `05${'00'.repeat(15)}`);
    });

    test('gives the same tag for a long message in pieces as arithmetic on whole numbers gives', () => {
      const message = Uint8Array.from({ length: 2 * 1024 * 1024 + 5 }, (_, index) => (index * 31) >>> 3);
      const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 1);
      assert.deepEqual(poly1305(message, key), referencePoly1305(message, key));
    });
  });
}

/** RFC 8439 section 2.5.1 over BigInt. */
const referencePoly1305 = (message: Uint8Array, key: Uint8Array): Uint8Array => {
  const number = (bytes: Uint8Array): bigint =>
    BigInt(`0x${Buffer.from(bytes).reverse().toString('hex').padStart(2, '0')}`);
  const prime = (1n << 130n) - 5n;
  const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let accumulator = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    accumulator = ((accumulator + number(block) + (1n << BigInt(block.length * 8))) * r) % prime;
  }
  const tag = (accumulator + number(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Uint8Array.from(Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse());
};

for (const [how, native] of [
  ['OpenSSL called directly where it can be', await loadNativeCiphers()],
  ["Node's own ciphers", undefined],
] as const) {
  describe(`envelope, ${how}`, () => {
    const envelope = createEnvelope(generateMasterKey(), fastest, native);

    test('S1: what was sealed opens to the same bytes, and sealing twice gives different bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), (plaintext) => {
          const sealed = envelope.seal(plaintext);
          assert.equal(sealed.length, plaintext.length + envelopeOverhead);
          assert.deepEqual(envelope.open(sealed), plaintext);
          const into = new Uint8Array(plaintext.length);
          assert.ok(envelope.openInto(sealed, into));
          assert.deepEqual(into, plaintext);
          assert.notDeepEqual(envelope.seal(plaintext), sealed);
        }),
      );
    });

    test('S1: what is longer than is deciphered at once opens in memory that is there, also in memory that threads share', () => {
      const plaintext = Uint8Array.from({ length: 2_500_000 }, (_, at) => (at * 7) >> 3);
      const [sealed, into] = [envelope.seal(plaintext), new Uint8Array(plaintext.length)];
      const shared = new Uint8Array(new SharedArrayBuffer(plaintext.length));
      for (const memory of [into, shared]) {
        assert.ok(envelope.openInto(sealed, memory));
        assert.equal(Buffer.compare(memory, plaintext), 0);
      }
      sealed[2_000_000] = (sealed[2_000_000] ?? 0) ^ 1;
      assert.equal(envelope.openInto(sealed, into), false);
    });

    test('a flipped bit anywhere, a cut and another key are all refused', () => {
      const sealed = envelope.seal(new TextEncoder().encode('Received: from somewhere'));
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = Uint8Array.from(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(envelope.open(flipped), undefined, `bit ${bit}`);
      }
      for (let length = 0; length < sealed.length; length++) {
        assert.equal(envelope.open(sealed.subarray(0, length)), undefined, `${length} bytes`);
      }
      assert.equal(createEnvelope(generateMasterKey(), fastest).open(sealed), undefined);
    });

    test('a master key is a copy of the 64 bytes, in the order encryption, k, r', () => {
      const bytes = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
      const key = masterKeyFromBytes(bytes);
      bytes.fill(0xff);
      assert.deepEqual(
        [...key.encrypt, ...key.macK, ...key.macR],
        Array.from({ length: 64 }, (_, index) => index),
      );
      assert.throws(() => masterKeyFromBytes(new Uint8Array(63)), RangeError);
    });
  });
}
