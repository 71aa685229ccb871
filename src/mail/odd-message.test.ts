import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { entropyOf, isOddMessage } from './odd-message.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('mail is never odd: plain, base64, in an mbox, compressed or encrypted by the mail server', () => {
  const header = 'Received: by mail\r\nSubject: one\r\n\r\n';
  const base64 = randomBytes(20_000).toString('base64');
  for (const text of [header, `${header}${base64}`, `From a@b Thu\n${header}`, '\r\nno header at all\r\n', '']) {
    assert.equal(isOddMessage(bytes(text)), false, text.slice(0, 20));
  }
  assert.equal(isOddMessage(gzipSync(header)), false);
  assert.equal(isOddMessage(bytes(`CRYPTED\x03\x07${randomBytes(5000).toString('latin1')}`)), false);
});

test('what ransomware leaves is odd', () => {
  for (let at = 0; at < 50; at++) {
    const noise = Buffer.concat(
      Array.from({ length: 128 }, (_, part) => createHash('sha256').update(`${at} ${part}`).digest()),
    );
    assert.equal(isOddMessage(noise), true);
  }
  // With the header left as it is, as programs do that encrypt only the middle of files.
  assert.equal(isOddMessage(Buffer.concat([bytes('Subject: one\r\n\r\n'), randomBytes(16_000)])), true);
});

test('entropy is told in bits', () => {
  assert.equal(entropyOf(new Uint8Array(1000)), 0);
  assert.equal(entropyOf(Uint8Array.from({ length: 256 }, (_, at) => at)), 8);
});
