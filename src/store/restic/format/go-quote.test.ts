import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { byteStringOfBytes, byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { isFault } from '../../../model/fault.ts';
import { goJsonText, goJsonTextOfBytes, isUtf8, quoteName, unquoteName } from './go-quote.ts';

const quoted: readonly (readonly [name: string, text: string])[] = [
  ['plain 1.txt', 'plain 1.txt'],
  ['a<b>&c', 'a\\u003cb\\u003e\\u0026c'],
  ['\xff', '\\\\xff'],
  ['\x00\x01\x7f', '\\\\x00\\\\x01\\\\x7f'],
  ['\x07\b\t\n\v\f\r', '\\\\a\\\\b\\\\t\\\\n\\\\v\\\\f\\\\r'],
  ['"\\\'', '\\\\\\"\\\\\\\\\''],
  ['\xed\xa0\x80', '\\\\xed\\\\xa0\\\\x80'],
  ['\xc0\xaf\xf5\xf4\x90\x80\x80', '\\\\xc0\\\\xaf\\\\xf5\\\\xf4\\\\x90\\\\x80\\\\x80'],
];

const quotedTexts: readonly (readonly [name: string, text: string])[] = [
  ['é📧日本', 'é📧日本'],
  ['\u00a0\u200b\u2028\ufeff', '\\\\u00a0\\\\u200b\\\\u2028\\\\ufeff'],
  ['\ufffd', '\ufffd'],
  ['\u{e0001}', '\\\\U000e0001'],
];

test('S1: a name is quoted as restic quotes it', () => {
  for (const [name, text] of quoted) assert.equal(quoteName(byteStringOfLatin1(name)), text);
  for (const [name, text] of quotedTexts) assert.equal(quoteName(byteStringOfText(name)), text);
});

test('S1: characters newer than Unicode 15.0 are escaped, whatever Unicode this Node knows', () => {
  assert.equal(quoteName(byteStringOfText('\u{1c89}\u088f')), '\\\\u1c89\\\\u088f');
});

test('S1: every name comes back from its quoted form', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = byteStringOfBytes(bytes);
      const value: unknown = JSON.parse(`"${quoteName(name)}"`);
      assert.equal(unquoteName(String(value)), name);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const name = byteStringOfText(text);
      const value: unknown = JSON.parse(`"${quoteName(name)}"`);
      assert.equal(unquoteName(String(value)), name);
    }),
  );
});

test('S1: other ways in which Go may quote a name are read', () => {
  assert.equal(unquoteName('\\101\\x42\\u0043\\U00000044é'), byteStringOfText('ABCDé'));
});

test('S1: a name that Go would not unquote is refused', () => {
  for (const text of ['"', '\n', '\\', '\\q', "\\'", '\\x1', '\\400', '\\u12', '\\ud800', '\\U00110000', '\\\\\\']) {
    assert.throws(
      () => unquoteName(text),
      (thrown) => isFault(thrown, 'tree-damaged'),
      text,
    );
  }
});

test("S1: texts become Go's JSON", () => {
  assert.equal(
    goJsonText('a\b\f\n\r\t\u0001\u007f<>&"\\\u2028é'),
    'a\\b\\f\\n\\r\\t\\u0001\u007f\\u003c\\u003e\\u0026\\"\\\\\\u2028é',
  );
  assert.equal(goJsonText('\ud800'), '\ufffd');
  assert.equal(goJsonTextOfBytes(byteStringOfLatin1('a\xff\xc3\xa9')), 'a\\ufffdé');
});

test('bytes are UTF-8 exactly when a strict decoder takes them', () => {
  const strict = new TextDecoder('utf-8', { fatal: true });
  const isStrict = (bytes: Uint8Array): boolean => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const nearUtf8 = fc.tuple(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(255)).map(([text, at, value]) => {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });
  fc.assert(
    fc.property(nearUtf8, (bytes) => {
      assert.equal(isUtf8(byteStringOfBytes(bytes)), isStrict(bytes));
    }),
  );
});
