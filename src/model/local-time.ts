const formats = new Map<string, Intl.DateTimeFormat>();

const formatIn = (timeZone: string | undefined): Intl.DateTimeFormat => {
  const known = formats.get(timeZone ?? '');
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    ...(timeZone === undefined ? {} : { timeZone }),
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone ?? '', made);
  return made;
};

/** A moment as a clock on the wall shows it. */
export interface WallTime {
  /** `2026-01-31` */
  readonly date: string;
  /** `03:00:59` */
  readonly time: string;
}

/** Milliseconds since 1970 UTC in a time zone of the IANA list; without one, in that of the system. */
export const wallTime = (milliseconds: number, timeZone?: string): WallTime => {
  const parts = new Map(
    formatIn(timeZone)
      .formatToParts(milliseconds)
      .map(({ type, value }) => [type, value]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return {
    date: `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}`,
    time: `${of('hour')}:${of('minute')}:${of('second')}`,
  };
};

/** Whether the name of a time zone is one that is known here. */
export const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};
