import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringOfText } from '../model/byte-string.ts';
import { matchMailbox } from './person-mailbox.ts';

const match = (path: string, address = 'Alice@Example.com') =>
  matchMailbox(path.split('/').map(byteStringOfText), address);

test('RR-04 the mailbox of a person is known in the layouts of mail servers', () => {
  for (const path of [
    'vmail/example.com/alice',
    'vmail/example.com/alice/Maildir',
    'vmail/example.com/alice/mail/INBOX',
    'mail/alice@example.com',
    'vmail/vmail1/example.com/a/l/i/alice-2026.01.31.10.20.30/Maildir',
    'domains/example.com/0/alice/Maildir',
  ]) {
    assert.equal(match(path), 'sure', path);
  }
});

test('a user of the system may be meant; another domain, and another name, are not', () => {
  assert.equal(match('home/alice/Maildir'), 'perhaps');
  assert.equal(match('vmail/example.org/alice'), undefined);
  assert.equal(match('vmail/example.com/alice-2'), undefined);
  assert.equal(match('vmail/example.com/malice'), undefined);
  assert.equal(match('vmail/example.com/bob/Maildir'), undefined);
  assert.equal(match('vmail/example.com/alice', 'alice'), 'sure');
  assert.equal(match('alice'), 'perhaps');
});
