import type { Nanoseconds } from './entry.ts';
import { before, bucketOf, type ZoneOffset } from './retention-calendar.ts';
import {
  type BucketName,
  bucketNames,
  formatKeepSpan,
  isSpan,
  type KeepCount,
  type KeepSpan,
  type RetentionPolicy,
} from './retention-policy.ts';
import type { Snapshot, ZonedTime } from './snapshot.ts';

/** Why a rule keeps a snapshot. `oldest`: it is not the newest of its bucket, but the oldest of all while the rule has room. */
export type RuleReason =
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'within'; readonly span: KeepSpan }
  | { readonly kind: 'count'; readonly of: 'last' | BucketName; readonly oldest: boolean }
  | {
      readonly kind: 'bucket-within';
      readonly of: BucketName;
      readonly oldest: boolean;
      readonly span: KeepSpan;
    };

/** restic's words for a reason, as its `--json` has them. */
export const ruleText = (reason: RuleReason): string => {
  switch (reason.kind) {
    case 'tags':
      return `has tags [${reason.tags.join(', ')}]`;
    case 'within':
      return `within ${formatKeepSpan(reason.span)}`;
    case 'count':
      return `${reason.oldest ? 'oldest ' : ''}${reason.of} snapshot`;
    case 'bucket-within':
      return `${reason.oldest ? 'oldest ' : ''}${reason.of} within ${formatKeepSpan(reason.span)}`;
  }
};

/** What time it is, and, for spans that begin before the clocks were changed, the zone of this machine. */
export interface RetentionClock {
  readonly now: Nanoseconds;
  readonly zone: ZoneOffset;
}

export const newestFirst = (left: Snapshot, right: Snapshot): number => {
  if (left.time.nanoseconds !== right.time.nanoseconds) {
    return left.time.nanoseconds > right.time.nanoseconds ? -1 : 1;
  }
  // Of two at the same time restic takes whichever was listed first; the same answer each time is better.
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
};

/** Whether a snapshot has all tags of a list, as `--keep-tag` means it. */
const hasTags = ({ tags }: Snapshot, wanted: readonly string[]): boolean => {
  for (const tag of wanted) {
    if (tag === '' && tags.length === 0) return true;
    if (!tags.includes(tag)) return false;
  }
  return true;
};

/** 1 January of the year 1, which Go takes for no time at all. */
const noTime: ZonedTime = { nanoseconds: -62_135_596_800_000_000_000n, offsetMinutes: 0 };

/** Spans end with the newest snapshot, not with today: a source that is gone keeps its history. The future does not count. */
const newestPresent = (snapshots: readonly Snapshot[], now: Nanoseconds): ZonedTime => {
  let newest = noTime;
  for (const { time } of snapshots) {
    if (time.nanoseconds > newest.nanoseconds && time.nanoseconds < now) newest = time;
  }
  return newest;
};

/** A rule in the course of going through snapshots from the newest to the oldest. */
interface Counter {
  readonly of: 'last' | BucketName;
  /** Bucket of the last snapshot that this rule has kept. */
  bucket: number | undefined;
  /** `Infinity`: no limit. */
  left: number;
  readonly span: KeepSpan | undefined;
  /** Snapshots of this time or older are beyond the span. */
  readonly after: Nanoseconds | undefined;
}

const countersOf = (policy: RetentionPolicy): Counter[] => {
  const counter = (of: 'last' | BucketName, count: KeepCount | undefined): Counter[] => {
    const left = count === 'unlimited' ? Number.POSITIVE_INFINITY : (count ?? 0);
    return left > 0 ? [{ of, bucket: undefined, left, span: undefined, after: undefined }] : [];
  };
  return [...counter('last', policy.last), ...bucketNames.flatMap((name) => counter(name, policy.buckets[name]))];
};

const spanCountersOf = (policy: RetentionPolicy, begin: (span: KeepSpan) => Nanoseconds | undefined): Counter[] =>
  bucketNames.flatMap((of) => {
    const span = policy.bucketsWithin[of];
    if (!isSpan(span)) return [];
    return [{ of, bucket: undefined, left: Number.POSITIVE_INFINITY, span, after: begin(span) }];
  });

const isAfter = ({ time }: Snapshot, limit: Nanoseconds | undefined): boolean =>
  limit === undefined || time.nanoseconds > limit;

interface Place {
  readonly number: number;
  readonly isLast: boolean;
}

const takenBy = (counter: Counter, snapshot: Snapshot, { number, isLast }: Place): RuleReason | undefined => {
  if (counter.left === 0 || !isAfter(snapshot, counter.after)) return undefined;
  const bucket = counter.of === 'last' ? number : bucketOf(snapshot.time, counter.of);
  const isNew = bucket !== counter.bucket;
  // The oldest stays while there is room, so that the history is as long as it can be.
  if (!isNew && !isLast) return undefined;
  counter.bucket = bucket;
  counter.left -= 1;
  const { of, span } = counter;
  if (span !== undefined && of !== 'last') return { kind: 'bucket-within', of, oldest: !isNew, span };
  return { kind: 'count', of, oldest: !isNew };
};

/**
 * Which of one group's snapshots a policy keeps, and by which of its rules, in restic's order of them. Those that are not
 * in the result no rule keeps.
 */
export const applyRules = <Known extends Snapshot>(
  snapshots: readonly Known[],
  policy: RetentionPolicy,
  clock: RetentionClock,
): ReadonlyMap<Known, readonly RuleReason[]> => {
  const ordered = [...snapshots].sort(newestFirst);
  const newest = newestPresent(ordered, clock.now);
  const begin = (span: KeepSpan): Nanoseconds | undefined => before(newest, span, zoneOf(newest, clock.zone));
  const { within } = policy;
  const withinAfter = isSpan(within) ? begin(within) : undefined;
  const counters = [...countersOf(policy), ...spanCountersOf(policy, begin)];
  const kept = new Map<Known, readonly RuleReason[]>();
  for (const [number, snapshot] of ordered.entries()) {
    const reasons: RuleReason[] = [];
    for (const tags of policy.tags) if (hasTags(snapshot, tags)) reasons.push({ kind: 'tags', tags });
    if (isSpan(within) && isAfter(snapshot, withinAfter)) reasons.push({ kind: 'within', span: within });
    for (const counter of counters) {
      const reason = takenBy(counter, snapshot, { number, isLast: number === ordered.length - 1 });
      if (reason !== undefined) reasons.push(reason);
    }
    if (reasons.length > 0) kept.set(snapshot, reasons);
  }
  return kept;
};

/**
 * A recorded offset that is this machine's at that time counts as this machine's zone, with its changes of the clock; any
 * other stays as it is. So Go reads times, and so restic reckons spans. A time in UTC stays in UTC.
 */
const zoneOf = ({ nanoseconds, offsetMinutes }: ZonedTime, local: ZoneOffset): ZoneOffset =>
  offsetMinutes !== 0 && local(nanoseconds) === offsetMinutes ? local : () => offsetMinutes;
