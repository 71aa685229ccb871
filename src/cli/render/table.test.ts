import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableLines, widthOf } from './table.ts';

test('wide characters take two columns, combining marks none', () => {
  assert.deepEqual(['abc', '日本', 'e\u0301', '🎉', 'ｱ'].map(widthOf), [3, 4, 1, 2, 1]);
});

test('columns are as wide as their widest cell, and a cell may have lines', () => {
  const lines = tableLines(
    ['ID', '名前', 'N'],
    [
      [['a'], ['日本', 'x'], ['1']],
      [['bcd'], [], ['22']],
    ],
    new Set([2]),
  );
  assert.deepEqual(lines, [
    'ID   名前   N',
    '-------------',
    'a    日本   1',
    '     x',
    'bcd        22',
    '-------------',
  ]);
});
