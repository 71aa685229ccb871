import type { UpkeepSetting } from '../../config/upkeep-setting.ts';
import type { ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { type RetentionPlan, removalsOf, type RetentionRules } from '../../model/retention.ts';
import type { RetentionPolicy } from '../../model/retention-policy.ts';
import { isNote } from '../../model/snapshot.ts';
import type { UpkeepTools } from '../../operation/night/upkeep.ts';
import { leftCheckpoints } from '../../operation/night/left-checkpoints.ts';
import { newerThan } from '../../operation/night/snapshots-to-copy.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { usualPruneOptions, type PruneOptions } from '../../store/restic/prune/prune-options.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { type VerifiedForget, verifiedForgetPlan } from '../forget/forget-plan.ts';

/** Opens another repository of the configuration for as long as `work` lasts. */
export type WithOther = <Result>(name: string, work: (repository: Repository) => Promise<Result>) => Promise<Result>;

const perMillisecond = 1_000_000n;

/** What was read back longer ago than this counts no more. Never asked for where nothing is verified. */
const verifiedWithin = ({ verifyWithin }: UpkeepSetting): Nanoseconds => BigInt(verifyWithin ?? 0) * perMillisecond;

/** What `forget` goes by; undefined: all stay. */
export const forgetBy = (setting: UpkeepSetting): VerifiedForget | undefined => {
  const { retention, settleFor } = setting;
  if (retention === undefined) return undefined;
  const settle = settleFor === undefined ? undefined : BigInt(settleFor) * perMillisecond;
  return { rules: rulesOf(retention), within: verifiedWithin(setting), settle };
};

const rulesOf = (policy: RetentionPolicy): RetentionRules => ({
  policy,
  groupBy: new Set(['host', 'paths'] as const),
  allowRemoveAll: false,
});

export const pruneOptionsFor = ({ maxUnused, appendOnly }: UpkeepSetting): PruneOptions => ({
  ...usualPruneOptions,
  maxUnused,
  signedNotes: appendOnly,
});

const verify = async (repository: Repository, parts: number, run: Run): ReturnType<UpkeepTools['verify']> => {
  const { checkRepository } = await import('../../store/restic/check/check.ts');
  let damage: Fault | undefined;
  const listening: Run = {
    signal: run.signal,
    now: () => run.now(),
    emit: (event) => {
      if (event.kind === 'fault') damage ??= event.fault;
      run.emit(event);
    },
  };
  const readData = { kind: 'rotation', parts } as const;
  const options = { readData, random: Math.random, keepEvidence: true };
  const report = await checkRepository(repository, options, listening);
  const doubt = new Fault('pack-damaged', `${report.damage} things are damaged in ${repository.description}`);
  return {
    damage: report.damage > 0 ? (damage ?? doubt) : undefined,
    readBytes: report.bytesRead,
    packs: report.packsRead,
  };
};

const frozenIn = (plan: RetentionPlan<SnapshotFile>): number =>
  plan.groups
    .flatMap(({ decisions }) => decisions)
    .filter((decision) => decision.verdict === 'keep' && decision.reasons.some(({ kind }) => kind === 'frozen')).length;

const forget = async (repository: Repository, setting: UpkeepSetting, run: Run): ReturnType<UpkeepTools['forget']> => {
  const by = forgetBy(setting);
  if (by === undefined) throw new Fault('internal', 'there is no retention to forget by');
  const { refuseImmutable, removeSnapshots } = await import('../../store/restic/snapshots/remove-snapshots.ts');
  refuseImmutable(repository, 'no snapshot is removed');
  return repository.locked(
    'exclusive',
    async () => {
      const plan = await verifiedForgetPlan(repository, by, run);
      const going = removalsOf(plan).map(({ id }) => id);
      const all = plan.groups.reduce((sum, { decisions }) => sum + decisions.length, 0);
      const { removed, failed, held } =
        going.length === 0 ? { removed: [], failed: [], held: [] } : await removeSnapshots(repository, going, run);
      return {
        removed: removed.length,
        failed: failed.length + held.length,
        kept: all - removed.length,
        frozen: frozenIn(plan),
      };
    },
    run,
  );
};

const removeCheckpoints = async (repository: Repository, run: Run): Promise<void> => {
  const left = leftCheckpoints(await repository.snapshots(run), run.now());
  if (left.length === 0) return;
  const { removeSnapshots } = await import('../../store/restic/snapshots/remove-snapshots.ts');
  await removeSnapshots(
    repository,
    left.map(({ id }) => id),
    run,
  );
};

const prune = async (repository: Repository, setting: UpkeepSetting, run: Run): ReturnType<UpkeepTools['prune']> => {
  const [{ prunePlan }, { applyPrune }] = await Promise.all([
    import('../../store/restic/prune/prune-plan.ts'),
    import('../../store/restic/prune/apply-prune.ts'),
  ]);
  // One lock for both: nothing can change between the plan and what it says.
  const { removedBytes, newBytes, failedPacks } = await repository.locked(
    'exclusive',
    async () => applyPrune(repository, await prunePlan(repository, pruneOptionsFor(setting), run), run),
    run,
  );
  return { freedBytes: Math.max(0, removedBytes - newBytes), failed: failedPacks };
};

/** Those that the other does not have yet, oldest first. */
export const waitingCopies = async (
  repository: Repository,
  other: Repository,
  run: Run,
): Promise<readonly SnapshotFile[]> =>
  newerThan(await other.snapshots(run), await repository.snapshots(run), run.now());

const copy = async (repository: Repository, other: Repository, run: Run): ReturnType<UpkeepTools['copy']> => {
  const [{ copySnapshots }, { copyHolds }] = await Promise.all([
    import('../../store/restic/copy/copy-snapshots.ts'),
    import('../../store/restic/holds/copy-holds.ts'),
  ]);
  const { snapshots, bytes } = await copySnapshots(repository, other, await waitingCopies(repository, other, run), run);
  await copyHolds(repository, other, run);
  return { snapshots: snapshots.filter(({ copy: made }) => made !== undefined).length, bytes };
};

const kinds: readonly ObjectKind[] = ['config', 'key', 'snapshot', 'index', 'pack'];

const measure = async (repository: Repository, run: Run): ReturnType<UpkeepTools['measure']> => {
  const { backend } = repository.session;
  let storedBytes = 0;
  for (const kind of kinds) {
    for await (const page of backend.list(kind, run)) for (const { size } of page) storedBytes += size;
  }
  const snapshots = (await repository.snapshots(run)).filter((snapshot) => !isNote(snapshot));
  return { storedBytes, snapshots: snapshots.length };
};

/** The steps of the upkeep, in an open repository. */
export const upkeepTools = (repository: Repository, setting: UpkeepSetting, withOther: WithOther): UpkeepTools => ({
  isImmutable: repository.session.backend.capabilities.immutable,
  verify: (parts, run) => verify(repository, parts, run),
  removeCheckpoints: (run) => removeCheckpoints(repository, run),
  forget: (run) => forget(repository, setting, run),
  prune: (run) => prune(repository, setting, run),
  hold: async (run) => {
    const { holdEverything } = await import('../hold-everything.ts');
    const until = run.now() + BigInt(setting.holdFor ?? 0) * perMillisecond;
    return holdEverything(repository.session.backend, until, run);
  },
  copy: (to, run) => withOther(to, (other) => copy(repository, other, run)),
  measure: (run) => measure(repository, run),
});
