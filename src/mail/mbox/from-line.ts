import type { Nanoseconds } from '../../model/entry.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => String(value).padStart(2, '0');

/** `From MAILER-DAEMON Thu Jan  1 00:00:00 1970`, in UTC, as RFC 4155 has it; with a line feed. */
export const fromLine = (date: Nanoseconds): string => {
  const time = new Date(Math.min(Math.max(Number(date / 1_000_000n), 0), 253_402_300_799_000));
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':');
  const day = `${days[time.getUTCDay()]} ${months[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)}`;
  return `From MAILER-DAEMON ${day} ${clock} ${time.getUTCFullYear()}\n`;
};

/** Of any year: what a message claims to be of is no reason to lose it. */
const dated = new RegExp(`\\b(?:${months.join('|')}) +\\d{1,2} +\\d{1,2}:\\d{2}\\b.*\\b\\d{4}\\b`);

/**
 * Whether a line that begins with `From ` begins a message: a time and a year stand in it, as no writer leaves them out. A
 * sentence in a message's text that begins so hardly has both.
 */
export const isFromLine = (line: string): boolean =>
  line.startsWith('From ') && /\d{1,2}:\d{2}/.test(line) && (/\b(?:19|20)\d{2}\b/.test(line) || dated.test(line));

/** The moment that it names, taken as UTC where it names no zone; undefined when it cannot be read. */
export const dateOfFromLine = (line: string): Nanoseconds | undefined => {
  const match =
    /\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) +(\d{1,2}):(\d{2})(?::(\d{2}))? +(?:([+-]\d{4})|[A-Z]{3,4})? *(\d{4})(?: +([+-]\d{4}))?/.exec(
      line,
    );
  if (match === null) return dayFirst(line);
  const [, month = '', day, hour, minute, second = '0', zoneBefore, year, zoneAfter] = match;
  const seconds = Date.UTC(
    Number(year),
    months.indexOf(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return BigInt(seconds / 1000 - minutesOf(zoneBefore ?? zoneAfter) * 60) * 1_000_000_000n;
};

/** `Sun, 11 Nov 2007 06:58:35 +0200`, as in a `Date:` field. */
const dayFirst = (line: string): Nanoseconds | undefined => {
  const match = /\b(\d{1,2}) +(\w{3}) +(\d{4}) +(\d{1,2}):(\d{2})(?::(\d{2}))? *([+-]\d{4})?/.exec(line);
  if (match === null) return undefined;
  const [, day, month = '', year, hour, minute, second = '0', zone] = match;
  const at = months.indexOf(month);
  if (at < 0) return undefined;
  const seconds = Date.UTC(Number(year), at, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  return BigInt(seconds - minutesOf(zone) * 60) * 1_000_000_000n;
};

const minutesOf = (zone: string | undefined): number => {
  if (zone === undefined) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
  return zone.startsWith('-') ? -minutes : minutes;
};
