import { hash } from 'node:crypto';
import type { Base, BaseDirectory, BaseEntry, CapturedDirectory, Child } from '../../contract/source.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { addCounts, type Counts, type Entry, type Metadata, noCounts, type Path } from '../../model/entry.ts';

/** A directory as it was kept; equal ids, equal trees. */
export interface StoredTree {
  readonly id: string;
  /** In byte order of the names. */
  readonly nodes: readonly StoredNode[];
}

export interface StoredNode {
  readonly entry: Entry;
  /** The content's SHA-256, hexadecimal; undefined for what has none. */
  readonly content: string | undefined;
  readonly below: StoredTree | undefined;
}

export const isStoredNode = (reference: unknown): reference is StoredNode =>
  typeof reference === 'object' && reference !== null && 'entry' in reference && 'below' in reference;

/** Whether a content is there. */
export type Holds = (content: string) => boolean;

export const treeOf = (nodes: readonly StoredNode[]): StoredTree => {
  const text = JSON.stringify(nodes, (key, value: unknown) => {
    if (key === 'nodes') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
  return { id: hash('sha256', text, 'hex'), nodes };
};

export const countsOf = ({ nodes }: StoredTree): Counts =>
  nodes.reduce((sum, node) => addCounts(sum, countsOfNode(node)), noCounts);

export const countsOfNode = ({ entry, below }: StoredNode): Counts =>
  below === undefined
    ? { files: 1, directories: 0, bytes: entry.size }
    : addCounts({ files: 0, directories: 1, bytes: 0 }, countsOf(below));

const isWhole = ({ nodes }: StoredTree, holds: Holds): boolean =>
  nodes.every(({ content, below }) => (content === undefined || holds(content)) && (!below || isWhole(below, holds)));

const nodeAt = (tree: StoredTree, path: Path): { tree: StoredTree; metadata: Metadata | undefined } | undefined => {
  let at: { tree: StoredTree; metadata: Metadata | undefined } = { tree, metadata: undefined };
  for (const name of path) {
    const node = at.tree.nodes.find(({ entry }) => entry.name === name);
    if (node?.below === undefined) return undefined;
    at = { tree: node.below, metadata: node.entry };
  }
  return at;
};

const pageSize = 1000;

function* pages<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += pageSize) yield items.slice(at, at + pageSize);
}

export interface MemoryDirectoryBase extends BaseDirectory {
  readonly tree: StoredTree;
}

/** A stored tree as a base. */
export const baseOfTree = (root: StoredTree, holds: Holds): Pick<Base, 'directory' | 'children'> => ({
  async directory(path): Promise<MemoryDirectoryBase | undefined> {
    const found = nodeAt(root, path);
    if (found === undefined) return undefined;
    const { tree, metadata } = found;
    return {
      path,
      metadata,
      tree,
      settled: false,
      held: async () => isWhole(tree, holds),
      counts: async () => countsOf(tree),
    };
  },
  async *children(path): AsyncGenerator<readonly BaseEntry[]> {
    for (const page of pages(nodeAt(root, path)?.tree.nodes ?? [])) {
      yield page.map((node) => ({
        entry: node.entry,
        held: node.content === undefined || holds(node.content),
        reference: node,
      }));
    }
  },
});

const childOf = ({ entry, content, below }: StoredNode): Child =>
  below !== undefined
    ? { kind: 'directory', name: entry.name }
    : {
        kind: 'fresh',
        entry,
        content: content === undefined ? { kind: 'none' } : { kind: 'delivered', key: content },
        action: 'new',
      };

async function* childPages(tree: StoredTree): AsyncGenerator<readonly Child[]> {
  for (const page of pages(tree.nodes)) yield page.map(childOf);
}

/** A stored tree as a source. */
export async function* captureTree(
  tree: StoredTree,
  path: readonly ByteString[],
  metadata: Metadata | undefined,
  run: Run,
): AsyncGenerator<CapturedDirectory> {
  throwIfInterrupted(run);
  for (const { entry, below } of tree.nodes) {
    if (below !== undefined) yield* captureTree(below, [...path, entry.name], entry, run);
  }
  yield { path, metadata, listing: { kind: 'listed', pages: childPages(tree) } };
}
