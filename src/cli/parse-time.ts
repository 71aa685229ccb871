import { InvalidArgumentError } from 'commander';
import type { ZonedTime } from '../model/snapshot.ts';
import { localOffsetMinutes, parseTime } from '../store/restic/format/time-format.ts';
import type { Nanoseconds } from '../model/entry.ts';

/** A moment with the offset of this machine's zone at that moment: how a snapshot made here records its time. */
export const localZoned = (nanoseconds: Nanoseconds): ZonedTime => ({
  nanoseconds,
  offsetMinutes: localOffsetMinutes(nanoseconds),
});

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/;

/** `2026-01-31 03:00:00` by this machine's clock, as restic takes it; also without seconds, without time, or RFC 3339. */
export const parseLocalTime = (text: string): ZonedTime => {
  const exact = parseTime(text);
  if (exact !== undefined) return exact;
  const match = pattern.exec(text);
  if (match !== null) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
      .slice(1)
      .map((part) => Number(part ?? 0));
    const date = new Date(year, month - 1, day, hour, minute, second);
    const isReal = date.getMonth() === month - 1 && date.getDate() === day && hour < 24 && minute < 60 && second < 60;
    if (isReal) return localZoned(BigInt(date.getTime()) * 1_000_000n);
  }
  throw new InvalidArgumentError('It must be a time such as "2026-01-31 03:00:00".');
};
