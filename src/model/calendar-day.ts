/** A week of ISO 8601: `year` is that of the week, which differs from the calendar's around New Year. */
export interface IsoWeek {
  readonly year: number;
  /** 1 to 53. */
  readonly week: number;
}

const day = 86_400_000;

/** Midnight of `2026-01-31` as if in UTC, so that days can be counted. */
const midnightOf = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** 0 is Sunday. `date` is such as `2026-01-31`. */
export const weekDayOf = (date: string): number => new Date(midnightOf(date)).getUTCDay();

/** The ISO week in which a day lies: that of its Thursday. */
export const isoWeekOf = (date: string): IsoWeek => {
  const thursday = midnightOf(date) + (4 - (weekDayOf(date) || 7)) * day;
  const year = new Date(thursday).getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * day)) };
};
