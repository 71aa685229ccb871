import { createHash } from 'node:crypto';
import type { MailTarget } from '../../contract/mail-target.ts';
import { compileSearch } from '../../mail/search.ts';
import { unheardWish } from '../../mail/account-restore/target-name.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { compileGlob, matchGlob } from '../../model/glob.ts';
import { formatBytes } from '../../model/size.ts';
import { outgoingFolders, type SourceFolder } from '../../operation/account-restore/outgoing-mail.ts';
import {
  type AccountRestoreReport,
  type FolderPlan,
  restoreAccount,
} from '../../operation/account-restore/restore-account.ts';
import { accountsOf, mailTargetOf } from '../../registry.ts';
import { createSnapshotOpener } from '../../store/restic/read/browsed-repository.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { accountNamed, accountParts } from '../account/named-account.ts';
import { needConfiguration } from '../configuration.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { countedRun } from '../counted-run.ts';
import { exitCode } from '../exit-code.ts';
import { filterOf, type FilterOptions, namedSnapshot } from '../snapshot-options.ts';
import { type AccountRestoreOptions, wishesOf } from './account-restore-options.ts';
import { type MailRestoreOptions, selectionOf } from './restore-mail.ts';

export interface AccountRestoreRequest {
  readonly reference: string;
  /** By its name in the configuration; of many users, `NAME/USER`. */
  readonly account: string;
  readonly options: MailRestoreOptions &
    FilterOptions &
    AccountRestoreOptions & { readonly dryRun: boolean; readonly yes: boolean; readonly verify: boolean };
}

const openTarget = async (named: string, context: CommandContext): Promise<MailTarget> => {
  const { run } = context;
  const [name = ''] = named.split('/');
  const parts = accountParts(context);
  const entry = accountNamed(await needConfiguration(context), name);
  const accounts = await accountsOf(name, entry, parts, run);
  const account = accounts.length === 1 && named === name ? accounts[0] : accounts.find((one) => one.name === named);
  if (account !== undefined) return mailTargetOf(account, parts);
  throw new Fault('usage', `${named} is no single account of the configuration`, {
    hint: `Name one of: ${accounts
      .slice(0, 10)
      .map((one) => `imap:${one.name}`)
      .join(', ')}`,
  });
};

/** Names as people write them, in any case, with all folders below; `*` and `?` as in a glob. */
const wantedFolders = (folders: readonly SourceFolder[], asked: readonly string[]): readonly SourceFolder[] => {
  if (asked.length === 0) return folders;
  const tests = asked.map((text) => {
    const levels = text
      .toLowerCase()
      .split('/')
      .map((level) => compileGlob(byteStringOfText(level)));
    return (name: string): boolean => {
      const own = name.toLowerCase().split('/').map(byteStringOfText);
      return levels.every((glob, at) => {
        const level = own[at];
        return level !== undefined && glob !== undefined && matchGlob(glob, level);
      });
    };
  });
  const missed = asked.find((_, at) => !folders.some(({ name }) => tests[at]?.(name) === true));
  if (missed === undefined) return folders.filter(({ name }) => tests.some((matches) => matches(name)));
  throw noFolder(missed, folders);
};

const noFolder = (asked: string, folders: readonly SourceFolder[]): Fault =>
  new Fault('path-missing', `no mail folder of the snapshot matches “${asked}”`, {
    hint: `There are: ${folders
      .slice(0, 20)
      .map(({ name }) => name)
      .join(', ')}`,
  });

const nothingFound = (): Fault =>
  new Fault('path-missing', 'no message in the snapshot matches what was asked for', {
    hint: '`mailkeep find` shows messages, `mailkeep ls -l` the names of mail folders.',
  });

/** Adds the mail of a snapshot to an account of the configuration. */
export const restoreToAccount = async (
  repository: Repository,
  { reference, account, options }: AccountRestoreRequest,
  context: CommandContext,
): Promise<number> => {
  const wishes = wishesOf(options);
  const { run, faults } = countedRun(context, 'lines');
  const target = await openTarget(account, context);
  try {
    const { file, folder: below } = await namedSnapshot(repository, reference, filterOf(options, context), run);
    await repository.findMissingPacks(run);
    const snapshot = await createSnapshotOpener(repository)(file.id, run);
    const newHash = () => createHash('sha256');
    const query = selectionOf(options).search?.query;
    const search = query === undefined ? {} : { matches: compileSearch(query) };
    const all = await outgoingFolders(snapshot, { below, newHash, ...search }, run);
    const chosen = wantedFolders(all, options.folder);
    const unheard = unheardWish(
      all.map(({ name }) => name),
      wishes,
    );
    if (unheard !== undefined) throw noFolder(unheard, all);
    // A restore that found nothing must not look like one of which everything is there already.
    const refuseNothing = (plans: readonly FolderPlan[]): void => {
      if (plans.length === 0 && query !== undefined && faults() === 0) throw nothingFound();
    };
    const report = await restoreAccount(
      {
        snapshot,
        target,
        newHash,
        wishes,
        folders: chosen,
        byMessageId: options.sameMessageId,
        onlyFound: query !== undefined,
        verify: options.verify && !options.dryRun,
        confirm: options.dryRun
          ? undefined
          : (plans) => {
              refuseNothing(plans);
              return mayAdd(plans, { account, yes: options.yes }, context);
            },
      },
      run,
    );
    if (report.outcome === 'planned') {
      refuseNothing(report.plans);
      printPlan(report.plans, account, context);
    }
    printReport(report, { account, id: file.id }, context);
    // What could not be read on the way was told, and is missing in plan and report.
    return faults() > 0 ? exitCode.incomplete : codeOf(report);
  } finally {
    await target.close();
  }
};

const codeOf = ({ outcome, plans, tally, left, verified }: AccountRestoreReport): number => {
  const isWhole =
    outcome !== 'declined' &&
    plans.every(({ refused }) => refused === undefined) &&
    tally.failed === 0 &&
    left === 0 &&
    verified.every(({ missing }) => missing === 0);
  return isWhole ? exitCode.good : exitCode.incomplete;
};

const sumOf = (plans: readonly FolderPlan[], field: 'add' | 'bytes' | 'present'): number =>
  plans.reduce((sum, plan) => sum + (plan.refused === undefined ? plan[field] : 0), 0);

const planRecord = ({ to, ...plan }: FolderPlan) => ({ ...plan, to: to === undefined ? undefined : mailboxText(to) });

const printPlan = (plans: readonly FolderPlan[], account: string, context: CommandContext): void => {
  const { output, messages, options } = context;
  output.update(undefined);
  if (options.json) {
    output.print(
      JSON.stringify({ message_type: 'plan', target: `imap:${account}`, folders: plans.map((one) => planRecord(one)) }),
    );
    return;
  }
  output.print(messages.accountPlan(account));
  for (const { from, to, refused, create, add, bytes, present } of plans) {
    const name = from.join(', ');
    if (to === undefined) output.print(messages.accountPlanRefused(name, add, refused ?? ''));
    else {
      const line = { from: name, to: mailboxText(to), create, add, bytes: formatBytes(bytes), present };
      output.print(messages.accountPlanFolder(line));
    }
  }
};

const mayAdd = async (
  plans: readonly FolderPlan[],
  { account, yes }: { readonly account: string; readonly yes: boolean },
  context: CommandContext,
): Promise<boolean> => {
  printPlan(plans, account, context);
  const add = sumOf(plans, 'add');
  if (yes || (add === 0 && !plans.some(({ create }) => create))) return true;
  if (isAttended(context)) return confirm(context.messages.askAccount(add, account), context);
  throw new Fault('usage', 'this adds mail to an account, and there is nobody to ask', {
    hint: 'Say --yes, or --dry-run to see what would be added.',
  });
};

const printReport = (
  { outcome, plans, tally, left, verified }: AccountRestoreReport,
  { account, id }: { readonly account: string; readonly id: string },
  { output, messages, options }: CommandContext,
): void => {
  output.update(undefined);
  const { added, bytes, failed, flagsLeft } = tally;
  const present = sumOf(plans, 'present');
  if (options.json) {
    const counts = { added, bytes, present, failed, left, flags_left: Object.fromEntries(flagsLeft) };
    const checks = verified.map(({ folder, ...check }) => ({ folder: mailboxText(folder), ...check }));
    const subject = { message_type: 'summary', snapshot_id: id, target: `imap:${account}`, outcome };
    output.print(JSON.stringify({ ...subject, ...counts, verified: checks }));
    return;
  }
  if (outcome === 'planned') output.print(messages.planOnly());
  if (outcome === 'declined') output.print(messages.declined());
  if (outcome !== 'restored') return;
  output.print(messages.accountRestored(added, formatBytes(bytes), present));
  for (const [flag, count] of flagsLeft) output.print(messages.flagNotKept(flag, count));
  if (failed > 0) output.print(messages.mailNotAdded(failed));
  if (left > 0) output.print(messages.accountNotTried(left));
  for (const { folder, expected, missing } of verified) {
    output.print(messages.accountVerified(mailboxText(folder), expected, missing));
  }
};
