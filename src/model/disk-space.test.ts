import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateOf, isTooFull, usedPercent } from './disk-space.ts';

const gigabyte = 1_000_000_000;

test('B6: a disk is as full as df says, rounded up', () => {
  assert.equal(usedPercent({ total: 100, used: 80, free: 20 }), 80);
  assert.equal(usedPercent({ total: 1000, used: 801, free: 199 }), 81);
  // ext4 sets five of a hundred aside for root, which nobody else can fill.
  assert.equal(usedPercent({ total: 100, used: 76, free: 19 }), 80);
  assert.equal(usedPercent({ total: 0, used: 0, free: 0 }), 100);
});

test('B6: the estimate is the largest of the last nights, and at first what lies in the sources', () => {
  assert.equal(estimateOf([], 10 * gigabyte), 10 * gigabyte);
  assert.equal(estimateOf([3, 5, 4, 900], 10 * gigabyte), 5);
});

test('IT-04: a disk is full when estimate and reserve exceed what is free', () => {
  const space = { total: 100 * gigabyte, used: 95 * gigabyte, free: 5 * gigabyte };
  assert.equal(isTooFull(space, 4 * gigabyte, gigabyte), false);
  assert.equal(isTooFull(space, 4 * gigabyte + 1, gigabyte), true);
});
