import type { LoadedConfig } from '../../config/load-config.ts';
import { captureJobs } from '../../operation/night/capture-jobs.ts';
import type { JobOutcome } from '../../operation/night/job-record.ts';
import { Fault } from '../../model/fault.ts';
import { runsOf } from '../../model/run-record.ts';
import type { Config } from '../../registry.ts';
import { capturedLines, capturedRecord, needsPerson } from '../account/captured-account.ts';
import { contextOfAccount } from '../account/selected-accounts.ts';
import { accountNamed } from '../account/named-account.ts';
import { needConfiguration, openConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { examples, newCommand, parseWait, type DefineCommand } from '../define-command.ts';
import { withRepository } from '../open-repository.ts';
import { selectedJobs } from '../server/selected-jobs.ts';
import { isServer, serverNamed } from '../server/server-job.ts';
import { captureServers } from '../server/capture-servers.ts';
import { type AccountJob, accountJob, accountPlace } from '../run/account-job.ts';
import { recordedRun, type RunTally } from '../run/recorded-run.ts';
import { upkeepRepositories, upkeepSettingOf } from '../run/repository-upkeep.ts';
import { type RunStartOptions, scheduledContext, waitOf } from '../run/run-options.ts';

interface RunOptions extends RunStartOptions {
  readonly confirm: boolean;
  readonly rescan: boolean;
  readonly captureOnly: boolean;
  readonly daily: boolean;
  readonly weekly: boolean;
}

export const runCommand: DefineCommand = (execute) =>
  newCommand('run', 'the whole night: capture all accounts and servers, then verify, forget, prune and copy')
    .argument('[jobs...]', 'only these accounts and servers, by their names in the configuration')
    .option('--confirm', 'what looks like damage in these accounts and servers is right', false)
    .option('--rescan', 'look at every message of every folder, whatever seems unchanged', false)
    .option('--daily', 'of servers: only the daily backup', false)
    .option('--weekly', 'of servers: only the weekly one, made of the daily one of today where there is one', false)
    .option('--capture-only', 'make snapshots, and leave everything else to `mailkeep maintain`', false)
    .option('--wait <time>', 'how long to wait for a run that is under way, e.g. 30m (default: not at all)', parseWait)
    .option('--scheduled', 'started by a timer: waits up to 3h for another run, and for locks', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep run                        all accounts; every night by cron or a timer',
        'mailkeep run fastmail               one account',
        'mailkeep run fastmail --confirm     the deletions that held the brake were meant',
        'mailkeep run mailserver --weekly    the weekly backup of a server',
        'mailkeep run --capture-only         snapshots only',
      ]),
    )
    .action((names: readonly string[], options: RunOptions) =>
      execute(options, async (context) => {
        await refuseMistakes(names, options, context);
        return recordedRun(
          { command: 'run', trigger: options.scheduled ? 'schedule' : 'person', wait: waitOf(options) },
          (tally, listening) => runNight(names, options, { tally, context: listening }),
          scheduledContext(options, context),
        );
      }),
    );

/** A mistyped name is no run: no monitor is told that one began. A broken configuration is: at night nobody else would tell. */
const refuseMistakes = async (
  names: readonly string[],
  { confirm, daily, weekly }: RunOptions,
  context: CommandContext,
): Promise<void> => {
  const loaded = await openConfiguration(context).catch(() => undefined);
  if (loaded === undefined) return;
  for (const name of names.filter((one) => !isServer(loaded, one))) refuseUnknown(name, loaded);
  const hasServer =
    names.length === 0 ? Object.keys(loaded.config.servers).length > 0 : names.some((name) => isServer(loaded, name));
  if ((daily || weekly) && !hasServer) throw new Fault('usage', context.messages.runNoServer());
  const { accounts, servers } = loaded.config;
  if (confirm && names.length === 0 && Object.keys(accounts).length + Object.keys(servers).length > 1) {
    throw new Fault('usage', context.messages.confirmNames());
  }
};

/** A configuration without accounts can only mean a server. */
const refuseUnknown = (name: string, loaded: LoadedConfig<Config>): void => {
  const { accounts, servers } = loaded.config;
  const hasOnlyServers = Object.keys(accounts).length === 0 && Object.keys(servers).length > 0;
  if (hasOnlyServers) serverNamed(loaded, name);
  else accountNamed(loaded, name.split('/', 1)[0] ?? '');
};

interface Place {
  readonly tally: RunTally;
  readonly context: CommandContext;
}

const runNight = async (names: readonly string[], options: RunOptions, place: Place): Promise<void> => {
  const { tally, context } = place;
  const loaded = await needConfiguration(context);
  const { accounts, servers } = await selectedJobs(names, loaded, context);
  if (options.confirm && names.length === 0 && accounts.length + servers.length > 1) {
    throw new Fault('usage', context.messages.confirmNames());
  }
  const jobs = accounts.map((account) => accountJob(account, loaded, context));
  const opened = await captureAccounts(jobs, options, { ...place, loaded });
  const lastGood = (name: string): number | undefined => lastGoodBefore(name, loaded.file, tally);
  const runsBefore = (job: string) =>
    runsOf(tally.ask((history) => history.runs({ last: nightsLookedAt, job })) ?? [], loaded.file);
  const wish = { ...options, wait: waitOf(options), lastGoodBefore: lastGood, runsBefore };
  await captureServers(servers, wish, place);
  if (options.captureOnly) return;
  const touched = servers.flatMap(({ entry }) => entry.repository ?? []);
  const contexts = new Map(jobs.map(({ repository, account }) => [repository, contextOfAccount(account, context)]));
  await upkeepRepositories([...new Set([...opened, ...touched])], { command: 'run', loaded, tally, contexts }, context);
};

/** Returns the repositories that could be opened. */
const captureAccounts = (
  jobs: readonly AccountJob[],
  options: RunOptions,
  { tally, context, loaded }: Place & { readonly loaded: LoadedConfig<Config> },
): Promise<readonly string[]> => {
  const parts = {
    withPlace: async ([first]: readonly AccountJob[], work: Parameters<CaptureParts['withPlace']>[1]) => {
      if (first === undefined) return;
      const own = contextOfAccount(first.account, context);
      const { appendOnly: isAppendOnly } = upkeepSettingOf(loaded, first.repository);
      await withRepository(
        own,
        (repository) => work(accountPlace(repository, { ...options, isAppendOnly }, own)),
        true,
      );
    },
    tell: ({ name, host }: AccountJob, outcome: JobOutcome) => print({ name, host, outcome }, context),
    lastGoodBefore: ({ name }: AccountJob) => lastGoodBefore(name, loaded.file, tally),
    record: (record: RunTally['jobs'][number]) => tally.jobs.push(record),
  };
  return captureJobs(jobs, parts, context.run);
};

type CaptureParts = Parameters<typeof captureJobs<AccountJob>>[1];

/** Runs of other configurations, with an account of the same name, may lie in between. */
const lookedAt = 50;
/** What tells how fast a disk fills. */
const nightsLookedAt = 200;

const lastGoodBefore = (name: string, configuration: string, { ask }: RunTally): number | undefined => {
  const [known] = runsOf(ask((history) => history.runs({ last: lookedAt, job: name })) ?? [], configuration);
  return known?.kind === 'finished' ? known.record.jobs.find((job) => job.name === name)?.lastGood : undefined;
};

const print = (account: Parameters<typeof capturedRecord>[0], context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  if (options.json) {
    output.print(JSON.stringify(capturedRecord(account)));
    return;
  }
  if (options.quiet && !needsPerson(account)) return;
  for (const line of capturedLines(account, context)) output.print(line);
};
