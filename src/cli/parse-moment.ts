import { InvalidArgumentError } from 'commander';
import type { Nanoseconds } from '../model/entry.ts';

const shape =
  /^(?:(\d{4})-(\d{2})-(\d{2})|(\d{2})\.(\d{2})\.(\d{4}))(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/;

const message =
  'It must be a date such as 2026-01-31 or "2026-01-31 15:04:05", on this machine\'s clock unless it says +0900.';

/** A day or moment as people write it; without a time its beginning, without an offset on this machine's clock. */
export const parseMoment = (text: string): Nanoseconds => {
  const match = shape.exec(text.trim());
  if (match === null) throw new InvalidArgumentError(message);
  const part = (...at: readonly number[]): number => Number(at.map((index) => match[index]).find(Boolean) ?? 0);
  const [year, month, day] = [part(1, 6), part(2, 5), part(3, 4)];
  const clock = [part(7), part(8), part(9)] as const;
  const utc = new Date(Date.UTC(year, month - 1, day, ...clock));
  const isReal =
    utc.getUTCFullYear() === year && utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day && clock[0] < 24;
  if (!isReal || clock[1] > 59 || clock[2] > 59) throw new InvalidArgumentError(message);
  const zone = match[10];
  const milliseconds =
    zone === undefined
      ? new Date(year, month - 1, day, ...clock).getTime()
      : utc.getTime() - offsetMinutes(zone) * 60_000;
  return BigInt(milliseconds) * 1_000_000n;
};

const offsetMinutes = (zone: string): number => {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
};
