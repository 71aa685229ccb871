import { displayText } from '../../model/byte-string.ts';
import { formatBytes } from '../../model/size.ts';
import type { Run } from '../../contract/run.ts';
import { goJsonTextOfBytes } from '../../store/restic/format/go-quote.ts';
import {
  type ChangeCounts,
  type DiffStatistics,
  diffTrees,
  type TreeChange,
} from '../../store/restic/read/tree-diff.ts';
import { lookUpTree } from '../../store/restic/read/tree-listing.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { createLineWriter } from '../line-writer.ts';
import { readRepository } from '../read-repository.ts';
import { namedSnapshot } from '../snapshot-options.ts';

interface DiffOptions extends GlobalOptions {
  readonly metadata: boolean;
}

export const diffCommand: DefineCommand = (execute) =>
  newCommand('diff', 'show what differs between two snapshots')
    .argument('<from[:folder]>', 'the earlier snapshot: beginning of an id, latest~1')
    .argument('<to[:folder]>', 'the later one')
    .option('--metadata', 'changes of mode, owner and times, too', false)
    .addHelpText(
      'after',
      `
Each line begins with what became of a file or folder:
  +  it is new    -  it is gone    M  its content changed    T  it became something else (a link, a folder)
  U  with --metadata: mode, owner, times or attributes changed
  M? its content changed and nothing else, as a failing disk does it
`,
    )
    .addHelpText(
      'after',
      examples([
        'mailkeep diff latest~1 latest             what the newest snapshot brought',
        'mailkeep diff 1a2b3c4d:/home/alice latest:/home/alice --metadata',
        'mailkeep diff latest~7 latest --json | jq .path',
      ]),
    )
    .action((from: string, to: string, options: DiffOptions) =>
      execute(options, (context) => diffSnapshots([from, to], options, context)),
    );

const treeOf = async (
  repository: Repository,
  reference: string,
  run: Run,
): Promise<{ id: string; tree: Uint8Array }> => {
  const { file, folder } = await namedSnapshot(repository, reference, undefined, run);
  const root = Uint8Array.from(Buffer.from(file.tree, 'hex'));
  return { id: file.id.slice(0, 8), tree: await lookUpTree(await repository.trees(run), root, folder, run) };
};

const diffSnapshots = (
  [from, to]: readonly [string, string],
  options: DiffOptions,
  context: CommandContext,
): Promise<number> =>
  readRepository(context, async (repository, run) => {
    const { output, messages } = context;
    const [before, after] = [await treeOf(repository, from, run), await treeOf(repository, to, run)];
    if (!options.json && !options.quiet) output.say(messages.comparing(before.id, after.id));
    const { table } = await repository.index(run);
    const parts = { trees: await repository.trees(run), table };
    const changes = diffTrees(parts, [before.tree, after.tree], options, run);
    const writer = createLineWriter(output);
    let next = await changes.next();
    for (; next.done !== true; next = await changes.next()) {
      if (options.quiet) continue;
      for (const change of next.value) writer.line(options.json ? changeJson(change) : changeLine(change));
      await writer.drain();
    }
    if (options.json) writer.line(statisticsJson(next.value, from, to));
    else for (const line of statisticsLines(next.value, messages)) writer.line(line);
    await writer.end();
  });

const changeLine = ({ path, modifier }: TreeChange): string => `${modifier.padEnd(5)}${displayText(path)}`;

const changeJson = ({ path, modifier }: TreeChange): string =>
  `{"message_type":"change","path":"${goJsonTextOfBytes(path)}","modifier":"${modifier}"}`;

const countsRecord = (counts: ChangeCounts): Record<string, number> => ({
  files: counts.files,
  dirs: counts.directories,
  others: counts.others,
  data_blobs: counts.dataBlobs,
  tree_blobs: counts.treeBlobs,
  bytes: counts.bytes,
});

const statisticsJson = ({ changedFiles, added, removed }: DiffStatistics, from: string, to: string): string =>
  JSON.stringify({
    message_type: 'statistics',
    source_snapshot: from,
    target_snapshot: to,
    changed_files: changedFiles,
    added: countsRecord(added),
    removed: countsRecord(removed),
  });

const statisticsLines = (
  { changedFiles, added, removed }: DiffStatistics,
  messages: CommandContext['messages'],
): readonly string[] => [
  '',
  messages.filesDiffer(added.files, removed.files, changedFiles),
  messages.foldersDiffer(added.directories, removed.directories),
  messages.othersDiffer(added.others, removed.others),
  messages.blobsDiffer(added.dataBlobs + added.treeBlobs, removed.dataBlobs + removed.treeBlobs),
  messages.bytesDiffer(formatBytes(added.bytes), formatBytes(removed.bytes)),
];
