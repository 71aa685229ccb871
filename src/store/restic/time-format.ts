import type { Nanoseconds } from '../../model/entry.ts';
import type { ZonedTime } from '../../model/snapshot.ts';

const secondsPerDay = 86_400;
const nanosecondsPerSecond = 1_000_000_000n;

/** Days since 1970-01-01 of a day of the Gregorian calendar, reckoned backwards as well. */
const daysOf = (year: number, month: number, day: number): number => {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
};

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const dayOf = (days: number): Day => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
};

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

/** Seconds and the rest as one number of nanoseconds. `rest` is 0 to 999,999,999. */
export const joinTime = (wholeSeconds: number, rest: number): Nanoseconds => {
  if (Math.abs(wholeSeconds) > 9_000_000_000) return BigInt(wholeSeconds) * nanosecondsPerSecond + BigInt(rest);
  const upper = Math.floor(wholeSeconds / 65_536);
  const lower = wholeSeconds - upper * 65_536;
  const scaled = upper * 1e9;
  const scaledUpper = Math.floor(scaled / 65_536);
  const low = (scaled - scaledUpper * 65_536) * 65_536 + lower * 1e9 + rest;
  const carry = Math.floor(low / 4_294_967_296);
  halves[lowHalf] = low - carry * 4_294_967_296;
  halves[highHalf] = scaledUpper + carry;
  return wide[0] ?? 0n;
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

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

const daysInMonth = (year: number, month: number): number =>
  month === 12 ? 31 : daysOf(year, month + 1, 1) - daysOf(year, month, 1);

/** Seconds since 1970 of a civil time, or NaN when there is no such day or time. */
export const secondsOfCivil = (year: number, month: number, day: number, secondsOfDay: number): number => {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  return daysOf(year, month, day) * secondsPerDay + secondsOfDay;
};

/** Reads RFC 3339 as strictly as Go's JSON does; digits beyond nanoseconds are dropped. Undefined: not such a time. */
export const parseTime = (text: string): ZonedTime | undefined => {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? '0');
  if (part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) return undefined;
  const local = secondsOfCivil(part(1), part(2), part(3), part(4) * 3600 + part(5) * 60 + part(6));
  if (Number.isNaN(local)) return undefined;
  const size = part(9) * 60 + part(10);
  const offsetMinutes = match[8] === '-' && size > 0 ? -size : size;
  const rest = Number((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return { nanoseconds: joinTime(local - offsetMinutes * 60, rest), offsetMinutes };
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

const cacheSlots = 4096;
const cachedHours = new Float64Array(cacheSlots).fill(Number.NaN);
const cachedOffsets = new Float64Array(cacheSlots);

/** Minutes east of UTC of this machine's zone at a time; with a fraction where the zone has seconds. */
export const localOffsetMinutes = (nanoseconds: Nanoseconds): number => {
  split(nanoseconds);
  const hour = Math.floor(seconds / 3600);
  const slot = ((hour % cacheSlots) + cacheSlots) % cacheSlots;
  if (cachedHours[slot] === hour) return cachedOffsets[slot] ?? 0;
  const first = lookUpOffset(hour * 3600);
  // An hour in which the clocks change is looked up each time.
  if (first !== lookUpOffset(hour * 3600 + 3599)) return lookUpOffset(seconds) / 60;
  cachedHours[slot] = hour;
  cachedOffsets[slot] = first / 60;
  return first / 60;
};
