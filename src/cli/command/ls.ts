import { Option } from 'commander';
import { type ByteString, byteStringOfLatin1, compareBytes, displayText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { Run } from '../../contract/run.ts';
import type { StoredSnapshot } from '../../contract/store.ts';
import { folderAt } from '../../operation/lens/folder-source.ts';
import { createMailboxNames } from '../../operation/mailbox-names.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { type ListedNode, listNodes, lookUpTree } from '../../store/restic/read/tree-listing.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { createLineWriter, type LineWriter } from '../line-writer.ts';
import {
  addStoredOption,
  listPresented,
  openPresented,
  type Present,
  presenter,
  type StoredOptions,
} from '../present-mail.ts';
import { readRepository } from '../read-repository.ts';
import { localTime } from '../render/local-time.ts';
import { listedJson, nodeLine } from '../render/node.ts';
import { snapshotJson } from '../render/snapshot-json.ts';
import { addFilterOptions, filterOf, type FilterOptions, namedSnapshot, pathOfText } from '../snapshot-options.ts';

type SortField = 'name' | 'size' | 'time' | 'mtime' | 'atime' | 'ctime' | 'extension';

interface LsOptions extends GlobalOptions, FilterOptions, StoredOptions {
  readonly long: boolean;
  readonly recursive: boolean;
  readonly humanReadable: boolean;
  readonly sort: SortField;
  readonly reverse: boolean;
}

export const lsCommand: DefineCommand = (execute) =>
  addStoredOption(addFilterOptions(newCommand('ls', 'list what is in a snapshot')))
    .argument('<snapshot[:folder]>', 'beginning of an id, latest or latest~1; of a folder in it')
    .argument('[folders...]', 'only what is in these, from the root of the snapshot: /home/alice')
    .option('-l, --long', 'with mode, owner, size and time, and the names of mail folders', false)
    .option('--recursive', 'with folders given: all below them', false)
    .option('--human-readable', 'sizes as 1.2 MiB', false)
    .addOption(
      new Option('-s, --sort <field>', 'sort by')
        .choices(['name', 'size', 'time', 'mtime', 'atime', 'ctime', 'extension'])
        .default('name'),
    )
    .option('--reverse', 'sort the other way round', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep ls latest                        everything in the newest snapshot',
        'mailkeep ls -l latest /home/alice/Maildir one folder, with names of mail folders',
        'mailkeep ls latest~1:/home/alice          of the one before, from a folder on',
        'mailkeep ls --json 1a2b3c4d --sort size --reverse',
      ]),
    )
    .action((reference: string, folders: readonly string[], options: LsOptions) =>
      execute(options, (context) => listSnapshot(reference, { folders, options }, context)),
    );

interface Request {
  readonly folders: readonly string[];
  readonly options: LsOptions;
}

const joined = (path: Path): ByteString => byteStringOfLatin1(`/${path.join('/')}`);

/** Whether `path` is `folder` or lies below. */
const isBelow = (path: ByteString, folder: ByteString): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

const foldersOf = (folders: readonly string[]): readonly ByteString[] =>
  folders.map((folder) => {
    if (folder.startsWith('/')) return joined(pathOfText(folder));
    throw new Fault('usage', `“${folder}” does not begin at the root of the snapshot`, {
      hint: `Write /${folder}, or see with \`mailkeep ls SNAPSHOT\` where it lies.`,
    });
  });

const listSnapshot = (reference: string, request: Request, context: CommandContext): Promise<number> =>
  readRepository(context, async (repository, run) => {
    const { options } = request;
    const folders = foldersOf(request.folders);
    const { file, folder } = await namedSnapshot(repository, reference, filterOf(options, context), run);
    const present = presenter(repository, options, context);
    const { tree, list } = await startOf(repository, { file, folder, present }, run);
    const writer = createLineWriter(context.output);
    introduce({ ...file, tree: Buffer.from(tree).toString('hex') }, context, writer);
    const source = await openPresented(repository, { id: file.id, folder, present }, run);
    const print = printerOf(source, options, writer, run);
    const seen = await listFolders(list, { folders, options, print, writer });
    await writer.end();
    for (const one of folders) if (!seen.has(one)) run.emit({ kind: 'fault', path: one, fault: notThere() });
  });

type List = (enter: (listed: ListedNode) => boolean) => AsyncIterable<readonly ListedNode[]>;

/** The tree that is listed, presented or as it is stored. */
const startOf = async (
  repository: Repository,
  { file, folder, present }: { readonly file: SnapshotFile; readonly folder: Path; readonly present: Present },
  run: Run,
): Promise<{ readonly tree: Uint8Array; readonly list: List }> => {
  const root = Uint8Array.from(Buffer.from(file.tree, 'hex'));
  const prefix = byteStringOfLatin1('');
  const presented = await present(file.id, run);
  if (presented !== undefined) {
    const start = await folderAt(presented.root, folder, run);
    if (start === undefined) throw notThere();
    return { tree: root, list: (enter) => listPresented(start.folder, { prefix, enter }, run) };
  }
  const trees = await repository.trees(run);
  const tree = await lookUpTree(trees, root, folder, run);
  return { tree, list: (enter) => listNodes({ trees, tree, prefix }, enter, run) };
};

/** Which snapshot is listed: for programs the first line of the result, for people beside it. */
const introduce = (file: SnapshotFile, { options, output, messages }: CommandContext, writer: LineWriter): void => {
  if (options.json) {
    writer.line(snapshotJson(file, ',"message_type":"snapshot","struct_type":"snapshot"'));
    return;
  }
  if (options.quiet) return;
  const paths = file.paths.map(displayText).join(', ');
  const time = localTime(file.time.nanoseconds);
  output.say(messages.listingOf(file.id.slice(0, 8), time, terminalLine(file.hostname), paths));
};

interface Listing {
  /** Empty: everything. */
  readonly folders: readonly ByteString[];
  readonly options: LsOptions;
  readonly print: (listed: ListedNode) => Promise<void>;
  readonly writer: LineWriter;
}

/** Prints what is in the folders; returns which of them there are. */
const listFolders = async (
  list: List,
  { folders, options, print, writer }: Listing,
): Promise<ReadonlySet<ByteString>> => {
  const seen = new Set<ByteString>([byteStringOfLatin1('/')]);
  const waiting: ListedNode[] = [];
  const enter = ({ path }: ListedNode): boolean =>
    folders.length === 0 || folders.some((one) => isBelow(one, path) || (options.recursive && isBelow(path, one)));
  const isSorted = options.sort !== 'name' || options.reverse;
  for await (const page of list(enter)) {
    for (const listed of page) {
      if (folders.includes(listed.path)) seen.add(listed.path);
      if (folders.length > 0 && !folders.some((one) => isBelow(listed.path, one))) continue;
      if (isSorted) waiting.push(listed);
      else await print(listed);
    }
    await writer.drain();
  }
  for (const listed of sortNodes(waiting, options)) await print(listed);
  return seen;
};

const notThere = (): Fault => new Fault('path-missing', 'this is not in the snapshot');

/** Prints one node; in the long form a mail folder has the name by which people know it behind its path. */
const printerOf = (
  source: StoredSnapshot,
  options: LsOptions,
  writer: LineWriter,
  run: Run,
): ((listed: ListedNode) => Promise<void>) => {
  if (options.json) return async (listed) => writer.line(listedJson(listed));
  if (!options.long) return async (listed) => writer.line(nodeLine(listed, options));
  const mailboxes = createMailboxNames(source);
  return async (listed) => {
    const line = nodeLine(listed, options);
    const isFolder = listed.node.subtree !== undefined;
    const name = isFolder ? await mailboxes.nameOf(pathOf(listed.path), run) : undefined;
    writer.line(name === undefined ? line : `${line}  [${terminalLine(name)}]`);
  };
};

const pathOf = (path: ByteString): Path => path.slice(1).split('/').map(byteStringOfLatin1);

const extensionOf = (path: ByteString): ByteString => byteStringOfLatin1(/\.[^./]*$/.exec(path)?.[0] ?? '');

const sortNodes = (nodes: ListedNode[], { sort, reverse }: LsOptions): readonly ListedNode[] => {
  const byPath = (left: ListedNode, right: ListedNode): number => compareBytes(left.path, right.path);
  const byTime =
    (field: 'mtime' | 'atime' | 'ctime') =>
    (left: ListedNode, right: ListedNode): number => {
      const [ours, theirs] = [left.node.entry[field], right.node.entry[field]];
      return ours < theirs ? -1 : ours > theirs ? 1 : 0;
    };
  const orders: Readonly<Record<SortField, (left: ListedNode, right: ListedNode) => number>> = {
    // As they come: the order of the trees.
    name: () => 0,
    size: (left, right) => left.node.entry.size - right.node.entry.size,
    time: byTime('mtime'),
    mtime: byTime('mtime'),
    atime: byTime('atime'),
    ctime: byTime('ctime'),
    extension: (left, right) => compareBytes(extensionOf(left.path), extensionOf(right.path)),
  };
  if (sort !== 'name') nodes.sort((left, right) => orders[sort](left, right) || byPath(left, right));
  return reverse ? nodes.reverse() : nodes;
};
