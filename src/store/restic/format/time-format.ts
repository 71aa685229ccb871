import type { Nanoseconds } from '../../../model/entry.ts';
import type { ZonedTime } from '../../../model/snapshot.ts';
import { dayOf, daysOf, type Day } from './calendar.ts';
import { TimeScanner } from './time-scanner.ts';

const secondsPerDay = 86_400;
const nanosecondsPerSecond = 1_000_000_000n;

/** Years that RFC 3339 cannot name become 0 or 9999, as restic has it; 29 February may so become 1 March. */
const withinYears = (days: number): Day => {
  const day = dayOf(days);
  if (day.year >= 0 && day.year <= 9999) return day;
  return dayOf(daysOf(day.year < 0 ? 0 : 9999, day.month, day.day));
};

const twoDigits = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => twoDigits[value] ?? '';

const zoneOf = (offsetMinutes: number): string => {
  if (offsetMinutes === 0) return 'Z';
  const whole = Math.trunc(offsetMinutes);
  const size = Math.abs(whole);
  return `${whole < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};

// The time at hand, split without allocating: nearly every call is for a time within the range of an int64.
const wide = new BigInt64Array(1);
const halves = new Uint32Array(wide.buffer);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const lowHalf = littleEndian ? 0 : 1;
const highHalf = 1 - lowHalf;
let seconds = 0;
let fraction = 0;

const split = (nanoseconds: Nanoseconds): void => {
  wide[0] = nanoseconds;
  if (wide[0] !== nanoseconds) {
    const whole = nanoseconds / nanosecondsPerSecond;
    const rest = Number(nanoseconds % nanosecondsPerSecond);
    seconds = Number(whole) - (rest < 0 ? 1 : 0);
    fraction = rest < 0 ? rest + 1e9 : rest;
    return;
  }
  const low = halves[lowHalf] ?? 0;
  const high = (halves[highHalf] ?? 0) | 0;
  seconds = Math.floor((high * 4_294_967_296 + low) / 1e9);
  // The double above is off by at most one second; the low 32 bits say by how much.
  fraction = (low - Math.imul((seconds % 4_294_967_296) | 0, 1_000_000_000)) | 0;
  if (fraction < 0) {
    seconds -= 1;
    fraction += 1_000_000_000;
  } else if (fraction >= 1_000_000_000) {
    seconds += 1;
    fraction -= 1_000_000_000;
  }
};

let knownMinute = Number.NaN;
let minuteText = '';

const textOfMinute = (minute: number): string => {
  if (minute === knownMinute) return minuteText;
  const days = Math.floor(minute / 1440);
  const { year, month, day } = withinYears(days);
  const ofDay = minute - days * 1440;
  knownMinute = minute;
  minuteText = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}:`;
  return minuteText;
};

const fractionText = (): string => {
  if (fraction === 0) return '';
  let digits = String(fraction).padStart(9, '0');
  let length = 9;
  while (digits.charCodeAt(length - 1) === 0x30) length--;
  if (length < 9) digits = digits.slice(0, length);
  return `.${digits}`;
};

/**
 * A time as Go writes it (RFC3339Nano): zeros at the end of the fraction trimmed, `Z` for no offset.
 *
 * `offsetMinutes` may have a fraction: zones before about 1900 have offsets in seconds. The clock then shows the true
 * local time beside an offset cut to minutes, as Go writes it.
 */
export const formatTime = (nanoseconds: Nanoseconds, offsetMinutes: number): string => {
  split(nanoseconds);
  const local = seconds + Math.round(offsetMinutes * 60);
  const minute = Math.floor(local / 60);
  return `${textOfMinute(minute)}${two(local - minute * 60)}${fractionText()}${zoneOf(offsetMinutes)}`;
};

const encoder = new TextEncoder();

/** Reads RFC 3339 as strictly as Go's JSON does; digits beyond nanoseconds are dropped. Undefined: not such a time. */
export const parseTime = (text: string): ZonedTime | undefined => {
  const bytes = encoder.encode(text);
  const scanner = new TimeScanner();
  if (!scanner.scan(bytes, 0, bytes.length)) return undefined;
  return { nanoseconds: scanner.nanoseconds, offsetMinutes: scanner.offsetMinutes };
};

const lastDateMilliseconds = 8_640_000_000_000_000;

/** Seconds east of UTC at a second; the calendar fields tell them, because `getTimezoneOffset` knows minutes only. */
const lookUpOffset = (second: number): number => {
  const milliseconds = Math.max(-lastDateMilliseconds, Math.min(lastDateMilliseconds, second * 1000));
  const date = new Date(milliseconds);
  const local =
    daysOf(date.getFullYear(), date.getMonth() + 1, date.getDate()) * secondsPerDay +
    date.getHours() * 3600 +
    date.getMinutes() * 60 +
    date.getSeconds();
  return local - milliseconds / 1000;
};

/** Days: enough for mail of twenty years. */
const cacheSlots = 8192;
const cachedDays = new Float64Array(cacheSlots).fill(Number.NaN);
const cachedOffsets = new Float64Array(cacheSlots);

/** Minutes east of UTC of this machine's zone at a time; with a fraction where the zone has seconds. */
export const localOffsetMinutes = (nanoseconds: Nanoseconds): number => {
  split(nanoseconds);
  return localOffsetAt(seconds);
};

/** The same at a second since 1970. */
export const localOffsetAt = (second: number): number => {
  const day = Math.floor(second / secondsPerDay);
  const slot = ((day % cacheSlots) + cacheSlots) % cacheSlots;
  if (cachedDays[slot] === day) return cachedOffsets[slot] ?? 0;
  const first = lookUpOffset(day * secondsPerDay);
  // On a day on which the clocks change, each time is looked up.
  if (first !== lookUpOffset((day + 1) * secondsPerDay - 1)) return lookUpOffset(second) / 60;
  cachedDays[slot] = day;
  cachedOffsets[slot] = first / 60;
  return first / 60;
};
