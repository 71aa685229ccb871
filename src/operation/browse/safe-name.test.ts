import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { displayText } from '../../model/byte-string.ts';
import { createUniqueNames, longestName, safeName, safeText } from './safe-name.ts';

describe('names made for people', () => {
  test('whatever the text, a name is bounded, well formed, and nothing in it separates, hides or turns', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        const name = safeName(given);
        assert.ok(name.isWellFormed());
        assert.ok(name.length > 0 && Buffer.byteLength(name) <= longestName);
        assert.doesNotMatch(name, /[/\\:*?"<>|\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
        assert.doesNotMatch(name, /^\.|[. ]$/);
      }),
    );
  });

  test('dots, blanks and slashes lead nowhere', () => {
    assert.deepEqual(['..', '.', '', '../../etc/passwd', 'a/b', ' x. '].map(safeName), [
      '_',
      '_',
      '_',
      '__.._etc_passwd',
      'a_b',
      'x_',
    ]);
  });

  test('a text is cut between characters and says so', () => {
    assert.equal(safeText('ééééé', 8), 'éé…');
    assert.equal(safeText('🎉🎉🎉', 11), '🎉🎉…');
    assert.equal(safeText('abc', 3), 'abc');
  });

  test('equal names, as any system compares them, are told apart', () => {
    const unique = createUniqueNames();
    const names = ['Work', 'work', 'Work (2)', 'WORK', 'E\u0301', '\u00c9'].map((name) => displayText(unique(name)));
    assert.deepEqual(names, ['Work', 'work (2)', 'Work (2) (2)', 'WORK (3)', 'E\u0301', '\u00c9 (2)']);
  });
});
