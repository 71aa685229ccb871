import { wallTime } from './local-time.ts';

/** A backup of a server on a dated disk, by its place below the root. */
export type DatedName =
  | { readonly kind: 'daily'; /** `2025-11-07` */ readonly date: string }
  /** ISO 8601: `week` is 1 to 53, `year` that of the week. */
  | { readonly kind: 'weekly'; readonly year: number; readonly week: number };

const pad = (number: number, digits: number): string => String(number).padStart(digits, '0');

/** The name of its folder alone: `2025-11-07`, `2025-week-45`. */
export const datedFolder = (name: DatedName): string =>
  name.kind === 'daily' ? name.date : `${pad(name.year, 4)}-week-${pad(name.week, 2)}`;

/** Its place below the root: `daily/2025-11-07`, `weekly/2025-week-45`. */
export const datedPlace = (name: DatedName): string => `${name.kind}/${datedFolder(name)}`;

const dayMilliseconds = 86_400_000;

/** The ISO week of a date: weeks begin on Monday, and belong to the year of their Thursday (ISO 8601). */
export const weekOfDate = (date: string): { readonly year: number; readonly week: number } => {
  const day = new Date(`${date}T00:00:00Z`);
  const thursday = new Date(day.getTime() + (3 - ((day.getUTCDay() + 6) % 7)) * dayMilliseconds);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMilliseconds)) + 1;
  return { year, week };
};

/** The day of a moment (milliseconds since 1970), as the clocks of a time zone have it; without one, those of the system. */
export const dailyNameAt = (milliseconds: number, timeZone?: string): DatedName & { readonly kind: 'daily' } => ({
  kind: 'daily',
  date: wallTime(milliseconds, timeZone).date,
});

/** The ISO week of a moment, as the clocks of a time zone have it. */
export const weeklyNameAt = (milliseconds: number, timeZone?: string): DatedName & { readonly kind: 'weekly' } => ({
  kind: 'weekly',
  ...weekOfDate(wallTime(milliseconds, timeZone).date),
});

const isDate = (text: string): boolean => {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};

/** Reads the name of a folder; undefined for what is none of ours. */
export const parseDatedFolder = (kind: DatedName['kind'], folder: string): DatedName | undefined => {
  if (kind === 'daily') {
    return /^\d{4}-\d{2}-\d{2}$/.test(folder) && isDate(folder) ? { kind, date: folder } : undefined;
  }
  const [, year, week] = /^(\d{4})-week-(\d{2})$/.exec(folder) ?? [];
  const number = Number(week);
  return year !== undefined && number >= 1 && number <= 53 ? { kind, year: Number(year), week: number } : undefined;
};

/** Reads `daily/2025-11-07`; undefined for what is none of ours. */
export const parseDatedPlace = (place: string): DatedName | undefined => {
  const [kind, folder, ...rest] = place.split('/');
  if (folder === undefined || rest.length > 0 || (kind !== 'daily' && kind !== 'weekly')) return undefined;
  return parseDatedFolder(kind, folder);
};
