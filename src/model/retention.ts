import type { Nanoseconds } from './entry.ts';
import { Fault } from './fault.ts';
import { isEmptyPolicy, type RetentionPolicy } from './retention-policy.ts';
import { applyRules, newestFirst, type RetentionClock, type RuleReason } from './retention-rules.ts';
import { type GroupField, groupSnapshots, type SnapshotGroupKey } from './snapshot-selection.ts';
import { brakedTag, holdTag, isFromFuture, isNote, type Snapshot } from './snapshot.ts';

/** Why a snapshot stays. */
export type KeepReason =
  | RuleReason
  /** The rules, applied to the verified snapshots alone, keep it: one that is not verified pushes no verified one out. */
  | { readonly kind: 'among-verified'; readonly rules: readonly RuleReason[] }
  /** The same among those that bear a time of their own and have been there for long enough. */
  | { readonly kind: 'among-settled'; readonly rules: readonly RuleReason[] }
  /** Holds stand on it, by their ids; none: it has the tag that no policy touches. */
  | { readonly kind: 'held'; readonly by: readonly string[] }
  /** The newest snapshot of its host and paths looks like damage, and nobody has said that it is none. */
  | { readonly kind: 'frozen' }
  /** Its time is yet to come, so a clock or somebody was wrong: it is left alone and counts for nothing. */
  | { readonly kind: 'future' }
  /** The newest that is verified: if all others fail, this one restores. */
  | { readonly kind: 'last-verified' }
  /** No snapshot that is newer, complete and read back holds what it holds. */
  | { readonly kind: 'not-covered' };

/** Why a snapshot may go. */
export type ReleaseReason =
  | { readonly kind: 'no-rule' }
  | { readonly kind: 'named' }
  /** No rule keeps it, and this newer snapshot is verified. */
  | { readonly kind: 'covered'; readonly by: string };

export type RetentionDecision<Known extends Snapshot> =
  | { readonly verdict: 'keep'; readonly snapshot: Known; readonly reasons: readonly KeepReason[] }
  | { readonly verdict: 'remove'; readonly snapshot: Known; readonly reason: ReleaseReason };

export interface RetentionGroup<Known extends Snapshot> {
  readonly key: SnapshotGroupKey;
  /** Newest first. */
  readonly decisions: readonly RetentionDecision<Known>[];
}

/** Every snapshot and what becomes of it. Nothing has been done yet. */
export interface RetentionPlan<Known extends Snapshot> {
  readonly groups: readonly RetentionGroup<Known>[];
}

/** What is to be kept, of which groups. */
export interface RetentionRules {
  readonly policy: RetentionPolicy;
  readonly groupBy: ReadonlySet<GroupField>;
  /** Lets an empty policy remove all that was selected. */
  readonly allowRemoveAll: boolean;
}

const sourceOf = ({ hostname, paths }: Snapshot): string => JSON.stringify([hostname, [...paths].sort()]);

/**
 * Whether the newest of all snapshots of the same host and paths, whatever groups are formed, is a braked one. One from the
 * future neither holds the brake nor takes it away.
 */
export const frozenAmong = <Known extends Snapshot>(
  snapshots: readonly Known[],
  now: Nanoseconds,
): ((snapshot: Known) => boolean) => {
  const newest = new Map<string, Known>();
  for (const snapshot of snapshots.toSorted(newestFirst)) {
    const source = sourceOf(snapshot);
    if (!isNote(snapshot) && !isFromFuture(snapshot, now) && !newest.has(source)) newest.set(source, snapshot);
  }
  return (snapshot) => newest.get(sourceOf(snapshot))?.tags.includes(brakedTag) === true;
};

/** The ids of the holds that stand on snapshots, by the snapshots' ids. */
export type HeldSnapshots = ReadonlyMap<string, readonly string[]>;

export const noneHeld: HeldSnapshots = new Map();

/** Why no policy and no id lets a snapshot go; undefined: nothing holds it. */
export const heldBy = (
  { id, tags }: Pick<Snapshot, 'id' | 'tags'>,
  held: HeldSnapshots,
): (KeepReason & { readonly kind: 'held' }) | undefined => {
  const by = held.get(id) ?? [];
  return by.length > 0 || tags.includes(holdTag) ? { kind: 'held', by } : undefined;
};

/** Fault `snapshot-held`; `what` is said of it: `it is not removed`. */
export const heldFault = ({ id }: Pick<Snapshot, 'id'>, by: readonly string[], what: string): Fault => {
  const short = id.slice(0, 8);
  const [first] = by;
  return new Fault(
    'snapshot-held',
    `the snapshot ${short} is held${by.length === 0 ? '' : ` (${by.join(', ')})`}, so ${what}`,
    {
      hint:
        first === undefined
          ? `To release it: mailkeep tag --remove ${holdTag} ${short}`
          : `\`mailkeep hold list\` tells why; to end it: mailkeep hold release ${first} --reason …`,
      context: { snapshot: id, holds: by.join(' ') },
    },
  );
};

export const removalsOf = <Known extends Snapshot>(plan: RetentionPlan<Known>): readonly Known[] =>
  plan.groups.flatMap(({ decisions }) =>
    decisions.flatMap(({ verdict, snapshot }) => (verdict === 'remove' ? [snapshot] : [])),
  );

const groupText = ({ hostname, paths, tags }: SnapshotGroupKey): string =>
  [
    ...(hostname === undefined ? [] : [`host ${hostname}`]),
    ...(paths === undefined ? [] : [`paths ${paths.join(', ')}`]),
    ...(tags === undefined ? [] : [`tags ${tags.join(', ')}`]),
  ].join(', ');

/** Fault `usage`. */
export const refuseEmptyPolicy = ({ policy, allowRemoveAll }: RetentionRules): void => {
  if (!isEmptyPolicy(policy) || allowRemoveAll) return;
  throw new Fault('usage', 'no rule says which snapshots to keep, so none is removed', {
    hint: 'Give at least one --keep-… option, or the ids of the snapshots that are to go.',
  });
};

/** Fault `usage` when a policy that has rules keeps nothing of a group: that is a mistake far more often than a wish. */
export const refuseEmptied = <Known extends Snapshot>(group: RetentionGroup<Known>, rules: RetentionRules): void => {
  if (isEmptyPolicy(rules.policy) || group.decisions.some(({ verdict }) => verdict === 'keep')) return;
  const text = groupText(group.key);
  throw new Fault(
    'usage',
    `the policy would remove every snapshot${text === '' ? '' : ` of ${text}`}, so none is removed`,
    {
      hint: 'Add a rule that keeps some of them; to remove all, give their ids, or --unsafe-allow-remove-all and no rule.',
    },
  );
};

/**
 * What restic's `forget` would keep and remove: the same groups, rules and reasons. Notes are left out, and what is held
 * stays, as does what a brake has frozen. Faults: `usage` for a policy without rules, and for one that keeps nothing of a group.
 */
export const planRetention = <Known extends Snapshot>(
  snapshots: readonly Known[],
  rules: RetentionRules,
  clock: RetentionClock,
  held: HeldSnapshots,
): RetentionPlan<Known> => {
  refuseEmptyPolicy(rules);
  const subject = snapshots.filter((snapshot) => !isNote(snapshot));
  const isFrozen = frozenAmong(subject, clock.now);
  const groups = groupSnapshots(subject, rules.groupBy).map((group): RetentionGroup<Known> => {
    const kept = applyRules(group.snapshots, rules.policy, clock);
    const decisions = [...group.snapshots].sort(newestFirst).map((snapshot): RetentionDecision<Known> => {
      const reasons = kept.get(snapshot);
      if (reasons !== undefined) return { verdict: 'keep', snapshot, reasons };
      const hold = heldBy(snapshot, held);
      if (hold !== undefined) return { verdict: 'keep', snapshot, reasons: [hold] };
      if (isFrozen(snapshot)) return { verdict: 'keep', snapshot, reasons: [{ kind: 'frozen' }] };
      return { verdict: 'remove', snapshot, reason: { kind: 'no-rule' } };
    });
    return { key: group.key, decisions };
  });
  for (const group of groups) refuseEmptied(group, rules);
  return { groups };
};

/** A plan for snapshots that were named one by one. Fault `snapshot-held` when one of them is. */
export const planNamed = <Known extends Snapshot>(
  snapshots: readonly Known[],
  held: HeldSnapshots,
): RetentionPlan<Known> => {
  for (const snapshot of snapshots) {
    const hold = heldBy(snapshot, held);
    if (hold !== undefined) throw heldFault(snapshot, hold.by, 'it is not removed');
  }
  const decisions = [...snapshots]
    .sort(newestFirst)
    .map((snapshot): RetentionDecision<Known> => ({ verdict: 'remove', snapshot, reason: { kind: 'named' } }));
  return { groups: [{ key: { hostname: undefined, paths: undefined, tags: undefined }, decisions }] };
};
