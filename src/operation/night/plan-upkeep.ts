import type { RepositoryRecord, RunRecord } from '../../model/run-record.ts';
import type { UpkeepPlan } from './upkeep.ts';

/** What a configuration wants of a repository. Times in milliseconds; undefined: never. */
export interface UpkeepWish {
  readonly appendOnly: boolean;
  readonly verifyWithin: number | undefined;
  readonly hasRetention: boolean;
  readonly pruneEvery: number | undefined;
  readonly holdFor: number | undefined;
  readonly copyTo: readonly string[];
  readonly price: { readonly perGigabyteMonth: number; readonly currency: string } | undefined;
}

export interface UpkeepMoment {
  readonly command: RunRecord['command'];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When each step was last done, as far as history knows. */
  readonly lastVerified: number | undefined;
  readonly lastPruned: number | undefined;
}

const day = 86_400_000;
const gigabyte = 1_000_000_000;

/**
 * How many runs may pass until everything is read, when runs follow each other as this one follows the last: so that what
 * came late reads more, and hourly runs read little.
 */
const partsOf = (within: number, { now, lastVerified }: UpkeepMoment): number => {
  const since = lastVerified === undefined || lastVerified >= now ? day : now - lastVerified;
  return Math.max(1, Math.floor(within / since));
};

/** A run at about the same time of the day is meant, not one to the second. */
const isDue = (every: number, { now, lastPruned }: UpkeepMoment): boolean => {
  const slack = Math.min(every / 4, day / 4);
  return lastPruned === undefined || lastPruned > now || now - lastPruned >= every - slack;
};

/** Who types `maintain` wants to know that nothing can be removed; a night leaves that to it. */
const removalBy = (command: RunRecord['command'], appendOnly: boolean): UpkeepPlan['removal'] => {
  if (command === 'maintain') return 'here';
  return appendOnly ? 'elsewhere' : 'where-possible';
};

/** What of the upkeep of a repository is to be done now. */
export const planUpkeep = (name: string, wish: UpkeepWish, moment: UpkeepMoment): UpkeepPlan => {
  const { appendOnly, verifyWithin, hasRetention, pruneEvery, holdFor, copyTo, price } = wish;
  return {
    name,
    appendOnly,
    removal: removalBy(moment.command, appendOnly),
    verify: verifyWithin === undefined ? undefined : { parts: partsOf(verifyWithin, moment) },
    forget: hasRetention,
    prune: pruneEvery !== undefined && isDue(pruneEvery, moment),
    hold: holdFor !== undefined,
    copyTo,
    price:
      price === undefined ? undefined : { perByteMonth: price.perGigabyteMonth / gigabyte, currency: price.currency },
  };
};

/** When a step was last done in a repository; `runs`: newest first. */
export const lastDone = (
  runs: readonly RunRecord[],
  repository: string,
  step: 'verify' | 'prune',
): number | undefined =>
  runs.find(({ repositories }) =>
    repositories.some((record: RepositoryRecord) => record.name === repository && isDone(record[step]?.outcome.kind)),
  )?.started;

/** What is incomplete was done all the same; what failed is done again as soon as possible. */
const isDone = (kind: string | undefined): boolean => kind === 'good' || kind === 'incomplete';
