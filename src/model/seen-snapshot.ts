import type { Nanoseconds } from './entry.ts';
import type { Snapshot } from './snapshot.ts';

/** What a machine that looks after a repository knows of a snapshot: times in snapshots are claims, these are its own. */
export interface SeenSnapshot {
  /** As the snapshot claims it. */
  readonly time: Nanoseconds;
  readonly originalId: string;
  /** When it was first seen. */
  readonly seenAt: Nanoseconds;
  /** The look before that one, at which it was not there; for the first look of all, none. */
  readonly absentAt?: Nanoseconds;
  /** It came after another of the same source that claims a later time. */
  readonly isLate?: true;
}

export interface ClaimedSnapshot {
  readonly id: string;
  readonly originalId: string;
  readonly time: Nanoseconds;
  /** What is one and the same source has the same text. */
  readonly source: string;
}

/** What was known when it was last looked, by whole ids. */
export interface LastLook {
  readonly time: Nanoseconds;
  readonly snapshots: ReadonlyMap<string, SeenSnapshot>;
}

/** Why a snapshot cannot have been made at the time that it bears. */
export type TimeDoubt =
  /** It was not there long after that time. */
  | 'backdated'
  /** A later one of the same source was there before it. */
  | 'late'
  /** It was there before that time. */
  | 'ahead';

const perMinute = 60_000_000_000n;
const perHour = 60n * perMinute;
const perDay = 24n * perHour;
/** A first backup takes long, and its snapshot bears the time of its beginning. */
const longestBackup = 2n * perDay;
/** Clocks of several machines differ by a little. */
const clockSlack = 5n * perMinute;

/** A doubt is of the snapshot for good: a time that was still to come does not become true by coming. */
export const timeDoubt = ({ time, seenAt, absentAt, isLate }: SeenSnapshot): TimeDoubt | undefined => {
  if (time > seenAt + clockSlack) return 'ahead';
  if (absentAt !== undefined && time + longestBackup < absentAt) return 'backdated';
  return isLate === true ? 'late' : undefined;
};

export const claimOf = ({ id, originalId, time, hostname, paths }: Snapshot): ClaimedSnapshot => ({
  id,
  originalId,
  time: time.nanoseconds,
  source: JSON.stringify([hostname, [...paths].sort()]),
});

type Known = (claimed: ClaimedSnapshot) => SeenSnapshot | undefined;

/**
 * Those that are known already. A change of its tags gives a snapshot a new id; one that claims another time, or to be one
 * that is still there, is another snapshot.
 */
const knownBefore = (before: LastLook | undefined, claims: readonly ClaimedSnapshot[]): Known => {
  const present = new Set(claims.map(({ id }) => id));
  const gone = [...(before?.snapshots ?? [])].filter(([id]) => !present.has(id));
  const byOriginal = new Map(gone.map(([, seen]) => [seen.originalId, seen]));
  return ({ id, originalId, time }) => {
    const replaced = byOriginal.get(originalId);
    return before?.snapshots.get(id) ?? (replaced?.time === time ? replaced : undefined);
  };
};

/** How each of the snapshots that are there (`claims`: all of them) is known, or as what it is noted when it is new. */
export const whenSeen = (
  before: LastLook | undefined,
  claims: readonly ClaimedSnapshot[],
  now: Nanoseconds,
): ((claimed: ClaimedSnapshot) => SeenSnapshot) => {
  const known = knownBefore(before, claims);
  const newest = new Map<string, Nanoseconds>();
  for (const claimed of claims) {
    const seen = known(claimed);
    if (seen === undefined || timeDoubt(seen) !== undefined) continue;
    const other = newest.get(claimed.source);
    if (other === undefined || claimed.time > other) newest.set(claimed.source, claimed.time);
  }
  return (claimed) => {
    const { time, originalId, source } = claimed;
    const seen = known(claimed);
    if (seen !== undefined) return seen;
    if (before === undefined) return { time, originalId, seenAt: now };
    const isLate = time < (newest.get(source) ?? time);
    return { time, originalId, seenAt: now, absentAt: before.time, ...(isLate ? { isLate } : {}) };
  };
};

/** Snapshots of one source that came since the last look: more than any schedule makes, or with times they cannot have. */
export interface StrangeArrivals {
  /** Whole id of the first. */
  readonly id: string;
  readonly snapshots: number;
  readonly kind: 'many' | 'doubtful';
}

/** An hourly schedule, and somebody who tries things out. */
const mostAtOnce = 48;

/** What a person should hear of, for each source. Nothing at the first look. */
export const strangeArrivals = (
  before: LastLook | undefined,
  claims: readonly ClaimedSnapshot[],
  now: Nanoseconds,
): readonly StrangeArrivals[] => {
  if (before === undefined) return [];
  const known = knownBefore(before, claims);
  const look = whenSeen(before, claims, now);
  const hours = Number((now - before.time) / perHour);
  const bySource = Map.groupBy(
    claims.filter((claimed) => known(claimed) === undefined),
    ({ source }) => source,
  );
  return [...bySource.values()].flatMap((arrived): StrangeArrivals[] => {
    const doubtful = arrived.filter((claimed) => timeDoubt(look(claimed)) !== undefined);
    const told = (of: readonly ClaimedSnapshot[], kind: StrangeArrivals['kind']): StrangeArrivals[] =>
      of[0] === undefined ? [] : [{ id: of[0].id, snapshots: of.length, kind }];
    return [...told(doubtful, 'doubtful'), ...(arrived.length > mostAtOnce + hours ? told(arrived, 'many') : [])];
  });
};
