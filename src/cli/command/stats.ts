import { Option } from 'commander';
import { formatBytes } from '../../model/size.ts';
import { selectSnapshots } from '../../model/snapshot-selection.ts';
import { countStatistics, type Statistics, type StatisticsMode } from '../../store/restic/read/statistics.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { readRepository } from '../read-repository.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface StatsOptions extends GlobalOptions, FilterOptions {
  readonly mode: StatisticsMode;
}

export const statsCommand: DefineCommand = (execute) =>
  addFilterOptions(newCommand('stats', 'count files, bytes and blobs'))
    .argument('[ids...]', 'only these snapshots: beginnings of ids, latest, latest~1')
    .addOption(
      new Option('--mode <mode>', 'what to count')
        .choices(['restore-size', 'files-by-contents', 'raw-data', 'blobs-per-file'])
        .default('restore-size'),
    )
    .addHelpText(
      'after',
      examples([
        'mailkeep stats latest                     what a restore of the newest snapshot takes',
        'mailkeep stats --mode raw-data            what all snapshots take in the repository',
        'mailkeep stats --mode files-by-contents   every content counted once',
      ]),
    )
    .action((ids: readonly string[], options: StatsOptions) =>
      execute(options, (context) => printStatistics(ids, options, context)),
    );

const printStatistics = (ids: readonly string[], options: StatsOptions, context: CommandContext): Promise<number> =>
  readRepository(context, async (repository, run) => {
    const snapshots = selectSnapshots(await repository.snapshots(run), ids, filterOf(options, context));
    const { table } = await repository.index(run);
    const parts = { trees: await repository.trees(run), table, version: repository.session.config.version };
    const roots = snapshots.map(({ tree }) => Uint8Array.from(Buffer.from(tree, 'hex')));
    const statistics = await countStatistics(options.mode, parts, roots, run);
    const { output, messages } = context;
    if (options.json) output.print(statisticsJson(statistics, snapshots.length));
    else for (const line of statisticsLines(statistics, snapshots.length, messages)) output.print(line);
  });

interface Compression {
  readonly ratio: number;
  readonly progress: number;
  readonly saving: number;
}

const compressionOf = ({ compressedBlobs, uncompressedSize, totalSize }: Statistics): Compression => {
  const { before, after } = compressedBlobs;
  return {
    ratio: after > 0 ? before / after : 0,
    progress: uncompressedSize > 0 ? (before / uncompressedSize) * 100 : 0,
    saving: uncompressedSize > 0 ? (1 - totalSize / uncompressedSize) * 100 : 0,
  };
};

/** Members as restic's; 0 is left out where restic leaves it out. */
const statisticsJson = (statistics: Statistics, snapshots: number): string => {
  const { totalSize, totalFiles, totalBlobs, uncompressedSize } = statistics;
  const { ratio, progress, saving } = compressionOf(statistics);
  return JSON.stringify({
    total_size: totalSize,
    total_uncompressed_size: uncompressedSize || undefined,
    compression_ratio: ratio || undefined,
    compression_progress: progress || undefined,
    compression_space_saving: saving || undefined,
    total_file_count: totalFiles || undefined,
    total_blob_count: totalBlobs || undefined,
    snapshots_count: snapshots,
  });
};

const statisticsLines = (
  statistics: Statistics,
  snapshots: number,
  messages: CommandContext['messages'],
): readonly string[] => {
  const { totalSize, totalFiles, totalBlobs, uncompressedSize } = statistics;
  const { ratio, progress, saving } = compressionOf(statistics);
  const labels = messages.statisticsLabels();
  const count = (value: number): string => value.toLocaleString('en');
  return [
    `${labels.snapshots}${count(snapshots)}`,
    ...(totalFiles > 0 ? [`${labels.files}${count(totalFiles)}`] : []),
    ...(totalBlobs > 0 ? [`${labels.blobs}${count(totalBlobs)}`] : []),
    `${labels.size}${formatBytes(totalSize)}`,
    ...(uncompressedSize > 0
      ? [
          `${labels.uncompressed}${formatBytes(uncompressedSize)}`,
          `${labels.compression}${messages.compressionShares(ratio.toFixed(2), progress.toFixed(1), saving.toFixed(1))}`,
        ]
      : []),
  ];
};
