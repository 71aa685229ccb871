import type { Nanoseconds } from './entry.ts';
import type { BucketName, KeepSpan } from './retention-policy.ts';
import type { ZonedTime } from './snapshot.ts';

/** Minutes east of UTC that clocks show at a time. */
export type ZoneOffset = (time: Nanoseconds) => number;

const perMillisecond = 1_000_000n;
const perHour = 3_600_000_000_000n;
const perDay = 24n * perHour;

const floored = (dividend: bigint, divisor: bigint): bigint => dividend / divisor - (dividend % divisor < 0n ? 1n : 0n);

/** Offsets before about 1900 have seconds. */
const offsetNanoseconds = (minutes: number): Nanoseconds => BigInt(Math.round(minutes * 60)) * 1_000_000_000n;

/** What the clock showed, as if it were that of UTC. */
const readingOf = ({ nanoseconds, offsetMinutes }: ZonedTime): Nanoseconds =>
  nanoseconds + offsetNanoseconds(offsetMinutes);

const weekOf = (date: Date): number => {
  // The ISO week and its year are those of the week's Thursday.
  const thursday = new Date(date);
  thursday.setUTCDate(date.getUTCDate() + 3 - ((date.getUTCDay() + 6) % 7));
  const year = thursday.getUTCFullYear();
  const newYear = new Date(thursday);
  newYear.setUTCMonth(0, 1);
  const week = Math.floor((thursday.getTime() - newYear.getTime()) / (7 * 86_400_000)) + 1;
  return year * 100 + week;
};

/** A number that is the same for two times exactly when they are in the same bucket of their own calendars. */
export const bucketOf = (time: ZonedTime, bucket: BucketName): number => {
  const date = new Date(Number(floored(readingOf(time), perMillisecond)));
  const year = date.getUTCFullYear();
  const month = year * 100 + date.getUTCMonth() + 1;
  const day = month * 100 + date.getUTCDate();
  switch (bucket) {
    case 'hourly':
      return day * 100 + date.getUTCHours();
    case 'daily':
      return day;
    case 'weekly':
      return weekOf(date);
    case 'monthly':
      return month;
    case 'yearly':
      return year;
  }
};

/** The time at which the clocks of a zone show a reading; when they were changed, there may be two such times, or none. */
const fromReading = (reading: Nanoseconds, zone: ZoneOffset): Nanoseconds => {
  const guess = zone(reading);
  if (guess === 0) return reading;
  return reading - offsetNanoseconds(zone(reading - offsetNanoseconds(guess)));
};

/**
 * The time that lies a span before another, by the calendar and the clock of a zone: a month before 31 March is 3 March,
 * as in restic; hours are hours of time. Undefined: before all times.
 */
export const before = (time: ZonedTime, span: KeepSpan, zone: ZoneOffset): Nanoseconds | undefined => {
  const reading = readingOf(time);
  const days = floored(reading, perDay);
  const date = new Date(Number(days) * 86_400_000);
  date.setUTCFullYear(
    date.getUTCFullYear() - span.years,
    date.getUTCMonth() - span.months,
    date.getUTCDate() - span.days,
  );
  const midnight = date.getTime();
  if (Number.isNaN(midnight)) return undefined;
  const earlier = BigInt(midnight) * perMillisecond + (reading - days * perDay);
  return fromReading(earlier, zone) - BigInt(span.hours) * perHour;
};
