import type { ZonedTime } from '../model/snapshot.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Names of zones that RFC 5322 section 4.3 defines, and two that Japanese and central European mail uses; in hours. */
const zones: Readonly<Record<string, number>> = Object.fromEntries(
  'ut 0,utc 0,gmt 0,z 0,est -5,edt -4,cst -6,cdt -5,mst -7,mdt -6,pst -8,pdt -7,jst 9,cet 1,cest 2,met 1,mest 2,bst 1'
    .split(',')
    .map((zone) => {
      const [name = '', hours] = zone.split(' ');
      return [name, Number(hours)];
    }),
);

interface DateParts {
  readonly year: string | undefined;
  /** 1 to 12. */
  readonly month: number;
  readonly day: string | undefined;
  readonly time: string | undefined;
  readonly zone: string | undefined;
}

const mailForm =
  /(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{2,4})\s*,?\s+(\d{1,2}[:.]\d{1,2}(?:[:.]\d{1,2})?)(?:\.\d+)?\s*([ap]m\b)?\s*([+-]?\s?\d{1,2}:?\d{2}|[a-z]{1,5})?/i;
const asctimeForm = /([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)\s+([+-]\d{4}|[a-z]{2,4})?\s*(\d{4})/i;
const isoForm = /(\d{4})-(\d{2})-(\d{2})(?:[t ]+(\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(z|[+-]\d{2}:?\d{2})?)?/i;

/**
 * A date as mail has it: RFC 5322 with the obsolete forms, the forms of C's asctime and of ISO 8601, missing seconds, weekdays
 * and zones (then UTC). Undefined for what is no date, or none between 1900 and 9999.
 */
export const parseDate = (text: string): ZonedTime | undefined => {
  const short = text.slice(0, 200);
  const parts = mailParts(short) ?? asctimeParts(short) ?? isoParts(short);
  return parts === undefined ? undefined : momentOf(parts);
};

const mailParts = (text: string): DateParts | undefined => {
  const match = mailForm.exec(text);
  if (match === null) return undefined;
  const [, day, month = '', year, time = '', half] = match;
  return {
    year,
    month: monthNumber(month),
    day,
    time: half === undefined ? time : in24Hours(time, half),
    zone: match[6],
  };
};

const asctimeParts = (text: string): DateParts | undefined => {
  const match = asctimeForm.exec(text);
  if (match === null) return undefined;
  const [, month = '', day, time, zone, year] = match;
  return { year, month: monthNumber(month), day, time, zone };
};

const isoParts = (text: string): DateParts | undefined => {
  const match = isoForm.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, time, zone] = match;
  return { year, month: Number(month), day, time, zone };
};

const monthNumber = (name: string): number => months.indexOf(name.toLowerCase()) + 1;

const in24Hours = (time: string, half: string): string => {
  const [hour = '', ...rest] = time.split(/[:.]/);
  const base = Number(hour) % 12;
  return [half.toLowerCase() === 'pm' ? base + 12 : base, ...rest].join(':');
};

const momentOf = ({ year = '', month, day, time = '0:0', zone = '' }: DateParts): ZonedTime | undefined => {
  const [hour = 0, minute = 0, second = 0] = time.split(/[:.]/).map(Number);
  const fullYear = Number(year) + (year.length > 2 && Number(year) >= 1000 ? 0 : Number(year) < 50 ? 2000 : 1900);
  const dayNumber = Number(day);
  const offsetMinutes = zoneMinutes(zone);
  // A leap second is told as the first second of the next minute.
  if (month < 1 || month > 12 || hour > 24 || minute > 59 || second > 60 || offsetMinutes === undefined)
    return undefined;
  if (dayNumber < 1 || dayNumber > 31 || fullYear < 1900 || fullYear > 9999) return undefined;
  const milliseconds = Date.UTC(fullYear, month - 1, dayNumber, hour, minute - offsetMinutes, second);
  return { nanoseconds: BigInt(milliseconds) * 1_000_000n, offsetMinutes };
};

const zoneMinutes = (zone: string): number | undefined => {
  const match = /^([+-]?)\s?(\d{1,2}):?(\d{2})$/.exec(zone);
  if (match === null) return (zones[zone.toLowerCase()] ?? 0) * 60;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (minutes >= 24 * 60) return 0;
  return match[1] === '-' ? -minutes : minutes;
};
