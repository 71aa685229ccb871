import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';
import { mailboxText } from './mailbox-name.ts';
import { findMailboxes, messagesIn } from './mailbox.ts';

/** Each path is a Maildir. */
const found = (...paths: readonly string[]): string[] =>
  findMailboxes(
    paths.map((path) => ({
      path: path
        .split('/')
        .filter((name) => name !== '')
        .map(byteStringOfText),
      names: ['cur', 'new', 'tmp'].map(byteStringOfLatin1),
    })),
  ).map(({ root, layout, name }) => `${root.join('/')} ${layout} ${name}`);

test('the folders of a Maildir++ are known by their dots', () => {
  assert.deepEqual(found('u/Maildir', 'u/Maildir/.Sent', 'u/Maildir/.A.B', 'v/Maildir'), [
    'u/Maildir maildir++ INBOX',
    'u/Maildir maildir++ A/B',
    'u/Maildir maildir++ Sent',
    'v/Maildir maildir++ INBOX',
  ]);
  assert.deepEqual(found('', '.Sent'), [' maildir++ INBOX', ' maildir++ Sent']);
  assert.deepEqual(found('home/.maildir', 'home/.maildir/.Sent'), [
    'home/.maildir maildir++ INBOX',
    'home/.maildir maildir++ Sent',
  ]);
});

test('folders in folders belong to the uppermost Maildir, or to the directory of one called INBOX', () => {
  assert.deepEqual(found('m', 'm/Sent', 'm/A/B'), ['m fs INBOX', 'm fs A/B', 'm fs Sent']);
  assert.deepEqual(found('m/INBOX', 'm/Sent'), ['m fs INBOX', 'm fs Sent']);
});

test('a directory without cur and new is no mailbox', () => {
  const names = ['cur', 'tmp'].map(byteStringOfLatin1);
  assert.deepEqual(findMailboxes([{ path: [], names }]), []);
});

test('folder names are decoded from modified UTF-7, or read as UTF-8', () => {
  const cases: Readonly<Record<string, string>> = {
    '&ZeVnLIqe-': '日本語',
    'Entw&APw-rfe': 'Entwürfe',
    '&2D3eAA-': '😀',
    'A &- B': 'A & B',
    'Q&A': 'Q&A',
    '&bad!-': '&bad!-',
    '&2D0-': '&2D0-',
    plain: 'plain',
    é: 'é',
  };
  for (const [name, text] of Object.entries(cases)) assert.equal(mailboxText(byteStringOfText(name)), text);
  assert.equal(mailboxText(byteStringOfLatin1('\xff\x1b')), '\\xff\\x1b');
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...'&-AZ+,=é\x00日'.split('')), { maxLength: 12 }), (characters) => {
      assert.equal(typeof mailboxText(byteStringOfText(characters.join(''))), 'string');
    }),
  );
});

test('messages are listed with their flags, and hidden files are none', () => {
  const names = ['1.a.host,S=12:2,FSab', '2.b.host', '.nfs0001'].map(byteStringOfLatin1);
  assert.deepEqual(messagesIn('cur', names), [
    {
      place: 'cur',
      fileName: '1.a.host,S=12:2,FSab',
      identity: '1.a.host,S=12',
      flags: ['flagged', 'seen'],
      otherFlags: 'ab',
      size: 12,
    },
    { place: 'cur', fileName: '2.b.host', identity: '2.b.host', flags: [], otherFlags: '', size: undefined },
  ]);
});
