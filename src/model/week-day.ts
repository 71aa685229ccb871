/** 0 is Sunday. `date` is such as `2026-01-31`. */
export const weekDayOf = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay();
