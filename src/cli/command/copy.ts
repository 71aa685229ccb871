import { formatBytes } from '../../model/size.ts';
import { selectSnapshots } from '../../model/snapshot-selection.ts';
import { copySnapshots, type CopyResult } from '../../store/restic/copy/copy-snapshots.ts';
import { copyHolds } from '../../store/restic/holds/copy-holds.ts';
import { isNote } from '../../model/snapshot.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { addFromOptions, withFromRepository, type FromOptions } from '../copy/from-repository.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface Options extends GlobalOptions, FilterOptions, FromOptions {}

export const copyCommand: DefineCommand = (execute) =>
  addFromOptions(addFilterOptions(newCommand('copy', 'copy snapshots from another repository into this one')))
    .argument('[ids...]', 'only these snapshots of the other: beginnings of ids, latest, latest~1')
    .addHelpText(
      'after',
      examples([
        'mailkeep -r /mnt/usb/backup copy --from-repo /srv/backup',
        'mailkeep -r /mnt/usb/backup copy --from-repo /srv/backup --from-password-file /root/.pw latest',
      ]),
    )
    .action((ids: readonly string[], options: Options) =>
      execute(options, (context) =>
        withFromRepository(context, options, (source) =>
          withRepository(context, (target) => copy(source, target, { ids, options }, context)),
        ),
      ),
    );

const copy = async (
  source: Repository,
  target: Repository,
  { ids, options }: { readonly ids: readonly string[]; readonly options: Options },
  context: CommandContext,
): Promise<number> => {
  const { output, messages, run } = context;
  const all = (await source.snapshots(run)).filter((snapshot) => !isNote(snapshot));
  const result = await copySnapshots(source, target, selectSnapshots(all, ids, filterOf(options, context)), run);
  const holds = await copyHolds(source, target, run);
  if (options.json) output.print(copyJson(result, holds));
  else {
    for (const { from, copy: made, there } of result.snapshots) {
      output.print(messages.snapshotCopied(from.slice(0, 8), made?.slice(0, 8), there?.slice(0, 8) ?? ''));
    }
    const made = result.snapshots.filter((snapshot) => snapshot.copy !== undefined).length;
    output.print(messages.copyDone(made, result.blobs, formatBytes(result.bytes)));
    if (holds > 0) output.print(messages.holdsCarried(holds));
  }
  return exitCode.good;
};

const copyJson = ({ snapshots, blobs, bytes }: CopyResult, holds: number): string =>
  JSON.stringify({
    message_type: 'summary',
    snapshots_copied: snapshots.filter(({ copy: made }) => made !== undefined).length,
    snapshots_skipped: snapshots.filter(({ copy: made }) => made === undefined).length,
    blobs_copied: blobs,
    bytes_written: bytes,
    hold_notes_copied: holds,
    snapshots: snapshots.map(({ from, copy: made, there }) => ({
      source: from,
      copy: made ?? there,
      new: made !== undefined,
    })),
  });
