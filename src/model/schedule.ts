/** When something is to happen, in the five fields of crontab(5): what each allows, as numbers in their order. */
export interface CronRule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Undefined: any. Where both days are given, either suffices, as crontab(5) has it. */
  readonly monthDays: readonly number[] | undefined;
  readonly months: readonly number[] | undefined;
  /** 0 is Sunday. */
  readonly weekDays: readonly number[] | undefined;
}

export const weekDayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type WeekDay = (typeof weekDayNames)[number];

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

interface Field {
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

const fields = {
  minutes: { from: 0, to: 59 },
  hours: { from: 0, to: 23 },
  monthDays: { from: 1, to: 31 },
  months: { from: 1, to: 12, names: ['', ...monthNames] },
  weekDays: { from: 0, to: 7, names: weekDayNames },
} as const;

const numberIn = (text: string, { from, to, names }: Field): number | undefined => {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  const value = text !== '' && named >= 0 ? named : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
};

/** `*`, `5`, `1-5`, every fifteenth, `0-30/10`; undefined for anything else. */
const rangeIn = (text: string, field: Field): readonly number[] | undefined => {
  const match = /^(?:(\*)|([^-/]+)(?:-([^-/]+))?)(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, star, first, last, stepText] = match;
  const step = stepText === undefined ? 1 : Number(stepText);
  const from = star === undefined ? numberIn(first ?? '', field) : field.from;
  const open = star !== undefined || (stepText !== undefined && last === undefined);
  const to = last === undefined ? (open ? field.to : from) : numberIn(last, field);
  if (from === undefined || to === undefined || step < 1 || to < from) return undefined;
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
};

const valuesIn = (text: string, field: Field): readonly number[] | undefined => {
  const ranges = text.split(',').map((range) => rangeIn(range, field));
  const values = ranges.flatMap((range) => range ?? []);
  if (ranges.includes(undefined)) return undefined;
  return [...new Set(values)].toSorted((a, b) => a - b);
};

/** Sunday is 0 and 7. */
const asWeekDays = (values: readonly number[]): readonly number[] =>
  [...new Set(values.map((value) => value % 7))].toSorted((a, b) => a - b);

/** The five fields of crontab(5), with lists, ranges, steps and English names; undefined when they are something else. */
export const parseCron = (text: string): CronRule | undefined => {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) return undefined;
  const [minute = '', hour = '', monthDay = '', month = '', weekDay = ''] = parts;
  const minutes = valuesIn(minute, fields.minutes);
  const hours = valuesIn(hour, fields.hours);
  const monthDays = valuesIn(monthDay, fields.monthDays);
  const months = valuesIn(month, fields.months);
  const weekDays = valuesIn(weekDay, fields.weekDays);
  if (!minutes || !hours || !monthDays || !months || !weekDays) return undefined;
  return {
    minutes,
    hours,
    monthDays: monthDay === '*' ? undefined : monthDays,
    months: month === '*' ? undefined : months,
    weekDays: weekDay === '*' ? undefined : asWeekDays(weekDays),
  };
};

/** `03:00` on these days, or on all; undefined when it is no time of day. */
export const ruleAt = (time: string, days: readonly WeekDay[] | undefined): CronRule | undefined => {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time);
  if (match === null) return undefined;
  return {
    minutes: [Number(match[2])],
    hours: [Number(match[1])],
    monthDays: undefined,
    months: undefined,
    weekDays: days === undefined ? undefined : asWeekDays(days.map((day) => weekDayNames.indexOf(day))),
  };
};

/** A rule as crontab(5) writes it. */
export const cronLine = ({ minutes, hours, monthDays, months, weekDays }: CronRule): string =>
  [minutes, hours, monthDays, months, weekDays].map((values) => values?.join(',') ?? '*').join(' ');

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const padded = (values: readonly number[]): string => values.map((value) => String(value).padStart(2, '0')).join(',');

/** A rule as systemd.time(7) writes it: two lines where either of two days suffices. */
export const calendarLines = (
  { minutes, hours, monthDays, months, weekDays }: CronRule,
  timeZone: string | undefined,
): readonly string[] => {
  const zone = timeZone === undefined ? '' : ` ${timeZone}`;
  const line = (days: readonly number[] | undefined, dates: readonly number[] | undefined): string => {
    const week = days === undefined ? '' : `${days.map((day) => capital(weekDayNames[day] ?? '')).join(',')} `;
    const date = `*-${months === undefined ? '*' : padded(months)}-${dates === undefined ? '*' : padded(dates)}`;
    return `${week}${date} ${padded(hours)}:${padded(minutes)}:00${zone}`;
  };
  if (weekDays !== undefined && monthDays !== undefined) return [line(weekDays, undefined), line(undefined, monthDays)];
  return [line(weekDays, monthDays)];
};
