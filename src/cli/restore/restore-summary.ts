import { addCounts } from '../../model/entry.ts';
import { formatDuration } from '../../model/size.ts';
import type { RestoreReport } from '../../operation/restore.ts';
import type { CommandContext } from '../context.ts';
import { amountOf } from './restore-plan.ts';

export interface FinishedRestore extends RestoreReport {
  readonly snapshotId: string;
  readonly target: string;
  readonly milliseconds: number;
}

/** Whether all that was asked for is there as it should be. */
export const isComplete = ({ report, verification, plan }: RestoreReport): boolean =>
  (report?.failed ?? plan.refusals.length) === 0 && (verification?.differences ?? 0) === 0;

/** The last line of `--json`: restic's members, and ours behind them. */
const summaryRecord = (finished: FinishedRestore): Record<string, unknown> => {
  const { plan, report, verification, outcome } = finished;
  const total = addCounts(addCounts(plan.create, plan.overwrite), plan.leave);
  return {
    message_type: 'summary',
    seconds_elapsed: Math.floor(finished.milliseconds / 1000),
    total_files: total.files,
    files_restored: report?.written.files ?? 0,
    files_skipped: report?.left.files ?? 0,
    total_bytes: total.bytes,
    bytes_restored: report?.written.bytes ?? 0,
    bytes_skipped: report?.left.bytes ?? 0,
    snapshot_id: finished.snapshotId,
    target: finished.target,
    dry_run: outcome === 'planned' || undefined,
    dirs_restored: report?.written.directories ?? 0,
    entries_failed: report?.failed ?? plan.refusals.length,
    not_restored: Object.fromEntries(report?.notRestored ?? []),
    differences: verification?.differences,
    complete: isComplete(finished),
  };
};

export const printRestore = (finished: FinishedRestore, context: CommandContext): void => {
  const { output, messages, options } = context;
  const { outcome, report, verification } = finished;
  output.update(undefined);
  if (options.json) {
    output.print(JSON.stringify(summaryRecord(finished)));
    return;
  }
  if (report === undefined) {
    output.print(outcome === 'planned' ? messages.planOnly() : messages.declined());
    return;
  }
  output.print(messages.restored(amountOf(report.written), formatDuration(finished.milliseconds)));
  if (report.left.files + report.left.directories > 0) output.print(messages.leftAsIs(amountOf(report.left)));
  for (const [kind, count] of report.notRestored) output.print(messages.notRestoredHere(kind, count));
  if (report.failed > 0) output.print(messages.restoreFailed(report.failed));
  if (verification === undefined) return;
  const { differences } = verification;
  output.print(differences === 0 ? messages.verified() : messages.verifiedWrong(differences));
};
