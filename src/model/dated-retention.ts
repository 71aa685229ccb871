/** What retention has to know of a backup on a dated disk. */
export interface DatedFacts {
  readonly kind: 'daily' | 'weekly';
  /** Sorts and tells apart: `daily/2025-11-07`, `weekly/2025-week-45`. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** All was captured. */
  readonly isGood: boolean;
  /** Something in it is bad by now. */
  readonly isDamaged?: boolean;
  /** When all of it was last read again without a difference. */
  readonly verified: number | undefined;
  /** The ids of the holds that stand on it. */
  readonly held: readonly string[];
}

export interface DatedPolicy {
  readonly keepDaily: number;
  readonly keepWeekly: number;
  /** Milliseconds: what was verified longer ago is no evidence. */
  readonly verifiedWithin: number;
}

export type DatedKeepReason =
  /** One of the newest good ones of its kind: the `place`th of `of`. */
  | { readonly kind: 'counted'; readonly place: number; readonly of: number }
  /** Something in it is bad, and most of it is not: it stays as long as if it were good. */
  | { readonly kind: 'damaged' }
  /** Its time is yet to come: a clock was wrong. */
  | { readonly kind: 'future' }
  /** It would leave, but holds stand on it, by their ids. */
  | { readonly kind: 'held'; readonly by: readonly string[] }
  /** Nothing newer is good and verified. */
  | { readonly kind: 'not-covered' };

export type DatedDecision<Known> =
  | { readonly verdict: 'keep'; readonly backup: Known; readonly reason: DatedKeepReason }
  /** `by`: the path of the newer one. */
  | { readonly verdict: 'remove'; readonly backup: Known; readonly by: string };

/** Clocks are set right by a little again and again. */
const clockSlack = 300_000;

const newestFirst = (left: DatedFacts, right: DatedFacts): number =>
  right.started - left.started || (left.path < right.path ? 1 : -1);

/**
 * Which backups leave (requirement B3). Only good ones are counted; beyond the count one leaves when a newer good one covers it
 * that was verified lately. Incomplete ones leave as soon as a newer one is good and verified. So the last good one never goes, and
 * nothing goes because of a clock, nor what is held: what lies in the future takes no place in the count and covers nothing. One that is damaged takes no place and
 * covers nothing either, and leaves no sooner than if it were whole: files are shared, and one bad one must not take all days away.
 */
export const planDatedRetention = <Known extends DatedFacts>(
  backups: readonly Known[],
  policy: DatedPolicy,
  now: number,
): readonly DatedDecision<Known>[] => {
  const ordered = [...backups].sort(newestFirst);
  const isFuture = ({ started }: Known): boolean => started > now + clockSlack;
  const isEvidence = (backup: Known): boolean =>
    backup.isGood &&
    backup.isDamaged !== true &&
    !isFuture(backup) &&
    backup.verified !== undefined &&
    backup.verified >= now - policy.verifiedWithin;
  const counts = { daily: 0, weekly: 0 };
  return ordered.map((backup): DatedDecision<Known> => {
    if (isFuture(backup)) return { verdict: 'keep', backup, reason: { kind: 'future' } };
    if (backup.isGood) {
      const of = backup.kind === 'daily' ? policy.keepDaily : policy.keepWeekly;
      if (backup.isDamaged === true) {
        if (counts[backup.kind] < of) return { verdict: 'keep', backup, reason: { kind: 'damaged' } };
      } else if (++counts[backup.kind] <= of)
        return { verdict: 'keep', backup, reason: { kind: 'counted', place: counts[backup.kind], of } };
    }
    const by = ordered.find((other) => other.started > backup.started && isEvidence(other));
    if (by === undefined) return { verdict: 'keep', backup, reason: { kind: 'not-covered' } };
    if (backup.held.length > 0) return { verdict: 'keep', backup, reason: { kind: 'held', by: backup.held } };
    return { verdict: 'remove', backup, by: by.path };
  });
};

/**
 * The one that has to be verified before something can leave: the newest good one, when something that is beyond the count is not
 * covered. Undefined: nothing waits for it.
 */
export const verificationNeeded = <Known extends DatedFacts>(
  decisions: readonly DatedDecision<Known>[],
  now: number,
): Known | undefined => {
  const waiting = decisions.filter((one) => one.verdict === 'keep' && one.reason.kind === 'not-covered');
  const newest = decisions
    .map(({ backup }) => backup)
    .find(({ isGood, isDamaged, started }) => isGood && isDamaged !== true && started <= now + clockSlack);
  return newest !== undefined && waiting.some(({ backup }) => backup.started < newest.started) ? newest : undefined;
};
