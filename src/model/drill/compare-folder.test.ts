import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFolder, type ExpectedMessage, type ServedMessage } from './compare-folder.ts';

const expected = (name: string, more: Partial<ExpectedMessage> = {}): ExpectedMessage => ({
  name,
  flags: [],
  sha256: name,
  uid: undefined,
  ...more,
});
const served = (uid: number, sha256: string, flags: readonly string[] = []): ServedMessage => ({ uid, sha256, flags });
const good = { unserved: [], flagsLost: [], moved: [] };

test('what is shown as it was backed up is no finding, whatever its order', () => {
  const wanted = [expected('a', { uid: 1, flags: ['\\Seen'] }), expected('b', { uid: 2 })];
  assert.deepEqual(compareFolder(wanted, [served(2, 'b'), served(1, 'a', ['\\Seen'])]), good);
});

test('a message that is not shown, or with other bytes, is named', () => {
  assert.deepEqual(compareFolder([expected('a'), expected('b')], [served(1, 'a'), served(2, 'x')]).unserved, ['b']);
});

test('a message that is shown once stands for one of two equal ones only', () => {
  const twice = [expected('a', { sha256: 'same' }), expected('b', { sha256: 'same' })];
  assert.deepEqual(compareFolder(twice, [served(1, 'same')]).unserved, ['b']);
});

test('a flag that is not shown is lost, in whatever case flags are written; one too many is none', () => {
  const wanted = [expected('a', { flags: ['\\Seen', 'Important'] })];
  assert.deepEqual(compareFolder(wanted, [served(1, 'a', ['\\seen', 'important', '\\Flagged'])]), good);
  assert.deepEqual(compareFolder(wanted, [served(1, 'a', ['\\Seen'])]).flagsLost, [
    { name: 'a', missing: ['Important'] },
  ]);
});

test('of equal messages each is compared with the one of its UID', () => {
  const twice = [
    expected('a', { sha256: 'same', uid: 1, flags: ['\\Seen'] }),
    expected('b', { sha256: 'same', uid: 2, flags: ['\\Flagged'] }),
  ];
  assert.deepEqual(compareFolder(twice, [served(1, 'same', ['\\Seen']), served(2, 'same', ['\\Flagged'])]), good);
});

test('a message under another UID would be downloaded again', () => {
  assert.deepEqual(compareFolder([expected('a', { uid: 7 })], [served(1, 'a')]).moved, ['a']);
});

test('an encrypted message is found by its UID', () => {
  const wanted = [expected('a', { sha256: undefined, uid: 7 })];
  assert.deepEqual(compareFolder(wanted, [served(7, 'whatever')]), good);
  assert.deepEqual(compareFolder(wanted, [served(8, 'whatever')]).unserved, ['a']);
});
