import { type ByteString, byteStringOfLatin1, displayText } from '../model/byte-string.ts';
import type { BrowsableSnapshot, StoredFolder } from '../contract/browse.ts';
import type { Content, Source } from '../contract/source.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import type { Path } from '../model/entry.ts';
import { Fault } from '../model/fault.ts';
import { formatBytes } from '../model/size.ts';
import type { Run } from '../contract/run.ts';
import { formatReadable, readMessage } from '../mail/readable.ts';
import { folderAt } from '../operation/lens/folder-source.ts';
import { findMessages } from '../operation/find-messages.ts';
import { type ListedEntry, readContents, readOne } from '../operation/read-contents.ts';
import { logicalPieces } from '../operation/stored-mail/logical-message.ts';
import type { ArchiveSink } from '../protocol/archive/archive-entry.ts';
import type { TreeNode } from '../store/restic/format/tree-format.ts';
import { listNodes, lookUp, lookUpTree } from '../store/restic/read/tree-listing.ts';
import type { Repository } from '../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from './context.ts';
import { searchOf } from './find-mail.ts';
import { openPresented, presenter } from './present-mail.ts';
import { readRepository } from './read-repository.ts';
import { refuseTerminal } from './refuse-terminal.ts';
import { filterOf, type FilterOptions, namedSnapshot, pathOfText } from './snapshot-options.ts';
import { withTarget } from './write-target.ts';

export interface DumpOptions {
  readonly messageId?: string;
  readonly readable: boolean;
  readonly raw: boolean;
  readonly archive: 'tar' | 'zip';
  readonly target?: string;
  readonly stored: boolean;
}

export interface DumpRequest {
  readonly reference: string;
  readonly path: string | undefined;
  readonly options: GlobalOptions & FilterOptions & DumpOptions;
}

/** What is dumped, and where it goes. */
interface Dumping {
  readonly source: Source;
  readonly options: GlobalOptions & DumpOptions;
  readonly context: CommandContext;
  readonly sink: ArchiveSink;
  /** Whether a person is looking at the result. */
  readonly seen: boolean;
}

const checkRequest = ({ path, options }: DumpRequest): void => {
  if ((path === undefined) === (options.messageId === undefined)) {
    throw new Fault('usage', 'either a path or --message-id says what to dump', {
      hint: 'For everything in the snapshot give the path /.',
    });
  }
  if (options.raw && options.readable) throw new Fault('usage', 'a message is dumped either raw or readable');
};

export const dump = (request: DumpRequest, context: CommandContext): Promise<number> => {
  checkRequest(request);
  const { reference, path, options } = request;
  return readRepository(context, async (repository, run) => {
    const { file, folder } = await namedSnapshot(repository, reference, filterOf(options, context), run);
    const present = presenter(repository, options, context);
    const presented = await present(file.id, run);
    const whole = await openPresented(repository, { id: file.id, folder: [], present }, run);
    const source: Source = whole;
    const seen = options.target === undefined && context.output.resultTerminal;
    await withTarget(options.target, context.output, async (sink) => {
      const dumping = { source, options, context, sink, seen };
      if (options.messageId !== undefined) {
        const message = await messageWith(options.messageId, { snapshot: whole, folder }, run);
        await dumpFile(message, true, dumping, run);
        return;
      }
      if (presented !== undefined) {
        await dumpPresented(presented, [...folder, ...pathOfText(path ?? '/')], dumping, run);
        return;
      }
      const root = Uint8Array.from(Buffer.from(file.tree, 'hex'));
      await dumpPath({ repository, root, folder, path: pathOfText(path ?? '/') }, dumping, run);
    });
  });
};

interface Place {
  readonly repository: Repository;
  readonly root: Uint8Array;
  readonly folder: Path;
  readonly path: Path;
}

const dumpPath = async ({ repository, root, folder, path }: Place, dumping: Dumping, run: Run): Promise<void> => {
  const trees = await repository.trees(run);
  const start = await lookUpTree(trees, root, folder, run);
  const { tree, node } = await lookUp(trees, start, path, run);
  const shown = byteStringOfLatin1(path.join('/'));
  if (tree !== undefined) {
    if (dumping.seen) refuseTerminal(dumping.context, 'an archive');
    const prefix = path.length === 0 ? byteStringOfLatin1('') : byteStringOfLatin1(`/${shown}`);
    const nodes = listNodes({ trees, tree, prefix }, () => true, run);
    await dumpFolder(readContents(dumping.source, listedPages(nodes), run), dumping, run);
    return;
  }
  if (node === undefined || node.entry.type !== 'file') {
    const what = node?.entry.linkTarget === undefined ? 'no file' : `a link to ${displayText(node.entry.linkTarget)}`;
    throw new Fault('usage', `/${displayText(shown)} is ${what}`, { hint: 'Only files and folders can be dumped.' });
  }
  const place: string = path.at(-2) ?? '';
  const isMessage = place === 'cur' || place === 'new' || shown.endsWith('.eml');
  await dumpFile({ path: shown, entry: node.entry, content: contentOf(node) }, isMessage, dumping, run);
};

/** From a Maildir that is nowhere stored so. */
const dumpPresented = async ({ root }: BrowsableSnapshot, path: Path, dumping: Dumping, run: Run): Promise<void> => {
  const own = path.at(-1);
  const above = await folderAt(root, path.slice(0, -1), run);
  const child = own === undefined ? undefined : await above?.folder.child(own, run);
  const folder = own === undefined ? root : child?.folder;
  const shown = byteStringOfLatin1(path.join('/'));
  if (folder !== undefined) {
    if (dumping.seen) refuseTerminal(dumping.context, 'an archive');
    const prefix = own === undefined ? shown : byteStringOfLatin1(`${shown}/`);
    await dumpFolder(readContents(dumping.source, presentedPages(folder, prefix, run), run), dumping, run);
    return;
  }
  if (child === undefined) {
    throw new Fault('path-missing', `/${displayText(shown)} is not in the snapshot`, {
      hint: '`mailkeep ls SNAPSHOT` shows what is in it; with --stored, how it lies in the repository.',
    });
  }
  const isMessage = path.at(-2) === 'cur';
  await dumpFile({ path: shown, entry: child.entry, content: child.content }, isMessage, dumping, run);
};

async function* presentedPages(
  folder: StoredFolder,
  prefix: ByteString,
  run: Run,
): AsyncGenerator<readonly ListedEntry[], void> {
  for await (const page of folder.children(run)) {
    for (const { entry, content, folder: below } of page) {
      const path = byteStringOfLatin1(`${prefix}${entry.name}`);
      yield [{ path, entry, content }];
      if (below !== undefined) yield* presentedPages(below, byteStringOfLatin1(`${path}/`), run);
    }
  }
}

const contentOf = (node: TreeNode): Content =>
  node.content === undefined || node.subtree !== undefined
    ? { kind: 'none' }
    : { kind: 'delivered', key: node.content };

async function* listedPages(pages: ReturnType<typeof listNodes>): AsyncGenerator<readonly ListedEntry[], void> {
  for await (const page of pages) {
    yield page.map(({ path, node }) => ({
      path: byteStringOfLatin1(path.slice(1)),
      entry: node.entry,
      content: contentOf(node),
    }));
  }
}

const dumpFolder = async (
  entries: ReturnType<typeof readContents>,
  { options, context, sink }: Dumping,
  run: Run,
): Promise<void> => {
  const { messages } = context;
  if (options.archive === 'tar') {
    const { writeTar } = await import('../protocol/archive/tar.ts');
    const { leftOut } = await writeTar(entries, sink, run);
    if (leftOut > 0) run.emit({ kind: 'notice', message: messages.leftOutOfArchive(leftOut) });
    return;
  }
  const { writeZip } = await import('../protocol/archive/zip.ts');
  const { leftOut, renamed } = await writeZip(entries, sink, run);
  if (leftOut > 0) run.emit({ kind: 'notice', message: messages.leftOutOfArchive(leftOut) });
  if (renamed > 0) run.emit({ kind: 'notice', message: messages.renamedInArchive(renamed) });
};

const messageWith = async (
  id: string,
  { snapshot, folder }: { readonly snapshot: StoredSnapshot; readonly folder: Path },
  run: Run,
): Promise<ListedEntry> => {
  for await (const found of findMessages([snapshot], searchOf({ messageId: id }), run)) {
    if (!folder.every((name, at) => found.path[at] === name)) continue;
    return { path: byteStringOfLatin1(found.path.join('/')), entry: found.entry, content: found.content };
  }
  throw new Fault('path-missing', `no message in ${snapshot.description} has the Message-ID ${id}`, {
    hint: '`mailkeep find --all-snapshots --message-id ID` looks into all snapshots.',
  });
};

/** A message larger than this is only given raw. */
const readableLimit = 256 * 1024 * 1024;

const dumpFile = async (file: ListedEntry, isMessage: boolean, dumping: Dumping, run: Run): Promise<void> => {
  const { source, options, context, sink, seen } = dumping;
  const pieces = (): AsyncIterable<Uint8Array> => {
    const stored = readOne(source, file, run);
    return isMessage && !options.stored ? logicalPieces(stored) : stored;
  };
  const readable = options.readable || (isMessage && !options.raw && (seen || options.json));
  if (!readable) {
    for await (const bytes of pieces()) {
      if (seen && !options.raw && !isText(bytes)) refuseTerminal(context, `/${displayText(file.path)}`);
      await sink(bytes);
    }
    return;
  }
  const message = await readMessage(await wholeOf(pieces()));
  const text = options.json ? messageJson(file.path, message) : formatReadable(message, formatBytes);
  await sink(Buffer.from(text));
};

const wholeOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of pieces) {
    size += bytes.length;
    if (size > readableLimit) {
      throw new Fault('unsupported', 'the message is too large to be shown', { hint: 'Take it raw: --raw > FILE.' });
    }
    kept.push(bytes);
  }
  return Buffer.concat(kept);
};

const messageJson = (path: ByteString, { header, text, attachments, shortened }: Readable): string =>
  `${JSON.stringify({
    path: `/${displayText(path)}`,
    from: header.from,
    to: header.to,
    cc: header.cc,
    date: header.date === undefined ? undefined : new Date(Number(header.date.nanoseconds / 1_000_000n)).toISOString(),
    subject: header.subject,
    message_id: header.messageId,
    text,
    attachments,
    shortened,
  })}\n`;

type Readable = Awaited<ReturnType<typeof readMessage>>;

/** Nothing in it moves the cursor or worse. */
const isText = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 0x09 && byte <= 0x0d));
