import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecastOf, type SpacePoint } from './space-forecast.ts';

const day = 86_400_000;
const start = Date.UTC(2026, 8, 1, 3);
const total = 1_000_000;

const nights = (count: number, used: (night: number) => number): readonly SpacePoint[] =>
  Array.from({ length: count }, (_, night) => ({ time: start + night * day, used: used(night), total }));

test('OR-02: a disk that grows evenly is full when its room is used up', () => {
  const points = nights(30, (night) => 100_000 + 1000 * night);
  assert.deepEqual(forecastOf(points, { free: 41_500, total }), { bytesPerDay: 1000, days: 41 });
});

test('one night that wrote much, weeks that leave, and a restore on the disk do not lead it astray', () => {
  const points = nights(
    40,
    (night) => 100_000 + 1000 * night + (night === 20 ? 300_000 : 0) - (night % 7 === 6 ? 2000 : 0),
  );
  const { bytesPerDay = 0, days = 0 } = forecastOf(points, { free: 100_000, total }) ?? {};
  assert.ok(bytesPerDay > 900 && bytesPerDay < 1100, String(bytesPerDay));
  assert.ok(days > 90 && days < 112, String(days));
});

test('it says nothing when it knows too little, of another disk, and of one that does not grow', () => {
  const grows = (night: number): number => 100_000 + 1000 * night;
  assert.equal(forecastOf([], { free: 1, total }), undefined);
  assert.equal(forecastOf(nights(9, grows), { free: 1000, total }), undefined);
  assert.equal(forecastOf(nights(13, grows), { free: 1000, total }), undefined);
  assert.equal(forecastOf(nights(30, grows), { free: 1000, total: 2 * total }), undefined);
  assert.equal(
    forecastOf(
      nights(30, () => 100_000),
      { free: 1000, total },
    ),
    undefined,
  );
  assert.equal(
    forecastOf(
      nights(30, (night) => 100_000 + (night % 2) * 500),
      { free: 1000, total },
    ),
    undefined,
  );
  assert.equal(
    forecastOf(
      nights(30, (night) => 100_000 - 10 * night),
      { free: 1000, total },
    ),
    undefined,
  );
  assert.equal(forecastOf(nights(30, grows), { free: 9_000_000, total }), undefined);
});
