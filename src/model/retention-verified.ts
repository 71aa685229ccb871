import type { Nanoseconds } from './entry.ts';
import type {
  HeldSnapshots,
  KeepReason,
  RetentionDecision,
  RetentionGroup,
  RetentionPlan,
  RetentionRules,
} from './retention.ts';
import { frozenAmong, heldBy, refuseEmptied, refuseEmptyPolicy } from './retention.ts';
import { applyRules, newestFirst, type RetentionClock } from './retention-rules.ts';
import { groupSnapshots } from './snapshot-selection.ts';
import type { TimeDoubt } from './seen-snapshot.ts';
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
  /** Why it cannot have been made at the time that it bears. */
  readonly doubt?: TimeDoubt;
  /** When it was first seen, if that was not at the first look of all. */
  readonly arrivedAt?: Nanoseconds;
}

const isCoveredBy = (snapshot: Snapshot, other: Snapshot): boolean =>
  other.time.nanoseconds > snapshot.time.nanoseconds &&
  other.hostname === snapshot.hostname &&
  snapshot.paths.every((path) => other.paths.includes(path));

/** Of all snapshots some are more to be believed than others. */
interface Standing<Known extends Snapshot> {
  /** Bears a time of its own. */
  readonly isSound: (snapshot: Known) => boolean;
  /** Has also been there for long enough to push out others. */
  readonly isSettled: (snapshot: Known) => boolean;
  /** Complete, of good news, and read back. */
  readonly isRead: (snapshot: Known) => boolean;
}

const standingOf = <Known extends Snapshot>(
  evidence: ReadonlyMap<string, SnapshotEvidence>,
  { clock, settle }: Pick<VerifiedRetention, 'clock' | 'settle'>,
): Standing<Known> => {
  const isSound = ({ id }: Known): boolean => evidence.get(id)?.doubt === undefined;
  const isYoung = ({ id }: Known): boolean => {
    const arrivedAt = evidence.get(id)?.arrivedAt;
    return settle !== undefined && arrivedAt !== undefined && arrivedAt + settle > clock.now;
  };
  return {
    isSound,
    isSettled: (snapshot) => isSound(snapshot) && !isYoung(snapshot),
    isRead: ({ id, tags }) =>
      evidence.get(id)?.verification.kind === 'verified' && !tags.includes(incompleteTag) && !tags.includes(brakedTag),
  };
};

type Rules<Known extends Snapshot> = ReturnType<typeof applyRules<Known>>;

/** What decides over a group, found once. */
interface Grounds<Known extends Snapshot> {
  readonly now: Nanoseconds;
  readonly rules: Rules<Known>;
  /** The same rules among fewer: what is left out of them pushes none of them out. In the order in which they are told. */
  readonly among: readonly { readonly kind: 'among-verified' | 'among-settled'; readonly rules: Rules<Known> }[];
  /** Settled and read back; newest first. */
  readonly covering: readonly Known[];
  readonly isFrozen: (snapshot: Known) => boolean;
  readonly held: HeldSnapshots;
}

const groundsOf = <Known extends Snapshot>(
  ordered: readonly Known[],
  { isSound, isSettled, isRead }: Standing<Known>,
  { rules, clock }: Pick<VerifiedRetention, 'rules' | 'clock'>,
): Omit<Grounds<Known>, 'isFrozen' | 'held'> => {
  const present = ordered.filter(({ time }) => time.nanoseconds < clock.now);
  const apply = (among: readonly Known[]): Rules<Known> => applyRules(among, rules.policy, clock);
  const [sound, settled] = [present.filter(isSound), present.filter(isSettled)];
  const covering = settled.filter(isRead);
  return {
    now: clock.now,
    rules: apply(present),
    among: [
      { kind: 'among-verified', rules: apply(sound.filter(isRead)) },
      { kind: 'among-verified', rules: apply(covering) },
      { kind: 'among-settled', rules: apply(sound) },
      { kind: 'among-settled', rules: apply(settled) },
    ],
    covering,
  };
};

const keepReasons = <Known extends Snapshot>(snapshot: Known, grounds: Grounds<Known>): readonly KeepReason[] => {
  const { rules, among, covering, now, isFrozen, held } = grounds;
  if (snapshot.time.nanoseconds >= now) return [{ kind: 'future' }];
  const byRules = rules.get(snapshot);
  if (byRules !== undefined) return byRules;
  for (const fewer of among) {
    const byFewer = fewer.rules.get(snapshot);
    if (byFewer !== undefined) return [{ kind: fewer.kind, rules: byFewer }];
  }
  const hold = heldBy(snapshot, held);
  if (hold !== undefined) return [hold];
  if (isFrozen(snapshot)) return [{ kind: 'frozen' }];
  if (covering.some((other) => isCoveredBy(snapshot, other))) return [];
  return [{ kind: covering.includes(snapshot) ? 'last-verified' : 'not-covered' }];
};

export interface VerifiedRetention {
  readonly rules: RetentionRules;
  readonly clock: RetentionClock;
  /** What arrived less than so long ago pushes nothing out and covers nothing. */
  readonly settle?: Nanoseconds | undefined;
  readonly held: HeldSnapshots;
}

/** A brake is taken away by nothing but what may push out others, and what is newest holds it in any case. */
const frozenInAny = <Known extends Snapshot>(
  subject: readonly Known[],
  { isSound, isSettled }: Standing<Known>,
  now: Nanoseconds,
): ((snapshot: Known) => boolean) => {
  const each = [subject, subject.filter(isSound), subject.filter(isSettled)].map((some) => frozenAmong(some, now));
  return (snapshot) => each.some((isFrozen) => isFrozen(snapshot));
};

/**
 * As `planRetention`, and lets go only of what a newer verified snapshot covers: complete, not braked, of the same host and at least
 * the same paths, not from the future, all its data read back. What covers is itself kept: its own coverer would be a
 * newer one of the same snapshot. So the last good snapshot of a group never goes.
 *
 * Times are claims. One from the future, or one at which a snapshot cannot have been made, takes no place in the calendar
 * from another snapshot; with `settle`, neither does one that came lately. `evidence` is by the snapshots' ids; one without is not verified.
 */
export const planVerifiedRetention = <Known extends Snapshot>(
  snapshots: readonly Known[],
  evidence: ReadonlyMap<string, SnapshotEvidence>,
  retention: VerifiedRetention,
): RetentionPlan<Known> => {
  const { rules, clock, held } = retention;
  refuseEmptyPolicy(rules);
  const subject = snapshots.filter((snapshot) => !isNote(snapshot));
  const standing = standingOf<Known>(evidence, retention);
  const isFrozen = frozenInAny(subject, standing, clock.now);
  const groups = groupSnapshots(subject, rules.groupBy).map((group): RetentionGroup<Known> => {
    const ordered = [...group.snapshots].sort(newestFirst);
    const grounds: Grounds<Known> = { ...groundsOf(ordered, standing, retention), isFrozen, held };
    const decisions = ordered.map((snapshot): RetentionDecision<Known> => {
      const reasons = keepReasons(snapshot, grounds);
      if (reasons.length > 0) return { verdict: 'keep', snapshot, reasons };
      const by = grounds.covering.find((other) => isCoveredBy(snapshot, other))?.id ?? '';
      return { verdict: 'remove', snapshot, reason: { kind: 'covered', by } };
    });
    return { key: group.key, decisions };
  });
  for (const group of groups) refuseEmptied(group, rules);
  return { groups };
};
