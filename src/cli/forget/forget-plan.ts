import type { Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { planNamed, planRetention, type RetentionPlan, type RetentionRules } from '../../model/retention.ts';
import type { RetentionClock } from '../../model/retention-rules.ts';
import { planVerifiedRetention, type SnapshotEvidence } from '../../model/retention-verified.ts';
import { type GroupField, noFilter, selectSnapshots, type SnapshotFilter } from '../../model/snapshot-selection.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { localOffsetMinutes } from '../../store/restic/format/time-format.ts';
import { heldSnapshots } from '../../store/restic/holds/held-snapshots.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { loadAllSnapshots } from '../../store/restic/snapshots/load-snapshots.ts';
import type { GlobalOptions } from '../context.ts';
import type { PruneCommandOptions } from '../prune/prune-options.ts';
import type { FilterOptions } from '../snapshot-options.ts';
import type { PolicyOptions } from './policy-options.ts';

interface ForgetOptions extends GlobalOptions, FilterOptions {
  readonly groupBy: ReadonlySet<GroupField>;
  readonly unsafeAllowRemoveAll: boolean;
  readonly verifiedOnly: boolean;
  /** Milliseconds. */
  readonly verifiedWithin: number;
  /** Milliseconds. */
  readonly settledFor?: number;
  readonly anyEvidence: boolean;
  readonly compact: boolean;
  readonly prune: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export type ForgetCommandOptions = ForgetOptions & PolicyOptions & PruneCommandOptions;

/** What of which snapshots is to be forgotten. */
export interface ForgetRequest {
  readonly ids: readonly string[];
  readonly filter: SnapshotFilter;
  readonly rules: RetentionRules;
  readonly options: ForgetCommandOptions;
}

/** To be called under a lock. */
export const makeForgetPlan = async (
  repository: Repository,
  { ids, filter, rules, options }: ForgetRequest,
  run: Run,
): Promise<RetentionPlan<SnapshotFile>> => {
  const snapshots = await loadAllSnapshots(repository, run);
  const held = await heldSnapshots(repository, snapshots, run);
  const selected = selectSnapshots(snapshots, ids, filter);
  if (ids.length > 0) return planNamed(selected, held);
  const clock: RetentionClock = { now: run.now(), zone: localOffsetMinutes };
  if (!options.verifiedOnly) return planRetention(selected, rules, clock, held);
  const within = nanoseconds(options.verifiedWithin);
  const evidence = await evidenceOf(repository, { snapshots, within, anybody: options.anyEvidence }, run);
  const settle = options.settledFor === undefined ? undefined : nanoseconds(options.settledFor);
  return planVerifiedRetention(selected, evidence, { rules, clock, settle, held });
};

const nanoseconds = (milliseconds: number): Nanoseconds => BigInt(Math.round(milliseconds * 1_000_000));

interface EvidenceWish {
  readonly snapshots: readonly SnapshotFile[];
  /** What was read back longer ago says nothing. */
  readonly within: Nanoseconds;
  /** Whoever noted it, whatever the configuration says. */
  readonly anybody: boolean;
}

const evidenceOf = async (
  repository: Repository,
  wish: EvidenceWish,
  run: Run,
): Promise<ReadonlyMap<string, SnapshotEvidence>> => {
  const { snapshotEvidence } = await import('../../store/restic/evidence/snapshot-evidence.ts');
  return snapshotEvidence({ repository, ...wish }, run);
};

export interface VerifiedForget {
  readonly rules: RetentionRules;
  readonly within: Nanoseconds;
  /** What arrived less than so long ago lets no other go. */
  readonly settle: Nanoseconds | undefined;
}

/** As `forget --verified-only` plans for all snapshots. To be called under a lock. */
export const verifiedForgetPlan = async (
  repository: Repository,
  { rules, within, settle }: VerifiedForget,
  run: Run,
): Promise<RetentionPlan<SnapshotFile>> => {
  const snapshots = await loadAllSnapshots(repository, run);
  const evidence = await evidenceOf(repository, { snapshots, within, anybody: false }, run);
  const held = await heldSnapshots(repository, snapshots, run);
  const clock: RetentionClock = { now: run.now(), zone: localOffsetMinutes };
  return planVerifiedRetention(selectSnapshots(snapshots, [], noFilter), evidence, { rules, clock, settle, held });
};
