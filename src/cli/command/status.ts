import { asFault } from '../../model/fault.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { KnownRun } from '../../model/run-record.ts';
import {
  accountLines,
  accountRow,
  accountStatusRecord,
  accountTroubles,
  type JudgedAccount,
  knownAccounts,
  lastGoodOf,
} from '../account/account-status.ts';
import { needConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { drillLines, drillTroubles, lastDrill, type LastDrill, type RecentHistory } from '../drill/drill-status.ts';
import { exitCode } from '../exit-code.ts';
import { type DiskOutlook, diskOutlook, diskOutlookLines } from '../health/disk-outlook.ts';
import { parseAge } from '../parse-age.ts';
import { tableLines } from '../render/table.ts';
import { failureTroubles, lastRunJson, lastRunLines } from '../run/last-runs.ts';
import { metricsText, recentRuns } from '../run/write-metrics.ts';
import { selectedJobs } from '../server/selected-jobs.ts';
import {
  serverRow,
  serverStatus,
  type ServerStatus,
  serverStatusJson,
  serverTroubles,
} from '../server/server-status.ts';

interface StatusOptions extends GlobalOptions {
  /** Nanoseconds. */
  readonly maxAge?: Nanoseconds;
  readonly prometheus: boolean;
}

export const statusCommand: DefineCommand = (execute) =>
  newCommand('status', 'tell how old and how complete the backups of the accounts and servers are')
    .argument('[jobs...]', 'only these accounts and servers, by their names in the configuration')
    .option('--max-age <time>', 'end with 1 when the last good backup is older (26h, 2d)', parseAge)
    .option('--prometheus', 'print metrics in the text format of Prometheus', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep status                     the last good backup of each account, the brake, differences',
        'mailkeep status --max-age 26h       for monitors: ends with 1 when something needs a person',
        'mailkeep status fastmail --json',
        'mailkeep status --prometheus        metrics; docs/history.md describes them',
      ]),
    )
    .action((names: readonly string[], options: StatusOptions) =>
      execute(options, (context) => tellStatus(names, options, context)),
    );

const tellStatus = async (
  names: readonly string[],
  { maxAge, prometheus }: StatusOptions,
  context: CommandContext,
): Promise<number> => {
  const selected = await selectedJobs(names, await needConfiguration(context), context);
  const known = await knownAccounts(selected.accounts, context);
  const history = await recentHistory(context);
  const judged = known.map((account) => ({
    account,
    troubles: accountTroubles(account, { maxAge, runs: history.runs }, context),
  }));
  const servers: JudgedServer[] = [];
  for (const job of selected.servers) {
    const status = await serverStatus(job, context);
    const drill = lastDrill(job.name, history);
    const troubles = [
      ...serverTroubles(status, maxAge, context),
      ...failureTroubles({ name: job.name, lastGood: status.lastGood }, history.runs, context),
      ...drillTroubles(drill, context),
    ];
    servers.push({ status, troubles, drill });
  }
  const lines = prometheus
    ? await metricLines({ judged, servers }, history.runs, context)
    : await shownLines({ judged, servers }, history.runs, context);
  for (const line of lines) context.output.print(line);
  // Where history cannot be read, the last capture may have failed: a monitor must not take that for good.
  const isSound = history.fault === undefined && [...judged, ...servers].every(({ troubles }) => troubles.length === 0);
  return isSound ? exitCode.good : exitCode.incomplete;
};

interface JudgedServer {
  readonly status: ServerStatus;
  readonly troubles: readonly string[];
  /** Undefined: there was none. */
  readonly drill: LastDrill | undefined;
}

interface JudgedJobs {
  readonly judged: readonly JudgedAccount[];
  readonly servers: readonly JudgedServer[];
}

const shownLines = async (
  jobs: JudgedJobs,
  runs: readonly KnownRun[],
  context: CommandContext,
): Promise<readonly string[]> => {
  const { judged, servers } = jobs;
  const outlooks = new Map<string, DiskOutlook>();
  for (const { status } of servers) {
    const outlook = await diskOutlook(status.job, runs, context);
    if (outlook !== undefined) outlooks.set(status.job.name, outlook);
  }
  if (!context.options.json) {
    const disks = [...outlooks].flatMap(([name, outlook]) => diskOutlookLines(name, outlook, context));
    const drills = servers.flatMap(({ drill }) => drillLines(drill, context));
    return [...statusLines(jobs, context), ...disks, ...drills, ...lastRunLines(runs, context)];
  }
  const last = lastRunJson(runs, context);
  return [
    ...judged.map((one) => JSON.stringify(accountStatusRecord(one))),
    ...servers.map(({ status, troubles, drill }) =>
      serverStatusJson(status, { troubles, outlook: outlooks.get(status.job.name), drill }, context),
    ),
    ...(last === undefined ? [] : [last]),
  ];
};

const metricLines = async (
  { judged, servers }: JudgedJobs,
  runs: readonly KnownRun[],
  context: CommandContext,
): Promise<readonly string[]> => {
  const { config } = await needConfiguration(context);
  const lastGood = new Map<string, number | undefined>(
    servers.map(({ status }) => [status.job.name, status.lastGood] as const),
  );
  for (const { account: one } of judged) {
    if (one.kind === 'unknown') continue;
    lastGood.set(one.account.name, lastGoodOf(one.status));
  }
  return metricsText(config, { runs, lastGood }, context).trimEnd().split('\n');
};

/** Backups are what counts: what is wrong with history is told, and everything else is told as well. */
const recentHistory = async (context: CommandContext): Promise<RecentHistory> => {
  try {
    return { runs: await recentRuns(context) };
  } catch (error) {
    const fault = asFault(error);
    context.run.emit({ kind: 'notice', message: fault.message });
    return { runs: [], fault };
  }
};

/** A table of all, and below it what the brake and the ledger of each have to say. */
const statusLines = ({ judged, servers }: JudgedJobs, context: CommandContext): readonly string[] => {
  const { messages } = context;
  const { account, good, messages: count, state } = messages.statusColumns();
  const rows = [
    ...judged.map((one) => accountRow(one, context)),
    ...servers.map(({ status, troubles }) => serverRow(status, troubles, context)),
  ];
  return [
    ...tableLines([account, good, count, state], rows, new Set([2])),
    ...judged.flatMap((one) => accountLines(one.account, context)),
  ];
};
