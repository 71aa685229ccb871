import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskOutlookJson } from './disk-outlook.ts';

test('a status has what the disk said of itself, and when it will be full', () => {
  const forecast = { days: 41, bytesPerDay: 1_000_000 };
  const smart = { time: 1_762_484_400_000, isWell: false, isKnown: true, troubles: ['8 sectors cannot be read'] };
  assert.deepEqual(diskOutlookJson({ forecast, smart }), {
    full_in_days: 41,
    bytes_per_day: 1_000_000,
    smart: { asked: 1_762_484_400, known: true, well: false, troubles: ['8 sectors cannot be read'] },
  });
  const { smart: before } = diskOutlookJson({ forecast: undefined, smart: { time: 0, isWell: true } });
  assert.deepEqual(before, { asked: 0, known: false, well: true, troubles: [] });
});
