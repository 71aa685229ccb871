import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { TreeCache } from './tree-cache.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTreePages } from '../format/tree-reader.ts';
import { findNode } from './tree-walk.ts';

/** A node and where it lies: `/` and the names from the root of the listing, joined by `/`. */
export interface ListedNode {
  readonly path: ByteString;
  readonly node: TreeNode;
}

/** Trees of a repository, and from which one on. */
export interface ListingStart {
  readonly trees: TreeCache;
  readonly tree: Uint8Array;
  /** What stands before every path: '' or `/a/b`. */
  readonly prefix: ByteString;
}

const pageSize = 1000;

/** What is wrong with one tree leaves the others readable. */
export const isTreeFault = (error: unknown): error is Fault =>
  isFault(error, 'tree-damaged', 'blob-missing', 'blob-damaged', 'pack-damaged');

/**
 * All nodes in restic's order: a directory, then what is in it, names in the order of their tree. `enter` says whether
 * to go into a directory. A tree that cannot be read is told as a fault event, and the listing goes on behind it.
 */
export async function* listNodes(
  start: ListingStart,
  enter: (listed: ListedNode) => boolean,
  run: Run,
): AsyncGenerator<readonly ListedNode[], void> {
  throwIfInterrupted(run);
  const { trees, prefix } = start;
  let page: ListedNode[] = [];
  try {
    for (const nodes of readTreePages(await trees.load(start.tree, run), pageSize)) {
      for (const node of nodes) {
        const listed = { path: byteStringOfLatin1(`${prefix}/${node.entry.name}`), node };
        page.push(listed);
        if (node.subtree === undefined || !enter(listed)) continue;
        yield page;
        page = [];
        yield* listNodes({ trees, tree: node.subtree, prefix: listed.path }, enter, run);
      }
      yield page;
      page = [];
    }
  } catch (error) {
    if (!isTreeFault(error)) throw error;
    run.emit({ kind: 'fault', fault: error, path: prefix === '' ? byteStringOfLatin1('/') : prefix });
    yield page;
  }
}

const textOf = (path: Path): string => `/${path.map((name) => displayText(name)).join('/')}`;

const missing = (path: Path): Fault =>
  new Fault('path-missing', `${textOf(path)} is not in the snapshot`, {
    hint: '`mailkeep ls SNAPSHOT` shows what is in it; paths begin at its root.',
    context: { path: textOf(path) },
  });

/** What lies at a path below a tree; `/` itself has no node. Fault `path-missing`. */
export const lookUp = async (
  trees: TreeCache,
  root: Uint8Array,
  path: Path,
  run: Run,
): Promise<{ readonly tree: Uint8Array | undefined; readonly node: TreeNode | undefined }> => {
  let tree: Uint8Array | undefined = root;
  let node: TreeNode | undefined;
  for (const [depth, name] of path.entries()) {
    node = tree === undefined ? undefined : findNode(await trees.load(tree, run), name);
    if (node === undefined) throw missing(path.slice(0, depth + 1));
    tree = node.subtree;
  }
  return { tree, node };
};

/** The id of a folder's tree. Fault `path-missing`, also for what is no folder. */
export const lookUpTree = async (trees: TreeCache, root: Uint8Array, path: Path, run: Run): Promise<Uint8Array> => {
  const { tree } = await lookUp(trees, root, path, run);
  if (tree !== undefined) return tree;
  throw new Fault('path-missing', `${textOf(path)} is no folder`, { context: { path: textOf(path) } });
};
