import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatTime, localOffsetMinutes, parseTime } from './time-format.ts';

const second = 1_000_000_000n;

test('S1: times are written as Go writes them', () => {
  const cases: readonly (readonly [bigint, number, string])[] = [
    [0n, 0, '1970-01-01T00:00:00Z'],
    [0n, 540, '1970-01-01T09:00:00+09:00'],
    [0n, -300, '1969-12-31T19:00:00-05:00'],
    [0n, 330, '1970-01-01T05:30:00+05:30'],
    [1n, 0, '1970-01-01T00:00:00.000000001Z'],
    [-1n, 0, '1969-12-31T23:59:59.999999999Z'],
    [1_500_000_000_120_000_000n, 0, '2017-07-14T02:40:00.12Z'],
    [-2_208_988_801n * second, 0, '1899-12-31T23:59:59Z'],
    [1_709_208_000n * second, 0, '2024-02-29T12:00:00Z'],
    [2n ** 63n - 1n, 0, '2262-04-11T23:47:16.854775807Z'],
    [2n ** 63n, 0, '2262-04-11T23:47:16.854775808Z'],
    [-(2n ** 63n) - 1n, 0, '1677-09-21T00:12:43.145224191Z'],
    [253_402_300_799n * second + 999_999_999n, 0, '9999-12-31T23:59:59.999999999Z'],
    [-62_167_219_200n * second, 0, '0000-01-01T00:00:00Z'],
  ];
  for (const [nanoseconds, offset, text] of cases) assert.equal(formatTime(nanoseconds, offset), text);
});

test('S1: years that cannot be written become 0 and 9999, as restic has it', () => {
  assert.equal(formatTime(253_402_300_800n * second + 5n, 0), '9999-01-01T00:00:00.000000005Z');
  assert.equal(formatTime(-62_167_219_201n * second, 0), '0000-12-31T23:59:59Z');
  assert.equal(formatTime(13_569_465_600_000n * second, 0).slice(0, 4), '9999');
});

test('S1: a zone with seconds shows the true clock beside whole minutes', () => {
  assert.equal(formatTime(-3_000_000_000n * second, 33_539 / 60), '1874-12-08T03:58:59+09:18');
  assert.equal(formatTime(-3_000_000_000n * second, -17_762 / 60), '1874-12-07T13:43:58-04:56');
});

test('S1: every time from year 0 to 9999 comes back from its text', () => {
  const nanoseconds = fc.bigInt(-62_167_132_800n * second, 253_402_214_399n * second);
  fc.assert(
    fc.property(nanoseconds, fc.integer({ min: -1439, max: 1439 }), (time, offsetMinutes) => {
      assert.deepEqual(parseTime(formatTime(time, offsetMinutes)), { nanoseconds: time, offsetMinutes });
    }),
    { numRuns: 2000 },
  );
});

test('S1: times are those of the system calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (milliseconds) => {
      const text = new Date(milliseconds).toISOString();
      assert.equal(parseTime(text)?.nanoseconds, BigInt(milliseconds) * 1_000_000n);
    }),
  );
});

test('S1: what Go would not read as a time is no time', () => {
  const wrong = [
    '',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01 00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00,5Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+0900',
    '2024-01-01t00:00:00z',
    '12024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
  ];
  for (const text of wrong) assert.equal(parseTime(text), undefined, text);
  assert.equal(parseTime('1970-01-01T00:00:00.1234567899Z')?.nanoseconds, 123_456_789n);
});

test('the local offset is that of the system at that time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      const expected = -new Date(seconds * 1000).getTimezoneOffset();
      assert.equal(localOffsetMinutes(BigInt(seconds) * second), expected === 0 ? 0 : expected);
    }),
  );
});
