import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';
import { levelsOfMaildirFolder, maildirFolder, rawNameOf } from './maildir-folder.ts';

const newHash = () => createHash('sha256');
const name = byteStringOfLatin1;

test('folders lie in a Maildir++ as Dovecot has them', () => {
  assert.equal(maildirFolder(name('inbox'), '/', newHash), '');
  assert.equal(maildirFolder(name('Entw&APw-rfe/2024'), '/', newHash), '.Entw&APw-rfe.2024');
  assert.equal(maildirFolder(name('INBOX.Sent'), '.', newHash), '.INBOX.Sent');
  assert.equal(maildirFolder(byteStringOfText('Entwürfe'), '/', newHash), '.Entw&APw-rfe');
});

test('A3 names that Maildir++ cannot hold are escaped, and no two become one', () => {
  assert.equal(maildirFolder(name('v1.2/100%'), '/', newHash), '.v1%2e2.100%25');
  assert.equal(maildirFolder(name('a/b'), '.', newHash), '.a%2fb');
  assert.equal(maildirFolder(name('A & B'), '/', newHash), '.A &- B');
  assert.equal(maildirFolder(name('~root'), '/', newHash), '.%7eroot');
  assert.equal(maildirFolder(name('caf\xe9\n'), '/', newHash), '.caf%e9%0a');
  assert.equal(maildirFolder(name('a//b'), '/', newHash), '.a.%.b');
  assert.ok(maildirFolder(name('x'.repeat(500)), '/', newHash).length <= 240);
});

test('the levels of an escaped name come back', () => {
  const level = fc.stringMatching(/^[ -%'-~]{1,12}$/).filter((text) => !text.includes('/'));
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 4 }), (levels) => {
      fc.pre(!/^inbox$/i.test(levels.join('/')));
      const directory = maildirFolder(name(levels.join('/')), '/', newHash);
      assert.match(directory, /^(?:\.[^./"\\]+)+$/);
      assert.equal(rawNameOf(levelsOfMaildirFolder(directory), '/'), levels.join('/'));
    }),
  );
});
