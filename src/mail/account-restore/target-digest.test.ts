import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createTargetDigest } from './target-digest.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

const digested = (text: string, pieceLength: number) => {
  const digest = createTargetDigest(() => createHash('sha256'));
  const bytes = Buffer.from(text, 'latin1');
  // As a connection does: one memory for all that comes, and the next piece overwrites the one before.
  const received = Buffer.alloc(pieceLength);
  for (let at = 0; at < bytes.length; at += pieceLength)
    digest.update(received.subarray(0, bytes.copy(received, 0, at, at + pieceLength)));
  return digest.digest();
};

test('A9: a message is digested with and without the line end that it ends in, however it comes in pieces', () => {
  for (const pieceLength of [1, 2, 3, 100]) {
    const full = { sha256: sha256('a\r\nb\r\n'), unended: sha256('a\r\nb') };
    assert.deepEqual(digested('a\r\nb\r\n', pieceLength), full);
    assert.deepEqual(digested('a\nb\n', pieceLength), full);
    assert.deepEqual(digested('a\r\nb', pieceLength), { sha256: sha256('a\r\nb'), unended: undefined });
    assert.deepEqual(digested('\r\n', pieceLength), { sha256: sha256('\r\n'), unended: sha256('') });
    assert.deepEqual(digested('\n', pieceLength), { sha256: sha256('\r\n'), unended: sha256('') });
    assert.deepEqual(digested('a\r', pieceLength), { sha256: sha256('a\r'), unended: undefined });
  }
  assert.deepEqual(digested('', 1), { sha256: sha256(''), unended: undefined });
});
