import type { LoadedConfig } from '../../config/load-config.ts';
import { type UpkeepSetting, upkeepOf, usualUpkeep } from '../../config/upkeep-setting.ts';
import type { History } from '../../catalog/history.ts';
import { type RepositoryRecord, type RunRecord, runsOf } from '../../model/run-record.ts';
import { lastDone, planUpkeep } from '../../operation/night/plan-upkeep.ts';
import type { UpkeepPlan, UpkeepStep } from '../../operation/night/upkeep.ts';
import { upkeepAll } from '../../operation/night/upkeep-all.ts';
import type { Config } from '../../registry.ts';
import type { CommandContext } from '../context.ts';
import { withRepository } from '../open-repository.ts';
import type { RunTally } from './recorded-run.ts';
import { stepJson, stepLines } from './step-lines.ts';
import { upkeepTools, type WithOther } from './upkeep-tools.ts';

/** What the configuration wants of a repository; of one that is not in it, the usual. */
export const upkeepSettingOf = ({ config }: LoadedConfig<Config>, name: string): UpkeepSetting => {
  const setting = Object.hasOwn(config.repositories, name) ? config.repositories[name] : undefined;
  return setting === undefined ? usualUpkeep : upkeepOf(setting);
};

/** The command's context with a repository of the configuration, and nothing that the command line says of another. */
export const contextOfRepository = (name: string, context: CommandContext): CommandContext => {
  const { passwordFile: _file, passwordCommand: _command, keyHint: _hint, ...options } = context.options;
  const { repositoryFile: _named, ...others } = options;
  return { ...context, options: { ...others, repo: name } };
};

/** How far back history is asked for the last time of a step. */
const askedRuns = 400;

/** Earlier runs of a configuration that were finished, newest first. */
export const finishedRuns = (history: Pick<History, 'runs'>, configuration: string): readonly RunRecord[] =>
  runsOf(history.runs({ last: askedRuns }), configuration).flatMap((known) =>
    known.kind === 'finished' ? [known.record] : [],
  );

export interface RepositoryUpkeepParts {
  readonly command: RunRecord['command'];
  readonly loaded: LoadedConfig<Config>;
  readonly tally: RunTally;
  /** How a repository is opened that is not just a name of the configuration. */
  readonly contexts: ReadonlyMap<string, CommandContext>;
}

interface UpkeepPlannerParts extends Pick<RepositoryUpkeepParts, 'command' | 'loaded'> {
  /** Earlier ones, newest first. */
  readonly runs: readonly RunRecord[];
}

/** What is due in which repository. */
export const upkeepPlanner =
  ({ command, loaded, runs }: UpkeepPlannerParts, { run }: CommandContext): ((name: string) => UpkeepPlan) =>
  (name) => {
    const { retention, ...setting } = upkeepSettingOf(loaded, name);
    const wish = { ...setting, hasRetention: retention !== undefined };
    return planUpkeep(name, wish, {
      command,
      now: Number(run.now() / 1_000_000n),
      lastVerified: lastDone(runs, name, 'verify'),
      lastPruned: lastDone(runs, name, 'prune'),
    });
  };

/** Verify, forget, prune, hold and copy, in these repositories and those that they are copied into. */
export const upkeepRepositories = async (
  names: readonly string[],
  parts: RepositoryUpkeepParts,
  context: CommandContext,
): Promise<void> => {
  const { loaded, tally, contexts } = parts;
  const opened = (name: string): CommandContext => contexts.get(name) ?? contextOfRepository(name, context);
  const withOther: WithOther = (name, work) => withRepository(opened(name), work);
  let heading: string | undefined;
  const tell = (step: UpkeepStep, record: RepositoryRecord): void => {
    if (record.name !== heading && !context.options.json && !context.options.quiet) context.output.print(record.name);
    heading = record.name;
    printStep(step, record, context);
  };
  await upkeepAll(
    names,
    {
      planOf: upkeepPlanner(
        { ...parts, runs: tally.ask((history) => finishedRuns(history, loaded.file)) ?? [] },
        context,
      ),
      withTools: (name, work) =>
        withRepository(opened(name), (repository) =>
          work(upkeepTools(repository, upkeepSettingOf(loaded, name), withOther)),
        ),
      tell,
      record: (record) => tally.repositories.push(record),
    },
    context.run,
  );
};

const printStep = (step: UpkeepStep, record: RepositoryRecord, { output, messages, options }: CommandContext): void => {
  output.update(undefined);
  if (options.json) {
    const json = stepJson(step, record, messages);
    if (json !== undefined) output.print(json);
    return;
  }
  const outcome = step === 'copy' ? record.copies.at(-1)?.outcome : record[step]?.outcome;
  const isCalm = outcome?.kind === 'good' || outcome?.kind === 'skipped';
  if (options.quiet && isCalm) return;
  for (const line of stepLines(step, record, messages)) output.print(options.quiet ? `${record.name}:${line}` : line);
};
