import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allReadSince, dueSlices, noSliceTimes, sliceCount, type SliceTimes } from './scrub-slices.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 10, 1);
const within = { kind: 'within', within: 30 * day } as const;

const afterNight = (times: SliceTimes, now: number): SliceTimes => {
  const due = new Set(dueSlices(times, within, now));
  return times.map((time, slice) => (due.has(slice) ? now : time));
};

test('OR-06: night by night all of a disk is read within the time, and never more than a little at once', () => {
  let times = noSliceTimes;
  for (let night = 0; night < 120; night++) {
    const now = start + night * day;
    assert.ok(dueSlices(times, within, now).length <= 10, `night ${night}`);
    times = afterNight(times, now);
    if (night >= 27) assert.ok((allReadSince(times) ?? 0) > now - 28 * day, `night ${night}`);
  }
});

test('nights that were left out are made up for', () => {
  let times = noSliceTimes;
  for (let night = 0; night < 30; night++) times = afterNight(times, start + night * day);
  const back = start + 39 * day;
  assert.ok(dueSlices(times, within, back).length >= 95);
  assert.equal(dueSlices(times, within, start + 200 * day).length, sliceCount);
});

test('those that have waited longest come first, and a time that is yet to come counts for nothing', () => {
  const times = noSliceTimes.map((_, slice) => start + slice);
  assert.deepEqual(dueSlices(times, { kind: 'share', share: 0.01 }, start + day), [0, 1, 2]);
  const future = times.with(200, start + 9 * day);
  assert.equal(dueSlices(future, { kind: 'share', share: 0.01 }, start + day)[0], 200);
});

test('nothing is proved while a slice was never read', () => {
  const times: SliceTimes = noSliceTimes.map((_, slice) => start + slice);
  assert.equal(allReadSince(times), start);
  assert.equal(allReadSince(times.with(7, undefined)), undefined);
});
