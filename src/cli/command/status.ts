import type { Nanoseconds } from '../../model/entry.ts';
import { asFault, type Fault, isFault } from '../../model/fault.ts';
import type { KnownRun } from '../../model/run-record.ts';
import { formatDuration } from '../../model/size.ts';
import { incompleteTag } from '../../model/snapshot.ts';
import { folderDifferences, uidText } from '../../mail/direct/ledger.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import { type AccountStatus, accountStatus } from '../../operation/account-status.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { createSnapshotOpener } from '../../store/restic/read/browsed-repository.ts';
import { accountDescription, ledgerFolderOf } from '../account/account-description.ts';
import { brakeText } from '../account/brake-text.ts';
import { byRepository, contextOfAccount } from '../account/selected-accounts.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { parseAge } from '../parse-age.ts';
import { needConfiguration } from '../configuration.ts';
import { readRepository } from '../read-repository.ts';
import { drillLines, drillTroubles, lastDrill, type LastDrill, type RecentHistory } from '../drill/drill-status.ts';
import { lastRunJson, lastRunLines } from '../run/last-runs.ts';
import { metricsText, recentRuns } from '../run/write-metrics.ts';
import { type DiskOutlook, diskOutlook, diskOutlookLines } from '../health/disk-outlook.ts';
import { selectedJobs } from '../server/selected-jobs.ts';
import {
  serverRow,
  serverStatus,
  type ServerStatus,
  serverStatusJson,
  serverTroubles,
} from '../server/server-status.ts';
import { localTime } from '../render/local-time.ts';
import { tableLines } from '../render/table.ts';

interface StatusOptions extends GlobalOptions {
  /** Nanoseconds. */
  readonly maxAge?: Nanoseconds;
  readonly prometheus: boolean;
}

type KnownAccount =
  | { readonly kind: 'known'; readonly account: ImapAccount; readonly status: AccountStatus }
  | { readonly kind: 'unknown'; readonly account: ImapAccount; readonly fault: Fault };

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
  const known: KnownAccount[] = [];
  const selected = await selectedJobs(names, await needConfiguration(context), context);
  for (const group of byRepository(selected.accounts)) known.push(...(await statusOfGroup(group, context)));
  const judged = known.map((account) => ({ account, troubles: troublesOf(account, maxAge, context) }));
  const servers: JudgedServer[] = [];
  const history = await recentHistory(context);
  for (const job of selected.servers) {
    const status = await serverStatus(job, context);
    const drill = lastDrill(job.name, history);
    const troubles = [...serverTroubles(status, maxAge, context), ...drillTroubles(drill, context)];
    servers.push({ status, troubles, drill });
  }
  const lines = prometheus
    ? await metricLines({ judged, servers }, history.runs, context)
    : await shownLines({ judged, servers }, history.runs, context);
  for (const line of lines) context.output.print(line);
  return [...judged, ...servers].some(({ troubles }) => troubles.length > 0) ? exitCode.incomplete : exitCode.good;
};

interface JudgedServer {
  readonly status: ServerStatus;
  readonly troubles: readonly string[];
  /** Undefined: there was none. */
  readonly drill: LastDrill | undefined;
}

interface JudgedJobs {
  readonly judged: readonly Judged[];
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
    ...judged.map((one) => JSON.stringify(record(one))),
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
    const { good } = one.status;
    lastGood.set(one.account.name, good === undefined ? undefined : milliseconds(good.time.nanoseconds));
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

const statusOfGroup = async (
  accounts: readonly ImapAccount[],
  context: CommandContext,
): Promise<readonly KnownAccount[]> => {
  const [first] = accounts;
  if (first === undefined) return [];
  const found: KnownAccount[] = [];
  try {
    await readRepository(contextOfAccount(first, context), async (repository, run) => {
      const open = createSnapshotOpener(repository);
      for (const account of accounts) {
        const source = { ...accountDescription(account, context), ledgerFolder: ledgerFolderOf(account) };
        found.push({ kind: 'known', account, status: await accountStatus({ store: repository, open }, source, run) });
      }
    });
    return found;
  } catch (error) {
    const fault = asFault(error);
    if (isFault(fault, 'interrupted', 'internal')) throw fault;
    const missing = accounts.slice(found.length).map((account) => ({ kind: 'unknown', account, fault }) as const);
    return [...found, ...missing];
  }
};

const ageOf = (status: AccountStatus, { run }: CommandContext): Nanoseconds | undefined =>
  status.good === undefined ? undefined : run.now() - status.good.time.nanoseconds;

const unexplainedOf = ({ ledger }: AccountStatus): number =>
  (ledger?.folders ?? []).reduce((sum, folder) => sum + folderDifferences(folder).unexplained, 0);

const milliseconds = (time: Nanoseconds): number => Number(time / 1_000_000n);

/** What a person has to look at, as short texts; none: all is well. */
const troublesOf = (
  account: KnownAccount,
  maxAge: Nanoseconds | undefined,
  context: CommandContext,
): readonly string[] => {
  const { messages } = context;
  if (account.kind === 'unknown') return [account.fault.message];
  const { status } = account;
  const age = ageOf(status, context);
  const unexplained = unexplainedOf(status);
  return [
    ...(status.isBraked ? [messages.statusBraked()] : []),
    ...(status.newest?.tags.includes(incompleteTag) === true ? [messages.statusIncomplete()] : []),
    ...(status.fromFuture > 0 ? [messages.statusFromFuture(status.fromFuture)] : []),
    ...(unexplained > 0 ? [messages.statusUnexplained(unexplained)] : []),
    ...(age === undefined ? [messages.statusNever()] : []),
    ...(maxAge !== undefined && age !== undefined && age > maxAge
      ? [messages.statusTooOld(formatDuration(milliseconds(maxAge)))]
      : []),
  ];
};

interface Judged {
  readonly account: KnownAccount;
  readonly troubles: readonly string[];
}

const record = ({ account, troubles }: Judged): Record<string, unknown> => {
  const { name, host } = account.account;
  const common = { message_type: 'status', account: name, host, ok: troubles.length === 0, troubles };
  if (account.kind === 'unknown') return { ...common, fault: account.fault.code, hint: account.fault.hint };
  const { newest, good, isBraked, ledger, checkpoint } = account.status;
  const seconds = (time: Nanoseconds): number => Number(time / 1_000_000_000n);
  return {
    ...common,
    newest_snapshot_id: newest?.id,
    good_snapshot_id: good?.id,
    good_snapshot_time: good === undefined ? undefined : seconds(good.time.nanoseconds),
    braked: isBraked,
    brake: ledger?.brake ?? [],
    cut_off: checkpoint !== undefined,
    folders: ledger?.folders.map(({ name: raw, onServer, inSnapshot, differences }) => ({
      folder: mailboxText(raw),
      messages_on_server: onServer,
      messages_in_snapshot: inSnapshot,
      differences,
    })),
  };
};

const rowOf = ({ account, troubles }: Judged, context: CommandContext): readonly (readonly string[])[] => {
  const { messages } = context;
  const name = [account.account.name];
  if (account.kind === 'unknown') return [name, [''], [''], troubles];
  const { good, ledger, checkpoint } = account.status;
  const age = ageOf(account.status, context);
  const last =
    good === undefined || age === undefined
      ? messages.statusNever()
      : messages.statusAge(localTime(good.time.nanoseconds), formatDuration(milliseconds(age)));
  const count = ledger?.folders.reduce((sum, { inSnapshot }) => sum + inSnapshot, 0);
  const state = [
    ...(troubles.length === 0 ? [messages.statusGood()] : troubles),
    ...(checkpoint === undefined ? [] : [messages.statusCutOff()]),
  ];
  return [name, [last], [count === undefined ? '' : count.toLocaleString('en')], state];
};

/** A table of all, and below it what the brake and the ledger of each have to say. */
const statusLines = ({ judged, servers }: JudgedJobs, context: CommandContext): readonly string[] => {
  const { messages } = context;
  const { account, good, messages: count, state } = messages.statusColumns();
  const rows = [
    ...judged.map((one) => rowOf(one, context)),
    ...servers.map(({ status, troubles }) => serverRow(status, troubles, context)),
  ];
  return [
    ...tableLines([account, good, count, state], rows, new Set([2])),
    ...judged.flatMap((one) => detailLines(one.account, context)),
  ];
};

const detailLines = (known: KnownAccount, { messages }: CommandContext): readonly string[] => {
  const { name } = known.account;
  if (known.kind === 'unknown') {
    const { message, hint } = known.fault;
    return ['', messages.accountFailed(name, message), ...(hint === undefined ? [] : [`  ${messages.hint(hint)}`])];
  }
  const { isBraked, ledger } = known.status;
  const differences = (ledger?.folders ?? []).flatMap((folder) =>
    folder.differences.map((one) => messages.accountFolderDiffers(mailboxText(folder.name), uidText(one), one.reason)),
  );
  const brake = (ledger?.brake ?? []).map((reason) => messages.brakeReason(brakeText(reason, messages)));
  if (!isBraked && differences.length === 0) return [];
  return [
    '',
    `${name}:`,
    ...(isBraked ? [messages.brakeHolds(), ...brake, messages.brakeConfirm(name)] : []),
    ...differences.slice(0, 100),
    ...(differences.length > 100 ? [messages.accountMoreDifferences(differences.length - 100)] : []),
  ];
};
