import type { Nanoseconds } from './entry.ts';
import type { KeepReason, RetentionDecision, RetentionGroup, RetentionPlan, RetentionRules } from './retention.ts';
import { frozenAmong, isHeld, refuseEmptied, refuseEmptyPolicy } from './retention.ts';
import { applyRules, newestFirst, type RetentionClock } from './retention-rules.ts';
import { groupSnapshots } from './snapshot-selection.ts';
import { brakedTag, incompleteTag, isNote, type Snapshot } from './snapshot.ts';

/** What is known of a snapshot's data. */
export type Verification =
  /** All that it uses was read back good, the part that was read longest ago at `since`. */
  | { readonly kind: 'verified'; readonly since: Nanoseconds }
  /** Something it uses was not read back, or too long ago. */
  | { readonly kind: 'unread' }
  /** Something it uses is gone or damaged. */
  | { readonly kind: 'damaged' };

export interface SnapshotEvidence {
  readonly verification: Verification;
  /** A time at which the repository was looked at and this snapshot was not yet in it. */
  readonly absentAt?: Nanoseconds;
}

const perDay = 86_400_000_000_000n;
/** A first backup takes long, and its snapshot bears the time of its beginning. */
const longestBackup = 2n * perDay;

/** Whether a snapshot bears a time at which it cannot have been made. */
const isBackdated = ({ time }: Snapshot, evidence: SnapshotEvidence | undefined): boolean =>
  evidence?.absentAt !== undefined && time.nanoseconds + longestBackup < evidence.absentAt;

const isCoveredBy = (snapshot: Snapshot, other: Snapshot): boolean =>
  other.time.nanoseconds > snapshot.time.nanoseconds &&
  other.hostname === snapshot.hostname &&
  snapshot.paths.every((path) => other.paths.includes(path));

/** What decides over a group, found once. */
interface Grounds<Known extends Snapshot> {
  readonly rules: ReturnType<typeof applyRules<Known>>;
  readonly rulesAmongVerified: ReturnType<typeof applyRules<Known>>;
  /** Complete, present, read back, under a time of their own; newest first. */
  readonly verified: readonly Known[];
  readonly now: Nanoseconds;
  readonly isFrozen: (snapshot: Known) => boolean;
}

const keepReasons = <Known extends Snapshot>(snapshot: Known, grounds: Grounds<Known>): readonly KeepReason[] => {
  const { rules, rulesAmongVerified, verified, now, isFrozen } = grounds;
  if (snapshot.time.nanoseconds >= now) return [{ kind: 'future' }];
  const byRules = rules.get(snapshot);
  if (byRules !== undefined) return byRules;
  const amongVerified = rulesAmongVerified.get(snapshot);
  if (amongVerified !== undefined) return [{ kind: 'among-verified', rules: amongVerified }];
  if (isHeld(snapshot)) return [{ kind: 'held' }];
  if (isFrozen(snapshot)) return [{ kind: 'frozen' }];
  if (verified.some((other) => isCoveredBy(snapshot, other))) return [];
  return [{ kind: verified.includes(snapshot) ? 'last-verified' : 'not-covered' }];
};

/**
 * As `planRetention`, and lets go only of what a newer verified snapshot covers: complete, not braked, of the same host and at least
 * the same paths, not from the future, all its data read back. What covers is itself kept: its own coverer would be a
 * newer one of the same snapshot. So the last good snapshot of a group never goes.
 *
 * Times are claims. One from the future, or from before the repository was seen without the snapshot, takes no place in
 * the calendar from a verified snapshot. `evidence` is by the snapshots' ids; one without is not verified.
 */
export const planVerifiedRetention = <Known extends Snapshot>(
  snapshots: readonly Known[],
  evidence: ReadonlyMap<string, SnapshotEvidence>,
  { rules, clock }: { readonly rules: RetentionRules; readonly clock: RetentionClock },
): RetentionPlan<Known> => {
  refuseEmptyPolicy(rules);
  const isTrusted = (snapshot: Known): boolean =>
    evidence.get(snapshot.id)?.verification.kind === 'verified' &&
    !snapshot.tags.includes(incompleteTag) &&
    !snapshot.tags.includes(brakedTag) &&
    !isBackdated(snapshot, evidence.get(snapshot.id));
  const subject = snapshots.filter((snapshot) => !isNote(snapshot));
  const isFrozen = frozenAmong(subject, clock.now);
  const groups = groupSnapshots(subject, rules.groupBy).map((group): RetentionGroup<Known> => {
    const ordered = [...group.snapshots].sort(newestFirst);
    const present = ordered.filter(({ time }) => time.nanoseconds < clock.now);
    const verified = present.filter(isTrusted);
    const grounds: Grounds<Known> = {
      rules: applyRules(present, rules.policy, clock),
      rulesAmongVerified: applyRules(verified, rules.policy, clock),
      verified,
      now: clock.now,
      isFrozen,
    };
    const decisions = ordered.map((snapshot): RetentionDecision<Known> => {
      const reasons = keepReasons(snapshot, grounds);
      if (reasons.length > 0) return { verdict: 'keep', snapshot, reasons };
      const by = verified.find((other) => isCoveredBy(snapshot, other))?.id ?? '';
      return { verdict: 'remove', snapshot, reason: { kind: 'covered', by } };
    });
    return { key: group.key, decisions };
  });
  for (const group of groups) refuseEmptied(group, rules);
  return { groups };
};
