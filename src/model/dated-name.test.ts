import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dailyNameAt, datedPlace, parseDatedPlace, weeklyNameAt, weekOfDate } from './dated-name.ts';

const at = (text: string): number => Date.parse(text);

describe('names of dated backups (B2)', () => {
  test('a day is that of the configured time zone', () => {
    assert.equal(datedPlace(dailyNameAt(at('2025-11-06T18:00:00Z'), 'Asia/Tokyo')), 'daily/2025-11-07');
    assert.equal(datedPlace(dailyNameAt(at('2025-11-06T18:00:00Z'), 'America/New_York')), 'daily/2025-11-06');
  });

  test('where clocks are set back, three in the morning is one day, before and after', () => {
    // Berlin, 26 October 2025: 02:00 to 03:00 come twice.
    const nights = ['2025-10-25T01:00:00Z', '2025-10-26T00:30:00Z', '2025-10-26T01:30:00Z', '2025-10-26T02:00:00Z'];
    assert.deepEqual(
      nights.map((night) => datedPlace(dailyNameAt(at(night), 'Europe/Berlin'))),
      ['daily/2025-10-25', 'daily/2025-10-26', 'daily/2025-10-26', 'daily/2025-10-26'],
    );
  });

  test('where clocks are set forward, no day is left out and none comes twice', () => {
    const days = Array.from({ length: 4 }, (_, day) => at('2025-03-29T02:00:00Z') + day * 86_400_000);
    assert.deepEqual(
      days.map((day) => datedPlace(dailyNameAt(day, 'Europe/Berlin'))),
      ['daily/2025-03-29', 'daily/2025-03-30', 'daily/2025-03-31', 'daily/2025-04-01'],
    );
  });

  test('a week is that of ISO 8601, also across years', () => {
    const weeks: readonly (readonly [string, number, number])[] = [
      ['2025-11-07', 2025, 45],
      ['2024-12-29', 2024, 52],
      ['2024-12-30', 2025, 1],
      ['2025-12-28', 2025, 52],
      ['2025-12-29', 2026, 1],
      ['2026-12-31', 2026, 53],
      ['2027-01-03', 2026, 53],
      ['2027-01-04', 2027, 1],
      ['2021-01-01', 2020, 53],
    ];
    for (const [date, year, week] of weeks) assert.deepEqual(weekOfDate(date), { year, week }, date);
    assert.equal(datedPlace(weeklyNameAt(at('2024-12-29T16:00:00Z'), 'Asia/Tokyo')), 'weekly/2025-week-01');
    assert.equal(datedPlace(weeklyNameAt(at('2024-12-29T16:00:00Z'), 'UTC')), 'weekly/2024-week-52');
  });

  test('a place is read back, and what is none of ours is not', () => {
    for (const place of ['daily/2025-11-07', 'weekly/2026-week-53', 'weekly/2025-week-01']) {
      const name = parseDatedPlace(place);
      assert.ok(name !== undefined);
      assert.equal(datedPlace(name), place);
    }
    for (const place of [
      'daily/2025-02-30',
      'daily/.partial-2025-11-07',
      'weekly/2025-week-54',
      'monthly/2025-11',
      'x',
    ])
      assert.equal(parseDatedPlace(place), undefined, place);
  });
});
