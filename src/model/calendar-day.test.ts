import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoWeekOf, weekDayOf } from './calendar-day.ts';

test('B2: a day lies in the ISO week of its Thursday, also around New Year', () => {
  const weeks: readonly (readonly [string, number, number])[] = [
    ['2025-11-07', 2025, 45],
    ['2025-11-09', 2025, 45],
    ['2025-11-10', 2025, 46],
    ['2024-12-29', 2024, 52],
    ['2024-12-30', 2025, 1],
    ['2020-12-31', 2020, 53],
    ['2021-01-03', 2020, 53],
    ['2021-01-04', 2021, 1],
    ['2027-01-01', 2026, 53],
  ];
  for (const [date, year, week] of weeks) assert.deepEqual(isoWeekOf(date), { year, week }, date);
});

test('the days of a week are counted from Sunday', () => {
  assert.deepEqual(['2026-11-22', '2026-11-26', '2026-11-28'].map(weekDayOf), [0, 4, 6]);
});
