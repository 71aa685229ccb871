import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './parse-moment.ts';

const milliseconds = (text: string): number => Number(parseMoment(text) / 1_000_000n);

test('a date is its first moment on this machine’s clock, unless it names its offset', () => {
  assert.equal(milliseconds('2026-01-31'), new Date(2026, 0, 31).getTime());
  assert.equal(milliseconds('31.01.2026 15:04'), new Date(2026, 0, 31, 15, 4).getTime());
  assert.equal(milliseconds('2026-01-31T15:04:05Z'), Date.UTC(2026, 0, 31, 15, 4, 5));
  assert.equal(milliseconds('2026-01-31 15:04:05 +0900'), Date.UTC(2026, 0, 31, 6, 4, 5));
});

test('what is no date is refused', () => {
  for (const text of ['', 'yesterday', '2026-02-30', '2026-13-01', '2026-01-01 24:00', '2026-01-01 10:60', '31.1.26'])
    assert.throws(() => parseMoment(text), /must be a date/, text);
});
