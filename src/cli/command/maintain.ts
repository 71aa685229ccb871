import { Fault } from '../../model/fault.ts';
import { nearestName } from '../../config/nearest-name.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Config } from '../../registry.ts';
import { needConfiguration, openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, parseWait, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { recordedRun } from '../run/recorded-run.ts';
import { scheduledContext, waitOf } from '../run/run-options.ts';
import { upkeepRepositories } from '../run/repository-upkeep.ts';

interface Options extends GlobalOptions {
  readonly dryRun: boolean;
  readonly scheduled: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

export const maintainCommand: DefineCommand = (execute) =>
  newCommand('maintain', 'verify, forget, prune and copy as the configuration says, without capturing anything')
    .argument('[repositories...]', 'only these, by their names in the configuration')
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--wait <time>', 'how long to wait for a run that is under way, e.g. 30m (default: not at all)', parseWait)
    .option('--scheduled', 'started by a timer: waits up to 3h for another run, and for locks', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep maintain                   every repository of the configuration',
        'mailkeep maintain main --dry-run    what would be done, and why',
        '  For append-only storage, from another machine, with credentials that may remove objects.',
      ]),
    )
    .action((names: readonly string[], options: Options) =>
      execute(options, (context) => maintain(names, options, context)),
    );

const maintain = async (names: readonly string[], options: Options, context: CommandContext): Promise<number> => {
  if (options.dryRun) {
    const loaded = await needConfiguration(context);
    const { showUpkeep } = await import('../run/show-upkeep.ts');
    await showUpkeep(selected(names, loaded, context), loaded, context);
    return exitCode.good;
  }
  // A mistyped name is no run: no monitor is told that one began.
  const known = await openConfiguration(context).catch(() => undefined);
  if (known !== undefined) selected(names, known, context);
  return recordedRun(
    { command: 'maintain', trigger: options.scheduled ? 'schedule' : 'person', wait: waitOf(options) },
    async (tally, listening) => {
      const loaded = await needConfiguration(listening);
      const parts = { command: 'maintain', loaded, tally, contexts: new Map() } as const;
      await upkeepRepositories(selected(names, loaded, listening), parts, listening);
    },
    scheduledContext(options, context),
  );
};

/** Fault `usage` for a name that is none. */
const selected = (
  names: readonly string[],
  { config, file }: LoadedConfig<Config>,
  { options, messages }: CommandContext,
): readonly string[] => {
  const known = Object.keys(config.repositories);
  if (known.length === 0) throw new Fault('configuration', `${messages.maintainNothing()}: ${file}`);
  const wanted = names.length === 0 && options.repo !== undefined ? [options.repo] : names;
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    throw new Fault('usage', `there is no repository ${name} in ${file}`, {
      hint: nearest === undefined ? `There are: ${known.join(', ')}.` : `Is ${nearest} meant?`,
    });
  }
  return wanted.length === 0 ? known : wanted;
};
