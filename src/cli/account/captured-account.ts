import { uidText } from '../../mail/direct/ledger.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import { formatBytes } from '../../model/size.ts';
import { brakedTag } from '../../model/snapshot.ts';
import type { AccountCapture } from '../../operation/capture-account.ts';
import { type JobOutcome, ledgerTotals } from '../../operation/night/job-record.ts';
import type { CommandContext } from '../context.ts';
import { brakeText } from './brake-text.ts';

/** What became of one account in a run. */
export interface CapturedAccount {
  readonly name: string;
  readonly host: string;
  readonly outcome: JobOutcome;
}

/** Whether a person has to look: something failed, is unexplained, or the brake holds. */
export const needsPerson = ({ outcome }: CapturedAccount): boolean => {
  if (outcome.kind === 'failed') return true;
  const { capture } = outcome;
  const isBraked = capture.snapshot.tags.includes(brakedTag);
  return isBraked || capture.result.unreadable > 0 || ledgerTotals(capture.report.ledger).unexplained > 0;
};

export const capturedRecord = ({ name, host, outcome }: CapturedAccount): Record<string, unknown> => {
  const common = { message_type: 'account', account: name, host };
  if (outcome.kind === 'failed') {
    const { code, message, hint } = outcome.fault;
    return { ...common, outcome: 'failed', fault: code, message, hint };
  }
  const { snapshot, result, report, brake, confirmed } = outcome.capture;
  const { onSource, inSnapshot, explained, unexplained } = ledgerTotals(report.ledger);
  return {
    ...common,
    outcome: 'captured',
    snapshot_id: snapshot.id,
    messages_fetched: report.fetched.messages,
    bytes_fetched: report.fetched.bytes,
    messages_gone: report.changes.reduce((sum, { gone }) => sum + gone, 0),
    messages_on_server: onSource,
    messages_in_snapshot: inSnapshot,
    differences_explained: explained,
    differences_unexplained: unexplained,
    entries_unreadable: result.unreadable,
    complete: result.unreadable === 0,
    braked: snapshot.tags.includes(brakedTag),
    brake,
    confirmed,
    data_added: result.summary.dataAdded,
    data_added_packed: result.summary.dataAddedPacked,
  };
};

const shownDifferences = 20;

const ledgerLines = (capture: AccountCapture, { messages }: CommandContext): readonly string[] => {
  const { onSource, inSnapshot, explained, unexplained } = ledgerTotals(capture.report.ledger);
  const { folders } = capture.report.ledger;
  if (explained + unexplained === 0) return [messages.accountComplete(onSource, inSnapshot, folders.length)];
  const all = folders.flatMap(({ name, differences }) =>
    differences.map((one) => messages.accountFolderDiffers(mailboxText(name), uidText(one), one.reason)),
  );
  return [
    messages.accountDifferent(onSource, inSnapshot, explained, unexplained),
    ...all.slice(0, shownDifferences),
    ...(all.length > shownDifferences ? [messages.accountMoreDifferences(all.length - shownDifferences)] : []),
  ];
};

const brakeLines = (name: string, capture: AccountCapture, { messages }: CommandContext): readonly string[] => {
  const lines = (reasons: AccountCapture['brake']): readonly string[] =>
    reasons.map((reason) => messages.brakeReason(brakeText(reason, messages)));
  if (capture.confirmed.length > 0) return [messages.brakeConfirmed(), ...lines(capture.confirmed)];
  if (!capture.snapshot.tags.includes(brakedTag)) return [];
  return [messages.brakeHolds(), ...lines(capture.brake), messages.brakeConfirm(name)];
};

/** What a person reads of one account. */
export const capturedLines = ({ name, host, outcome }: CapturedAccount, context: CommandContext): readonly string[] => {
  const { messages } = context;
  if (outcome.kind === 'failed') {
    const { message, hint } = outcome.fault;
    return [messages.accountFailed(name, message), ...(hint === undefined ? [] : [`  ${messages.hint(hint)}`])];
  }
  const { capture } = outcome;
  const { changes, fetched } = capture.report;
  const gone = changes.reduce((sum, change) => sum + change.gone, 0);
  const changed = changes.reduce((sum, change) => sum + change.changedBodies, 0);
  return [
    messages.accountHeading(name, host),
    messages.accountFetched(fetched.messages, formatBytes(fetched.bytes)),
    ...(gone + changed === 0 ? [] : [messages.accountChanges(gone, changed)]),
    ...ledgerLines(capture, context),
    ...(capture.result.unreadable === 0 ? [] : [`  ${messages.unreadable(capture.result.unreadable)}`]),
    ...brakeLines(name, capture, context),
    messages.accountSnapshot(capture.snapshot.id.slice(0, 8)),
  ];
};
