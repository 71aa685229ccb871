import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LargeContents } from './large-contents.ts';

const mebibyte = 1_048_576;
const unexpected = (): never => assert.fail('it has come at once');

test('A2: large contents come one after another, in their order, and small ones go past them', () => {
  const contents = new LargeContents();
  const begun: string[] = [];
  const first = contents.enter(60 * mebibyte, unexpected);
  const second = contents.enter(60 * mebibyte, () => begun.push('second'));
  const third = contents.enter(60 * mebibyte, () => begun.push('third'));
  const small = contents.enter(10_000, unexpected);
  assert.deepEqual([first.mayCome, second.mayCome, third.mayCome, small.mayCome], [true, false, false, true]);
  small.end();
  assert.deepEqual(begun, []);
  first.end();
  first.end();
  assert.deepEqual(begun, ['second']);
  second.end();
  assert.deepEqual(begun, ['second', 'third']);
});

test('A2: contents that together take little come together, and none overtakes a larger one that waits', () => {
  const contents = new LargeContents();
  const begun: string[] = [];
  const some = Array.from({ length: 4 }, () => contents.enter(5 * mebibyte, unexpected));
  contents.enter(6 * mebibyte, () => begun.push('six'));
  contents.enter(mebibyte, () => begun.push('one'));
  some[0]?.end();
  assert.deepEqual(begun, []);
  some[1]?.end();
  assert.deepEqual(begun, ['six', 'one']);
});

test('A2: one that is given up while it waits holds up nobody', () => {
  const contents = new LargeContents();
  const begun: string[] = [];
  const first = contents.enter(60 * mebibyte, unexpected);
  const lost = contents.enter(60 * mebibyte, unexpected);
  contents.enter(60 * mebibyte, () => begun.push('third'));
  lost.end();
  assert.deepEqual(begun, []);
  first.end();
  assert.deepEqual(begun, ['third']);
});
