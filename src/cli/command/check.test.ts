import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubset } from './check.ts';

test('parts of the packs are given as with restic', () => {
  assert.deepEqual(parseSubset('2/7'), { kind: 'share', part: 2, parts: 7 });
  assert.deepEqual(parseSubset('256/256'), { kind: 'share', part: 256, parts: 256 });
  assert.deepEqual(parseSubset('2.5%'), { kind: 'fraction', fraction: 0.025 });
  assert.deepEqual(parseSubset('100%'), { kind: 'fraction', fraction: 1 });
  assert.deepEqual(parseSubset('10G'), { kind: 'bytes', bytes: 10 * 1024 ** 3 });
  assert.deepEqual(parseSubset('rotate/30'), { kind: 'rotation', parts: 30 });
});

test('anything else is refused', () => {
  for (const text of [
    '',
    '0/7',
    '8/7',
    'rotate/0',
    'rotate/257',
    'rotate',
    '1/257',
    '1/2/3',
    '0%',
    '101%',
    '-5%',
    '%',
    '0',
    'x',
    '5 %',
  ]) {
    assert.throws(() => parseSubset(text), /It must be n\/t/, text);
  }
});
