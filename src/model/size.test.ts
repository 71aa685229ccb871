import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatDuration, parseBytes } from './size.ts';

test('bytes are told with three or four digits and a unit', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1023, '1023 B'],
    [1024, '1.000 KiB'],
    [1_048_575, '1.000 MiB'],
    [12_345_678, '11.77 MiB'],
    [150 * 1024 ** 3, '150.0 GiB'],
    [2 ** 53, '8.000 PiB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test('sizes are understood with and without a unit', () => {
  const cases: Readonly<Record<string, number | undefined>> = {
    '0': 0,
    '1024': 1024,
    '10M': 10 * 1024 ** 2,
    '1.5 GiB': 1.5 * 1024 ** 3,
    '200kb': 200 * 1024,
    ' 3T ': 3 * 1024 ** 4,
    '7B': 7,
    '': undefined,
    '-1': undefined,
    '1e3': undefined,
    '10 apples': undefined,
    '9999P': undefined,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(parseBytes(text), bytes, text);
});

test('durations are told in seconds, minutes and hours', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0 s'],
    [-5, '0.0 s'],
    [430, '0.4 s'],
    [9960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1:00 min'],
    [187_000, '3:07 min'],
    [3_600_000, '1:00:00 h'],
    [93_787_000, '26:03:07 h'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});
