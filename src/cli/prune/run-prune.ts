import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { applyPrune } from '../../store/restic/prune/apply-prune.ts';
import type { PruneOptions } from '../../store/restic/prune/prune-options.ts';
import { prunePlan } from '../../store/restic/prune/prune-plan.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { exitCode } from '../exit-code.ts';
import { isIdle, planLines, pruneJson, resultLines } from './prune-report.ts';

export interface PruneMode {
  readonly dryRun: boolean;
  /** Do it without being asked: `--yes`, or the question was put before. */
  readonly yes: boolean;
}

/** Shows the plan, asks where somebody is there to ask, and carries it out. Returns the exit code. */
export const runPrune = async (
  repository: Repository,
  options: PruneOptions,
  mode: PruneMode,
  context: CommandContext,
): Promise<number> => {
  if (!mode.dryRun && !mode.yes && !isAttended(context)) throw nobodyToAsk();
  const prune = (): Promise<number> => planAndApply(repository, options, mode, context);
  // Where nobody is asked one lock serves for both, so that nothing can change between the plan and what it says.
  return mode.yes && !mode.dryRun ? repository.locked('exclusive', prune, context.run) : prune();
};

const planAndApply = async (
  repository: Repository,
  options: PruneOptions,
  mode: PruneMode,
  context: CommandContext,
): Promise<number> => {
  const { output, messages } = context;
  const { json, verbose } = context.options;
  const run = json ? withoutProgress(context.run) : context.run;
  const plan = await prunePlan(repository, options, run);
  const say = (lines: readonly string[]): void => {
    if (!json) for (const line of lines) output.print(line);
  };
  say(planLines(plan, verbose > 0, messages));
  if (mode.dryRun) {
    if (json) output.print(pruneJson(plan, undefined));
    return exitCode.good;
  }
  if (!mode.yes && !isIdle(plan) && !(await confirm(messages.askPrune(), context))) {
    say([messages.nothingPruned()]);
    return exitCode.incomplete;
  }
  // The lock was not held while the question stood: should anything have changed, this refuses.
  const result = await applyPrune(repository, plan, run);
  if (json) output.print(pruneJson(plan, result));
  say(resultLines(result, messages));
  return result.failedPacks > 0 ? exitCode.incomplete : exitCode.good;
};

/** As with restic, stdout then holds the summary and nothing else. */
const withoutProgress = (run: Run): Run => ({
  signal: run.signal,
  now: () => run.now(),
  emit: (event) => {
    if (event.kind !== 'progress') run.emit(event);
  },
});

const nobodyToAsk = (): Fault =>
  new Fault('usage', 'prune removes data, and there is nobody to ask', {
    hint: 'In scripts say --yes (restic does not ask; otherwise its options are the same), or --dry-run to see what would go.',
  });
