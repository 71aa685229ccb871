import type { Run } from '../../contract/run.ts';
import { planNamed, planRetention, type RetentionPlan, type RetentionRules } from '../../model/retention.ts';
import type { RetentionClock } from '../../model/retention-rules.ts';
import { planVerifiedRetention } from '../../model/retention-verified.ts';
import { type GroupField, selectSnapshots, type SnapshotFilter } from '../../model/snapshot-selection.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { localOffsetMinutes } from '../../store/restic/format/time-format.ts';
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
  if (ids.length > 0) return planNamed(selectSnapshots(await repository.snapshots(run), ids, filter));
  const snapshots = await loadAllSnapshots(repository, run);
  const selected = selectSnapshots(snapshots, [], filter);
  const clock: RetentionClock = { now: run.now(), zone: localOffsetMinutes };
  if (!options.verifiedOnly) return planRetention(selected, rules, clock);
  const { snapshotEvidence } = await import('../../store/restic/evidence/snapshot-evidence.ts');
  const within = BigInt(Math.round(options.verifiedWithin * 1_000_000));
  const evidence = await snapshotEvidence({ repository, snapshots, within }, run);
  return planVerifiedRetention(selected, evidence, { rules, clock });
};
