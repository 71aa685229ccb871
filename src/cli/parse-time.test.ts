import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from '../store/restic/format/time-format.ts';
import { localZoned, parseLocalTime } from './parse-time.ts';

const wallClock = (text: string): string => {
  const { nanoseconds, offsetMinutes } = parseLocalTime(text);
  return formatTime(nanoseconds, offsetMinutes).slice(0, 19);
};

test('a time is that of this machine’s clock, whatever its zone', () => {
  assert.equal(wallClock('2026-01-31 03:04:05'), '2026-01-31T03:04:05');
  assert.equal(wallClock('2026-07-31T03:04'), '2026-07-31T03:04:00');
  assert.equal(wallClock('2026-07-31'), '2026-07-31T00:00:00');
});

test('a time with its offset is that moment', () => {
  assert.deepEqual(parseLocalTime('2026-01-31T03:04:05.5+09:00'), {
    nanoseconds: 1_769_796_245_500_000_000n,
    offsetMinutes: 540,
  });
});

test('what is no time is refused', () => {
  for (const text of ['', 'now', '2026-02-30', '2026-13-01', '2026-01-31 24:00:00', '2026-01-31 03:60', '31.1.2026']) {
    assert.throws(() => parseLocalTime(text), /It must be a time/, text);
  }
});

test('a moment is recorded with the offset of its own date', () => {
  const summer = localZoned(BigInt(Date.UTC(2026, 6, 1)) * 1_000_000n);
  assert.equal(summer.offsetMinutes + new Date(Date.UTC(2026, 6, 1)).getTimezoneOffset(), 0);
});
