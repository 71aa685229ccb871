import type { LoadedConfig } from '../../config/load-config.ts';
import type { UpkeepSetting } from '../../config/upkeep-setting.ts';
import { removalsOf, type RetentionPlan } from '../../model/retention.ts';
import type { UpkeepPlan } from '../../operation/night/upkeep.ts';
import type { Config } from '../../registry.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { type PrunePlan, prunePlan } from '../../store/restic/prune/prune-plan.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext } from '../context.ts';
import { verifiedForgetPlan } from '../forget/forget-plan.ts';
import { withRepository } from '../open-repository.ts';
import { planLines } from '../prune/prune-report.ts';
import { retentionLines } from '../render/retention-table.ts';
import { withKnownHistory } from './known-history.ts';
import { contextOfRepository, finishedRuns, upkeepPlanner, upkeepSettingOf } from './repository-upkeep.ts';
import { forgetBy, pruneOptionsFor, waitingCopies } from './upkeep-tools.ts';

/** What is shown of a repository. */
interface Shown {
  readonly plan: UpkeepPlan;
  readonly forget: RetentionPlan<SnapshotFile> | undefined;
  readonly prune: PrunePlan | undefined;
  readonly copies: readonly { readonly to: string; readonly snapshots: number }[];
}

/** Shows what `maintain` would do in these repositories. Nothing is changed. Faults as of opening and reading them. */
export const showUpkeep = async (
  names: readonly string[],
  loaded: LoadedConfig<Config>,
  context: CommandContext,
): Promise<void> => {
  const runs = (await withKnownHistory(context, (history) => finishedRuns(history, loaded.file))) ?? [];
  const planOf = upkeepPlanner({ command: 'maintain', loaded, runs }, context);
  for (const name of names) {
    const own = contextOfRepository(name, context);
    const setting = upkeepSettingOf(loaded, name);
    const shown = await withRepository(own, (repository) =>
      lookAhead(repository, { plan: planOf(name), setting }, context),
    );
    print(shown, setting, context);
  }
};

const lookAhead = async (
  repository: Repository,
  { plan, setting }: { readonly plan: UpkeepPlan; readonly setting: UpkeepSetting },
  context: CommandContext,
): Promise<Shown> => {
  const { run } = context;
  const by = forgetBy(setting);
  const forget =
    by === undefined
      ? undefined
      : await repository.locked('shared', () => verifiedForgetPlan(repository, by, run), run);
  const without = new Set(forget === undefined ? [] : removalsOf(forget).map(({ id }) => id));
  const prune = plan.prune ? await prunePlan(repository, { ...pruneOptionsFor(setting), without }, run) : undefined;
  const copies: { to: string; snapshots: number }[] = [];
  for (const to of plan.copyTo) {
    const waiting = await withRepository(contextOfRepository(to, context), (other) =>
      waitingCopies(repository, other, run),
    );
    copies.push({ to, snapshots: waiting.length });
  }
  return { plan, forget, prune, copies };
};

const print = (shown: Shown, setting: UpkeepSetting, context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  for (const line of options.json ? [json(shown)] : lines(shown, setting, context)) output.print(line);
};

const json = ({ plan, forget, prune, copies }: Shown): string =>
  JSON.stringify({
    message_type: 'plan',
    repository: plan.name,
    verify_parts: plan.verify?.parts,
    forget: forget === undefined ? undefined : removalsOf(forget).map(({ id }) => id),
    prune: prune === undefined ? undefined : { removed_now: prune.totals.removedNow, waiting: prune.totals.waiting },
    hold: plan.hold,
    copies,
  });

const lines = (
  { plan, forget, prune, copies }: Shown,
  { holdFor }: UpkeepSetting,
  { messages, options, run }: CommandContext,
): readonly string[] => {
  const until = new Date(Number(run.now() / 1_000_000n) + (holdFor ?? 0)).toISOString().slice(0, 10);
  return [
    plan.name,
    ...(plan.appendOnly ? [messages.planLeft()] : []),
    ...(plan.verify === undefined ? [] : [messages.planVerify(plan.verify.parts)]),
    ...(forget === undefined ? [] : [messages.planForget(removalsOf(forget).length)]),
    ...(forget?.groups ?? []).flatMap((group) => retentionLines(group, true, messages)),
    ...(prune === undefined ? [] : [messages.planPrune(), ...planLines(prune, options.verbose > 0, messages)]),
    ...(plan.hold ? [messages.planHold(until)] : []),
    ...copies.map(({ to, snapshots }) => messages.planCopy(to, snapshots)),
  ];
};
