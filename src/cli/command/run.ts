import { type AccountCapture, captureAccount } from '../../operation/capture-account.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { accountSourceOpener } from '../../registry.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { removeSnapshots } from '../../store/restic/snapshots/remove-snapshots.ts';
import { asFault, isFault } from '../../model/fault.ts';
import { accountDescription } from '../account/account-description.ts';
import {
  type CapturedAccount,
  capturedLines,
  capturedRecord,
  needsPerson,
  outcomeOf,
} from '../account/captured-account.ts';
import { byRepository, contextOfAccount, selectedAccounts } from '../account/selected-accounts.ts';
import { accountParts } from '../accounts.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';

interface RunOptions extends GlobalOptions {
  readonly confirm: boolean;
  readonly rescan: boolean;
}

/** A long capture ends in a checkpoint after so much (requirement A12). */
const budget = { bytes: 1_000_000_000, time: 15n * 60n * 1_000_000_000n };

export const runCommand: DefineCommand = (execute) =>
  newCommand('run', 'capture the mail accounts of the configuration')
    .argument('[accounts...]', 'only these, by their names in the configuration')
    .option('--confirm', 'what looks like damage in these accounts is right', false)
    .option('--rescan', 'look at every message of every folder, whatever seems unchanged', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep run                        all accounts; every night by cron or a timer',
        'mailkeep run fastmail               one account',
        'mailkeep run fastmail --confirm     the deletions that held the brake were meant',
      ]),
    )
    .action((names: readonly string[], options: RunOptions) =>
      execute(options, (context) => runAccounts(names, options, context)),
    );

const runAccounts = async (names: readonly string[], options: RunOptions, context: CommandContext): Promise<number> => {
  const accounts = await selectedAccounts(names, context);
  if (options.confirm && names.length === 0 && accounts.length > 1) {
    context.output.say(context.messages.confirmNames());
    return exitCode.fatal;
  }
  const captured: CapturedAccount[] = [];
  for (const group of byRepository(accounts)) {
    for (const account of await runGroup(group, options, context)) captured.push(account);
  }
  return captured.some(needsPerson) ? exitCode.incomplete : exitCode.good;
};

/** All accounts of one repository, which is opened once. Where it cannot be opened, none of them could be captured. */
const runGroup = async (
  accounts: readonly ImapAccount[],
  options: RunOptions,
  context: CommandContext,
): Promise<readonly CapturedAccount[]> => {
  const [first] = accounts;
  if (first === undefined) return [];
  const captured: CapturedAccount[] = [];
  const tell = (account: CapturedAccount): void => {
    captured.push(account);
    print(account, context);
  };
  const own = contextOfAccount(first, context);
  try {
    await withRepository(
      own,
      async (repository) => {
        for (const account of accounts) tell(await runOne(account, repository, options, own));
      },
      true,
    );
  } catch (error) {
    const fault = asFault(error);
    if (isFault(fault, 'interrupted') || captured.length > 0 || accounts.length === 1) throw fault;
    for (const { name, host } of accounts) tell({ name, host, outcome: { kind: 'failed', fault } });
  }
  return captured;
};

const runOne = async (
  account: ImapAccount,
  repository: Repository,
  options: RunOptions,
  context: CommandContext,
): Promise<CapturedAccount> => {
  const { run } = context;
  const { name, host } = account;
  run.emit({ kind: 'phase', phase: name });
  const settings = { ...accountParts(context), rescan: options.rescan };
  const { store } = account;
  const { confirm: confirmed } = options;
  const mirrored = async (folder: string): Promise<AccountCapture> => {
    const { captureMirror } = await import('../account/capture-mirror.ts');
    const own = { ...account, store: { kind: 'mirror', folder } as const };
    return captureMirror(own, repository, { settings, confirmed }, context);
  };
  const direct = async (): Promise<AccountCapture> =>
    captureAccount(
      {
        open: await accountSourceOpener(account, settings, run),
        store: repository,
        removeSnapshots: (ids) => letGo(repository, ids, context),
      },
      { description: accountDescription(account, context), limits: account.brake, confirmed, budget },
      run,
    );
  return { name, host, outcome: await outcomeOf(() => (store.kind === 'direct' ? direct() : mirrored(store.folder))) };
};

/** Checkpoints that stay a night longer harm nobody: another program may hold the lock, or nothing may be removed here. */
const letGo = async (repository: Repository, ids: readonly string[], { run }: CommandContext): Promise<void> => {
  if (ids.length === 0) return;
  try {
    await removeSnapshots(repository, ids, run);
  } catch (error) {
    if (!isFault(error, 'repository-locked', 'read-only', 'permission-denied')) throw error;
    run.emit({ kind: 'notice', message: `checkpoints stay for now: ${error.message}` });
  }
};

const print = (account: CapturedAccount, context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  if (options.json) {
    output.print(JSON.stringify(capturedRecord(account)));
    return;
  }
  if (options.quiet && !needsPerson(account)) return;
  for (const line of capturedLines(account, context)) output.print(line);
};
