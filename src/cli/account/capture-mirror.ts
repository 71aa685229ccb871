import { byteStringOfText } from '../../model/byte-string.ts';
import { type BrakeReason, brakeReasons } from '../../model/damage-brake.ts';
import { Fault } from '../../model/fault.ts';
import { usualParentGroup } from '../../model/parent.ts';
import { brakedTag, incompleteTag } from '../../model/snapshot.ts';
import { lastGoodOf } from '../../operation/account-status.ts';
import { backup } from '../../operation/backup.ts';
import type { AccountCapture } from '../../operation/capture-account.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { type AccountCaptureSettings, updateMirror } from '../../registry.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { ledgerTotals } from '../../operation/night/job-record.ts';
import { filesSource } from '../backup/backup-source.ts';
import type { CommandContext } from '../context.ts';
import { countedRun } from '../counted-run.ts';
import { accountDescription } from './account-description.ts';

export interface CaptureMirrorOptions {
  readonly settings: AccountCaptureSettings;
  readonly confirmed: boolean;
}

/** Brings the mirror of an account up to date, and makes a snapshot of it. */
export const captureMirror = async (
  account: ImapAccount & { readonly store: { readonly kind: 'mirror'; readonly folder: string } },
  repository: Repository,
  { settings, confirmed }: CaptureMirrorOptions,
  context: CommandContext,
): Promise<AccountCapture> => {
  const { run, options, environment } = context;
  const described = accountDescription(account, context);
  const isFirst = lastGoodOf(await repository.snapshots(run), described, run.now()) === undefined;
  let reasons: readonly BrakeReason[] = [];
  const judge: Parameters<typeof updateMirror>[1]['judge'] = (changes) => {
    reasons = brakeReasons({ changes, isFirst }, account.brake);
    return confirmed ? [] : reasons;
  };
  const counted = countedRun(context, 'lines');
  const report = await updateMirror(account, { ...settings, directory: account.store.folder, judge }, counted.run);
  // A folder or message that the server would not give: the mirror has what it had, which does not make it complete.
  const unread = counted.faults() + ledgerTotals(report.ledger).unexplained;
  const isBraked = !confirmed && reasons.length > 0;
  const tags = [...(isBraked ? [brakedTag] : []), ...(unread > 0 ? [incompleteTag] : [])];
  const description = { ...described, tags };
  const openSource = await filesSource(
    {
      paths: [byteStringOfText(account.store.folder)],
      filters: [],
      ownFolders: [repository.description, options.cacheDir ?? environment.cacheDirectory],
      options: {
        oneFileSystem: false,
        withAtime: false,
        // Whether an account may be empty is what the brake has judged.
        allowEmpty: true,
        rescan: settings.rescan,
        force: false,
        keepCaches: false,
        scan: true,
      },
      description,
    },
    run,
  );
  const parent = { kind: 'newest', group: usualParentGroup } as const;
  const result = await backup(
    openSource,
    repository,
    // The mail has come over a network just now: what is gained by more threads is little beside that.
    { description, parent, dryRun: false, skipIfUnchanged: false, reportEntries: false, frugal: true },
    run,
  );
  if (result.snapshot === undefined) throw new Fault('internal', 'the store made no snapshot of a mirror');
  return {
    snapshot: result.snapshot,
    result: { ...result, unreadable: result.unreadable + counted.faults() },
    report: { changes: report.changes, ledger: report.ledger, fetched: report.fetched, isPartial: false },
    brake: confirmed ? [] : reasons,
    confirmed: confirmed ? reasons : [],
  };
};
