import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTimeZone, wallTime } from './local-time.ts';

test('B2: a moment is shown by the clock of a time zone, also around midnight', () => {
  const moment = Date.UTC(2026, 0, 31, 15, 0, 9);
  assert.deepEqual(wallTime(moment, 'Asia/Tokyo'), { date: '2026-02-01', time: '00:00:09' });
  assert.deepEqual(wallTime(moment, 'UTC'), { date: '2026-01-31', time: '15:00:09' });
});

test('B2: the two hours of a night when clocks go back are the same on the wall', () => {
  const first = Date.UTC(2026, 9, 25, 0, 30);
  assert.equal(wallTime(first, 'Europe/Berlin').time, '02:30:00');
  assert.equal(wallTime(first + 3_600_000, 'Europe/Berlin').time, '02:30:00');
});

test('a name of a time zone is known or not', () => {
  assert.equal(isTimeZone('Europe/Berlin'), true);
  assert.equal(isTimeZone('Europe/Atlantis'), false);
});
