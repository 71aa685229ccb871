import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { headerTraits } from './header-traits.ts';
import { ambiguousBodies, matchMessages, type SourceTraits, type TargetTraits, toldByNotes } from './match-messages.ts';

const header = (digest: string, messageId = digest) => ({ digest, messageId });
const source = (sha256: string, more: Partial<SourceTraits> = {}): SourceTraits => ({
  size: 100,
  seconds: 1000,
  sha256,
  header: header('h'),
  draft: false,
  ...more,
});
const target = (uid: number, more: Partial<TargetTraits> = {}): TargetTraits => ({
  uid,
  size: 100,
  seconds: 1000,
  header: header('h'),
  ...more,
});
const strict = { byMessageId: false };

describe('A9: what is on the target already', () => {
  test('size, date and whole header tell a message with a Message-ID without its body', () => {
    assert.deepEqual(ambiguousBodies([source('a')], [target(1)]), []);
    assert.deepEqual(matchMessages([source('a')], [target(1)], strict), [1]);
  });

  test('two equal messages need two on the target', () => {
    assert.deepEqual(matchMessages([source('a'), source('a')], [target(1)], strict), [1, undefined]);
    assert.deepEqual(matchMessages([source('a'), source('a')], [target(1), target(2)], strict), [1, 2]);
  });

  test('equal headers of unequal messages, drafts and messages without Message-ID are told by their bodies', () => {
    const sources = [source('a'), source('b')];
    assert.deepEqual(ambiguousBodies(sources, [target(1)]), [1]);
    assert.deepEqual(matchMessages(sources, [target(1, { sha256: 'b' })], strict), [undefined, 1]);
    assert.deepEqual(matchMessages(sources, [target(1, { sha256: 'c' })], strict), [undefined, undefined]);
    assert.deepEqual(ambiguousBodies([source('a', { draft: true })], [target(1)]), [1]);
    const anonymous = { header: header('h', '') };
    assert.deepEqual(ambiguousBodies([source('a', anonymous)], [target(1, anonymous)]), [1]);
    assert.deepEqual(matchMessages([source('a', anonymous)], [target(1, anonymous)], strict), [undefined]);
  });

  test('another date is no other message when the bodies are equal, but an equal date is taken first', () => {
    const later = target(1, { seconds: 2000 });
    assert.deepEqual(ambiguousBodies([source('a')], [later]), [1]);
    const found = [later, target(2)].map((message) => ({ ...message, sha256: 'a' }));
    assert.deepEqual(matchMessages([source('a')], found, strict), [2]);
    assert.deepEqual(matchMessages([source('a')], found.slice(0, 1), strict), [1]);
  });

  test('other line ends have another size: the body tells', () => {
    const longer = target(1, { size: 103 });
    assert.deepEqual(ambiguousBodies([source('a')], [longer]), [1]);
    assert.deepEqual(matchMessages([source('a')], [{ ...longer, sha256: 'a' }], strict), [1]);
  });

  test('a line end that the server added makes no other message of it', () => {
    const longer = target(1, { size: 102 });
    assert.deepEqual(ambiguousBodies([source('a')], [longer]), [1]);
    assert.deepEqual(matchMessages([source('a')], [{ ...longer, sha256: 'b', unended: 'a' }], strict), [1]);
    const both = [
      { ...longer, sha256: 'b', unended: 'a' },
      { ...target(2), sha256: 'a', unended: 'c' },
    ];
    assert.deepEqual(matchMessages([source('a'), source('b')], both, strict), [2, 1], 'equal bytes are taken first');
  });

  test('a note counts only for a message with the bytes and the date that were noted', () => {
    const noted = (uid: number, note: string | undefined) => ({ uid, seconds: 1000, noted: note });
    const targets = [noted(1, 'a'), noted(2, 'b'), noted(3, 'c'), noted(4, undefined)];
    const told = toldByNotes([source('a'), source('b', { seconds: 2000 })], targets);
    assert.deepEqual([...told], [1]);
  });

  test('as many notes count as there are equal messages: of the others a look tells what became of them', () => {
    const noted = [1, 2, 3].map((uid) => ({ ...target(uid), noted: 'a' }));
    assert.deepEqual([...toldByNotes([source('a'), source('a')], noted)], [1, 2]);
    // The server made `b` of two equal ones, and one of these was captured since.
    const sources = [source('a'), source('b')];
    const told = toldByNotes(sources, noted.slice(0, 2));
    assert.deepEqual([...told], [1]);
    const looked = [target(1, { sha256: 'a' }), target(2, { sha256: 'b' })];
    assert.deepEqual(matchMessages(sources, looked, strict), [1, 2]);
  });

  test('a target that is told by its note needs no header, also where Message-ID and date are to tell', () => {
    const own = [source('a', { header: header('h', 'id') }), source('b', { header: header('i', 'other') })];
    const [told, rewritten] = [
      target(1, { sha256: 'a', header: undefined }),
      target(2, { size: 130, header: header('x', 'other') }),
    ];
    assert.deepEqual(matchMessages(own, [told, rewritten], { byMessageId: true }), [1, 2]);
    assert.deepEqual(matchMessages(own, [told, rewritten], strict), [1, undefined]);
  });

  test('what is not ASCII in a header may have become something else', () => {
    const traits = (text: string) => headerTraits(Buffer.from(text, 'latin1'), () => createHash('sha256'));
    const own = traits('Message-ID: <a@x>\r\nSubject: caf\xe9\r\n\r\nbody');
    assert.deepEqual(own, traits('Message-ID: <a@x>\r\nSubject: cafX\r\n\r\n'));
    assert.notDeepEqual(own, traits('Message-ID: <a@x>\r\nSubject: cafe\r\n\r\n'));
  });

  test('of a server that rewrites messages, Message-ID and date tell when that was asked for', () => {
    const rewritten = target(1, { size: 130, header: header('other', 'id') });
    const own = source('a', { header: header('h', 'id') });
    assert.deepEqual(matchMessages([own], [rewritten], strict), [undefined]);
    assert.deepEqual(matchMessages([own], [rewritten], { byMessageId: true }), [1]);
  });
});
