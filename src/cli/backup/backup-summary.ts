import type { WriteResult } from '../../contract/store.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import { formatTime } from '../../store/restic/format/time-format.ts';
import type { ZonedTime } from '../../model/snapshot.ts';
import type { CommandContext } from '../context.ts';

export interface FinishedBackup {
  readonly result: WriteResult;
  readonly dryRun: boolean;
}

const rfc3339 = ({ nanoseconds, offsetMinutes }: ZonedTime): string => formatTime(nanoseconds, offsetMinutes);

/** The last line of `--json`: restic's members, and ours behind them. */
const summaryRecord = ({ result, dryRun }: FinishedBackup): Record<string, unknown> => {
  const { summary, snapshot } = result;
  const { backupStart, backupEnd } = summary;
  return {
    message_type: 'summary',
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.directoriesNew,
    dirs_changed: summary.directoriesChanged,
    dirs_unmodified: summary.directoriesUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
    total_duration: Number(backupEnd.nanoseconds - backupStart.nanoseconds) / 1e9,
    backup_start: rfc3339(backupStart),
    backup_end: rfc3339(backupEnd),
    snapshot_id: snapshot?.id,
    dry_run: dryRun || undefined,
    parent: snapshot?.parent,
    files_renamed: result.filesRenamed,
    entries_unreadable: result.unreadable,
    files_changed_while_read: result.changedWhileRead,
    complete: result.unreadable === 0,
  };
};

export const printBackup = (finished: FinishedBackup, context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  if (options.json) output.print(JSON.stringify(summaryRecord(finished)));
  else printText(finished, context);
};

const printText = ({ result, dryRun }: FinishedBackup, { output, messages, options }: CommandContext): void => {
  const { summary, snapshot } = result;
  if (!options.quiet) {
    const { filesNew: fresh, filesChanged: changed } = summary;
    const unmodified = summary.filesUnmodified - result.filesRenamed;
    output.print(messages.filesKept({ fresh, changed, renamed: result.filesRenamed, unmodified }));
    output.print(
      messages.directoriesKept({
        fresh: summary.directoriesNew,
        changed: summary.directoriesChanged,
        unmodified: summary.directoriesUnmodified,
      }),
    );
    output.print(messages.bytesAdded(formatBytes(summary.dataAdded), formatBytes(summary.dataAddedPacked)));
    const milliseconds = Number(summary.backupEnd.nanoseconds - summary.backupStart.nanoseconds) / 1e6;
    const bytes = formatBytes(summary.totalBytesProcessed);
    output.print(messages.processed(summary.totalFilesProcessed, bytes, formatDuration(milliseconds)));
  }
  if (result.unreadable > 0) output.print(messages.unreadable(result.unreadable));
  if (result.changedWhileRead > 0) output.print(messages.changedWhileRead(result.changedWhileRead));
  if (snapshot === undefined) {
    output.print(dryRun ? messages.dryRunDone() : messages.skippedUnchanged());
    return;
  }
  const id = snapshot.id.slice(0, 8);
  output.print(messages.snapshotSaved(id));
  if (!options.quiet) output.print(messages.howToGetBack(id));
};
