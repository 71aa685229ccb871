import type { CapturedDirectory, Child, Listing } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { CaptureContext } from './capture-context.ts';
import type { PathNode } from './path-tree.ts';

/** What has been captured so far. */
interface Progress {
  /** Everything but directories; what was taken over or carried unseen counts as one. */
  entries: number;
  /** `entries` when the last given path was through. */
  before: number;
}

/**
 * Passes a walk on and looks after the given paths: one that is empty where the base had files is a failed read
 * (`source-empty`), and so is, at the end, one that is not what it was at the beginning. What the base has stays in either
 * case.
 */
export async function* watchCapture(
  context: CaptureContext,
  root: PathNode,
  directories: AsyncIterable<CapturedDirectory>,
): AsyncGenerator<CapturedDirectory, void> {
  const progress: Progress = { entries: 0, before: 0 };
  for await (const directory of directories) {
    const { listing } = directory;
    if (listing.kind !== 'listed') {
      progress.entries++;
      yield directory;
      continue;
    }
    const { look } = listing;
    const { pages, emptied } = await judgeEmptiness({ context, root, progress }, directory, listing.pages);
    if (emptied !== undefined) {
      progress.before = ++progress.entries;
      // Not the mount point's own, where a disk is not mounted.
      const metadata = emptied.base?.metadata ?? directory.metadata;
      yield { ...directory, metadata, listing: emptied };
      continue;
    }
    yield {
      ...directory,
      listing: {
        kind: 'listed',
        pages: watchPages({ context, root, progress }, directory, pages),
        ...(look === undefined ? {} : { look }),
      },
    };
  }
}

interface Watch {
  readonly context: CaptureContext;
  readonly root: PathNode;
  readonly progress: Progress;
}

async function* watchPages(
  { context, root, progress }: Watch,
  { path }: CapturedDirectory,
  pages: AsyncIterable<readonly Child[]>,
): AsyncGenerator<readonly Child[]> {
  let last = byteStringOfLatin1('');
  for await (const page of pages) {
    for (const child of page) if (child.kind !== 'directory') progress.entries++;
    const end = page.at(-1);
    if (end !== undefined) last = end.kind === 'fresh' || end.kind === 'same' ? end.entry.name : end.name;
    yield page;
  }
  if (nodeAt(root, path)?.path !== undefined) progress.before = progress.entries;
  if (path.length > 0) return;
  const lost = givenFiles(root).flatMap((file) => context.places.lost(file, context.reader) ?? []);
  const [first, ...others] = lost;
  if (first === undefined) return;
  for (const fault of others) context.run.emit({ kind: 'fault', fault });
  // It stands for no entry (longer than the last name, so none has it), and makes the snapshot incomplete.
  yield [{ kind: 'carried', name: byteStringOfLatin1(`${last}~`), base: undefined, fault: first }];
}

const nodeAt = (root: PathNode, path: Path): PathNode | undefined => {
  let node: PathNode | undefined = root;
  for (const name of path) node = node?.children.get(name);
  return node;
};

/** All given paths at and below a node. */
export const givenFiles = (node: PathNode): ByteString[] => [
  ...(node.path === undefined ? [] : [node.path]),
  ...[...node.children.values()].flatMap(givenFiles),
];

interface Judged {
  readonly pages: AsyncIterable<readonly Child[]>;
  /** What stands for the listing of a folder that must not be taken for emptied. */
  readonly emptied?: Extract<Listing, { readonly kind: 'carried' }>;
}

/** Looks into a given folder in which nothing was found so far, as far as its first entry. */
const judgeEmptiness = async (
  { context, root, progress }: Watch,
  { path }: CapturedDirectory,
  pages: AsyncIterable<readonly Child[]>,
): Promise<Judged> => {
  const given = nodeAt(root, path);
  if (given?.path === undefined || given.children.size > 0 || progress.entries > progress.before) return { pages };
  const looked: (readonly Child[])[] = [];
  const rest = pages[Symbol.asyncIterator]();
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    looked.push(next.value);
    if (next.value.some(({ kind }) => kind !== 'directory')) return { pages: rejoined(looked, rest) };
  }
  const base = await context.base?.directory(path, context.run);
  const hadFiles = base !== undefined && (await base.counts(context.run)).files > 0;
  if (!hadFiles) return { pages: rejoined(looked, rest) };
  if (!context.allowEmpty) return { pages, emptied: { kind: 'carried', base, fault: emptiedFault(given.path) } };
  context.run.emit({ kind: 'notice', message: `${displayText(given.path)} has no files, and is kept as it is` });
  return { pages: rejoined(looked, rest) };
};

async function* rejoined(
  looked: readonly (readonly Child[])[],
  rest: AsyncIterator<readonly Child[]>,
): AsyncGenerator<readonly Child[]> {
  try {
    yield* looked;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const emptiedFault = (file: ByteString): Fault =>
  new Fault('source-empty', `${displayText(file)} has no files, and had some at the last backup, which are kept`, {
    hint: 'Look whether its disk is mounted. If the files were deleted on purpose, say --allow-empty once.',
    context: { path: displayText(file) },
  });
