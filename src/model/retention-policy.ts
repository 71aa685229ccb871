import { Fault } from './fault.ts';

/** A span of the calendar, as restic writes it: `1y5m7d2h` (m: months). */
export interface KeepSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

/** The calendar's buckets, finest first. */
export const bucketNames = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type BucketName = (typeof bucketNames)[number];

/** How many snapshots or buckets a rule keeps; `unlimited` is restic's -1. */
export type KeepCount = number | 'unlimited';

/** restic's `--keep-*`. What is absent, 0 or an empty span keeps nothing by itself. */
export interface RetentionPolicy {
  readonly last?: KeepCount | undefined;
  readonly buckets: Readonly<Partial<Record<BucketName, KeepCount | undefined>>>;
  /** All snapshots of the span that ends with the newest one. */
  readonly within?: KeepSpan | undefined;
  /** The newest of each bucket in such a span. */
  readonly bucketsWithin: Readonly<Partial<Record<BucketName, KeepSpan | undefined>>>;
  /** A snapshot that has all tags of one of the lists stays; the empty tag stands for "no tags at all". */
  readonly tags: readonly (readonly string[])[];
}

export const emptyPolicy: RetentionPolicy = { buckets: {}, bucketsWithin: {}, tags: [] };

const isCounting = (count: KeepCount | undefined): boolean => count !== undefined && count !== 0;

export const isSpan = (span: KeepSpan | undefined): span is KeepSpan =>
  span !== undefined && (span.years !== 0 || span.months !== 0 || span.days !== 0 || span.hours !== 0);

/** Whether there is no rule in it at all: applied, it would let everything go. */
export const isEmptyPolicy = (policy: RetentionPolicy): boolean =>
  policy.tags.length === 0 &&
  !isCounting(policy.last) &&
  !isSpan(policy.within) &&
  !bucketNames.some((name) => isCounting(policy.buckets[name]) || isSpan(policy.bucketsWithin[name]));

const malformed = (what: string, expected: string): Fault => new Fault('usage', what, { hint: expected });

/** `7`, or `unlimited`. Fault `usage`. */
export const parseKeepCount = (text: string): KeepCount => {
  if (text === 'unlimited') return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw malformed(`“${text}” is no number of snapshots`, 'It must be a number from 0 on, or “unlimited”.');
};

const spanUnits = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;
const spanHint = 'It must be a span such as 30d or 1y5m7d2h: years, months, days, hours.';

/** Reads `1y5m7d2h`. A unit given twice counts as the last says, as in restic. Fault `usage`. */
export const parseKeepSpan = (text: string): KeepSpan => {
  const span = { years: 0, months: 0, days: 0, hours: 0 };
  const wanted = text.trim();
  if (!/^(?:\d{1,9}[ymdh])*$/.test(wanted)) throw malformed(`“${text}” is no span of time`, spanHint);
  for (const [, number, unit] of wanted.matchAll(/(\d+)([ymdh])/g)) {
    if (unit === 'y' || unit === 'm' || unit === 'd' || unit === 'h') span[spanUnits[unit]] = Number(number);
  }
  return span;
};

/** `1y5m7d2h`; '' for no span. */
export const formatKeepSpan = ({ years, months, days, hours }: KeepSpan): string =>
  [
    [years, 'y'],
    [months, 'm'],
    [days, 'd'],
    [hours, 'h'],
  ]
    .map(([number, unit]) => (number === 0 ? '' : `${number}${unit}`))
    .join('');

/** `a, b` with commas: a snapshot must have all. Blanks around a tag are not part of it. */
export const parseTagList = (text: string): readonly string[] => text.split(',').map((tag) => tag.trim());
