import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weekDayOf } from './week-day.ts';

test('the days of a week are counted from Sunday', () => {
  assert.deepEqual(['2026-11-22', '2026-11-26', '2026-11-28'].map(weekDayOf), [0, 4, 6]);
});
