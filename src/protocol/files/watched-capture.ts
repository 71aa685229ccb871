import type { BaseDirectory, CapturedDirectory, Child } from '../../contract/source.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { type CaptureContext, joined } from './capture-context.ts';
import type { PathNode } from './path-tree.ts';

/** What has been captured so far. */
interface Progress {
  /** Everything but directories; what was taken over or carried unseen counts as one. */
  entries: number;
  /** `entries` when the last given path was through. */
  before: number;
}

/**
 * Passes a walk on and looks after the given paths: one that is empty where the base had files is told as `source-empty`;
 * one that is not what it was at the beginning is, at the end, a failed read.
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
    const pages = watchPages({ context, root, progress }, directory.path, listing.pages);
    yield { ...directory, listing: { kind: 'listed', pages } };
  }
}

interface Watch {
  readonly context: CaptureContext;
  readonly root: PathNode;
  readonly progress: Progress;
}

async function* watchPages(
  { context, root, progress }: Watch,
  path: Path,
  pages: AsyncIterable<readonly Child[]>,
): AsyncGenerator<readonly Child[]> {
  let last = byteStringOfLatin1('');
  for await (const page of pages) {
    for (const child of page) if (child.kind !== 'directory') progress.entries++;
    const end = page.at(-1);
    if (end !== undefined) last = end.kind === 'fresh' || end.kind === 'same' ? end.entry.name : end.name;
    yield page;
  }
  const given = nodeAt(root, path);
  if (given?.path !== undefined) {
    if (given.children.size === 0 && progress.entries === progress.before) await tellOfEmpty(context, path, given.path);
    progress.before = progress.entries;
  }
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

const tellOfEmpty = async ({ base, run }: CaptureContext, path: Path, file: ByteString): Promise<void> => {
  const before: BaseDirectory | undefined = await base?.directory(path, run);
  if (before === undefined || (await before.counts(run)).files === 0) return;
  const fault = new Fault('source-empty', `${displayText(file)} has no files, and had some at the last backup`, {
    hint: 'Look whether its disk is mounted. If the files were deleted on purpose, all is well.',
    context: { path: displayText(file) },
  });
  run.emit({ kind: 'fault', fault, path: joined(path) });
};
