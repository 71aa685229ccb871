import type { Nanoseconds } from '../../../model/entry.ts';
import { mostSeconds, writeNanoseconds } from '../../../model/nanosecond-words.ts';
import { daysOf, isDay } from './calendar.ts';

/** Nanoseconds of 0001-01-01T00:00:00Z, which is what Go reads where a time is missing. */
export const missingTime: Nanoseconds = -62_135_596_800_000_000_000n;

const wide = new BigInt64Array(1);
const words = new Uint32Array(wide.buffer);

/** Seconds and the rest as one number of nanoseconds. `rest` is 0 to 999,999,999. */
const joinTime = (wholeSeconds: number, rest: number): Nanoseconds => {
  if (Math.abs(wholeSeconds) > mostSeconds) return BigInt(wholeSeconds) * 1_000_000_000n + BigInt(rest);
  writeNanoseconds(wholeSeconds, rest, words, 0);
  return wide[0] ?? 0n;
};

const notDigits = Number.NaN;

/** The number that two digits make, or NaN. */
const pair = (bytes: Uint8Array, at: number): number => {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : notDigits;
};

const dateLength = 'YYYY-MM-DDT'.length;
const shortest = 'YYYY-MM-DDTHH:MM:SSZ'.length;

/** Days since 1970 of the date that begins at `start`, or NaN. */
const daysAt = (bytes: Uint8Array, start: number): number => {
  const year = pair(bytes, start) * 100 + pair(bytes, start + 2);
  const month = pair(bytes, start + 5);
  const day = pair(bytes, start + 8);
  const isShape = bytes[start + 4] === 0x2d && bytes[start + 7] === 0x2d && bytes[start + 10] === 0x54;
  return isShape && year >= 0 && isDay(year, month, day) ? daysOf(year, month, day) : notDigits;
};

/** Seconds since midnight of the clock that begins at `start`, or NaN. */
const clockAt = (bytes: Uint8Array, start: number): number => {
  const hours = pair(bytes, start);
  const minutes = pair(bytes, start + 3);
  const seconds = pair(bytes, start + 6);
  const isShape = bytes[start + 2] === 0x3a && bytes[start + 5] === 0x3a;
  if (!isShape || !(hours <= 23 && minutes <= 59 && seconds <= 59)) return notDigits;
  return hours * 3600 + minutes * 60 + seconds;
};

/** Nanoseconds of the digits from `start` to `end`; those beyond nine are dropped. NaN when there are none, or others. */
const fractionAt = (bytes: Uint8Array, start: number, end: number): number => {
  if (start === end) return notDigits;
  let fraction = 0;
  let scale = 1_000_000_000;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return notDigits;
    if (scale === 1) continue;
    fraction = fraction * 10 + digit;
    scale /= 10;
  }
  return fraction * scale;
};

/** Minutes east of UTC of the zone that ends at `end`, or NaN. */
const zoneBefore = (bytes: Uint8Array, end: number): number => {
  if (bytes[end - 1] === 0x5a) return 0;
  const sign = bytes[end - 6];
  const hours = pair(bytes, end - 5);
  const minutes = pair(bytes, end - 2);
  if ((sign !== 0x2b && sign !== 0x2d) || bytes[end - 3] !== 0x3a || !(hours <= 23 && minutes <= 59)) return notDigits;
  const size = hours * 60 + minutes;
  return sign === 0x2d && size > 0 ? -size : size;
};

/** Reads times as Go's JSON has them (RFC 3339, strictly) out of bytes, and keeps the last. */
export class TimeScanner {
  nanoseconds: Nanoseconds = missingTime;
  offsetMinutes = 0;
  /** Whole seconds since 1970, and the nanoseconds that are left; not reset. */
  seconds = 0;
  rest = 0;

  reset(): void {
    this.nanoseconds = missingTime;
    this.offsetMinutes = 0;
  }

  /** Whether a time stands from `start` to `end`; it is then in all fields. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.scanParts(bytes, start, end)) return false;
    this.nanoseconds = joinTime(this.seconds, this.rest);
    return true;
  }

  /** The same without `nanoseconds`, which stay what they were. */
  scanParts(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < shortest) return false;
    const seconds = daysAt(bytes, start) * 86_400 + clockAt(bytes, start + dateLength);
    const offset = zoneBefore(bytes, end);
    const fractionStart = start + shortest - 1;
    const zoneStart = end - (bytes[end - 1] === 0x5a ? 1 : 6);
    let fraction = 0;
    if (zoneStart !== fractionStart) {
      if (zoneStart < fractionStart || bytes[fractionStart] !== 0x2e) return false;
      fraction = fractionAt(bytes, fractionStart + 1, zoneStart);
    }
    // NaN in any part reaches the sum.
    if (Number.isNaN(seconds + offset + fraction)) return false;
    this.seconds = seconds - offset * 60;
    this.rest = fraction;
    this.offsetMinutes = offset;
    return true;
  }
}
