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
import type { CommandContext } from '../context.ts';
import { readRepository } from '../read-repository.ts';
import { localTime } from '../render/local-time.ts';
import { failureTroubles } from '../run/last-runs.ts';
import { accountDescription, ledgerFolderOf } from './account-description.ts';
import { brakeText } from './brake-text.ts';
import { byRepository, contextOfAccount } from './selected-accounts.ts';

/** How an account is doing, or why nobody can tell. */
export type KnownAccount =
  | { readonly kind: 'known'; readonly account: ImapAccount; readonly status: AccountStatus }
  | { readonly kind: 'unknown'; readonly account: ImapAccount; readonly fault: Fault };

/** `troubles`: what a person has to look at, as short texts; none: all is well. */
export interface JudgedAccount {
  readonly account: KnownAccount;
  readonly troubles: readonly string[];
}

/** Asks the repository of each account. */
export const knownAccounts = async (
  accounts: readonly ImapAccount[],
  context: CommandContext,
): Promise<readonly KnownAccount[]> => {
  const known: KnownAccount[] = [];
  for (const group of byRepository(accounts)) known.push(...(await statusOfGroup(group, context)));
  return known;
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

export const lastGoodOf = ({ good }: AccountStatus): number | undefined =>
  good === undefined ? undefined : milliseconds(good.time.nanoseconds);

export const accountTroubles = (
  account: KnownAccount,
  { maxAge, runs }: { readonly maxAge: Nanoseconds | undefined; readonly runs: readonly KnownRun[] },
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
    ...failureTroubles({ name: account.account.name, lastGood: lastGoodOf(status) }, runs, context),
    ...(maxAge !== undefined && age !== undefined && age > maxAge
      ? [messages.statusTooOld(formatDuration(milliseconds(maxAge)))]
      : []),
  ];
};

/** A line of `status --json`. */
export const accountStatusRecord = ({ account, troubles }: JudgedAccount): Record<string, unknown> => {
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

/** A row of the table of `status`. */
export const accountRow = (
  { account, troubles }: JudgedAccount,
  context: CommandContext,
): readonly (readonly string[])[] => {
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

/** What brake and ledger of an account have to say. */
export const accountLines = (known: KnownAccount, { messages }: CommandContext): readonly string[] => {
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
