import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indentJson } from './indent-json.ts';

test('indented JSON says the same, with the line breaks that JSON.stringify makes', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (json) => {
      assert.equal(indentJson(json), JSON.stringify(JSON.parse(json), undefined, 2));
    }),
  );
});

test('numbers, escapes and the order of members stay as they were written', () => {
  const json = '{"z":18446744073709551615,"a":"\\u003c\\"{[,:","e": { },"l":[ ]}';
  assert.equal(indentJson(json), '{\n  "z": 18446744073709551615,\n  "a": "\\u003c\\"{[,:",\n  "e": {},\n  "l": []\n}');
});
