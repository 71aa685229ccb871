import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseVisitor } from './try-webmail.ts';

test('B12: who logs in to webmail is somebody whose password is known, and who has used it, as far as there is one', () => {
  const mailboxes = ['a@example.com', 'B@example.com', 'c@example.com'].map((address) => ({ address }));
  const chosen = (logins: readonly string[], people: readonly string[]): string | undefined =>
    chooseVisitor(mailboxes, { logins: new Map(logins.map((name) => [name, 'x'])), people })?.address;
  assert.equal(chosen(['b@example.com', 'c@example.com'], ['C@example.com', 'a@example.com']), 'c@example.com');
  assert.equal(chosen(['b@example.com'], ['c@example.com']), 'B@example.com');
  assert.equal(chosen(['nobody@example.com'], ['c@example.com']), 'c@example.com');
  assert.equal(chosen([], []), 'a@example.com');
  assert.equal(chooseVisitor([], { logins: new Map(), people: [] }), undefined);
});
