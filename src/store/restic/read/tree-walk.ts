import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { addCounts, noCounts, type Counts, type Path } from '../../../model/entry.ts';
import type { BlobTable } from '../index/blob-table.ts';
import type { KnownSubtree, SubtreeKnowledge } from '../index/subtree-cache.ts';
import { hexOf } from './blob-reader.ts';
import type { TreeCache } from './tree-cache.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree, subtreesAndContents } from '../format/tree-reader.ts';

/** Looks a name up in a tree. */
export const findNode = (json: Uint8Array, name: ByteString): TreeNode | undefined => {
  let found: TreeNode | undefined;
  readTree(json, (node) => {
    if (node.entry.name !== name) return undefined;
    found = node;
    return 'stop';
  });
  return found;
};

/** The tree of a directory below `root`; undefined when there is none. */
export const treeAt = async (
  trees: TreeCache,
  root: Uint8Array,
  path: Path,
  run: Run,
): Promise<{ id: Uint8Array; node: TreeNode | undefined } | undefined> => {
  let at: { id: Uint8Array; node: TreeNode | undefined } = { id: root, node: undefined };
  for (const name of path) {
    const node = (await trees.folders(at.id, run)).get(name);
    if (node?.subtree === undefined) return undefined;
    at = { id: node.subtree, node };
  }
  return at;
};

/** What one tree says without the trees below it. */
export interface TreeOutline {
  readonly own: Counts;
  readonly subtrees: readonly Uint8Array[];
  /** Whether every blob that its files need is in the table. */
  readonly complete: boolean;
}

export const outlineOf = (json: Uint8Array, table: BlobTable): TreeOutline => {
  let own = noCounts;
  let files = 0;
  let bytes = 0;
  const subtrees: Uint8Array[] = [];
  let complete = true;
  subtreesAndContents(json, {
    node(node) {
      if (node.subtree !== undefined) {
        subtrees.push(node.subtree.slice());
        return;
      }
      files++;
      bytes += node.size;
      const content = node.content;
      if (content === undefined) return;
      for (let at = 0; complete && at < content.length; at += 32) complete = table.has('data', content, at);
    },
  });
  own = { files, bytes, directories: subtrees.length };
  return { own, subtrees, complete };
};

/** Counts and completeness of whole subtrees, each tree looked at once. */
export interface SubtreeLedger {
  counts(id: Uint8Array, run: Run): Promise<Counts>;
  complete(id: Uint8Array, run: Run): Promise<boolean>;
  /** What the cache tells of a directory whose files were at rest when it was captured. */
  known(id: Uint8Array): KnownSubtree | undefined;
  /** For the cache: what was learned, and of what the cache told, what was asked for again. Nothing is kept for ever. */
  settled(): ReadonlyMap<string, KnownSubtree>;
  /** For the cache as well: the counts of other whole trees that were asked for. */
  counted(): ReadonlyMap<string, Counts>;
  /** Learns of a tree that was just written, and whose files were at rest. */
  learn(id: Uint8Array, subtree: KnownSubtree): void;
}

/** Everything below trees, each looked at once as long as nothing more is found lost. */
const createSubtreeVisits = (
  trees: TreeCache,
  table: BlobTable,
  { known, losses }: { readonly known: SubtreeKnowledge['subtrees']; readonly losses: () => number },
) => {
  const counted = new Map<string, Counts>();
  const completeTrees = new Map<string, boolean>();
  let lossesThen = losses();
  const visit = async (id: Uint8Array, run: Run): Promise<{ counts: Counts; complete: boolean }> => {
    const key = hexOf(id);
    const knownCounts = counted.get(key) ?? known.get(key)?.counts;
    const knownComplete = completeTrees.get(key);
    if (knownCounts !== undefined && knownComplete !== undefined)
      return { counts: knownCounts, complete: knownComplete };
    throwIfInterrupted(run);
    if (!table.has('tree', id)) return { counts: noCounts, complete: false };
    const outline = outlineOf(await trees.load(id, run), table);
    let { complete, own: counts } = outline;
    for (const subtree of outline.subtrees) {
      const below = await visit(subtree, run);
      counts = addCounts(counts, below.counts);
      complete &&= below.complete;
    }
    counted.set(key, counts);
    completeTrees.set(key, complete);
    return { counts, complete };
  };
  return {
    visit,
    complete: async (id: Uint8Array, run: Run): Promise<boolean> => {
      // What was complete may be so no longer.
      if (losses() !== lossesThen) completeTrees.clear();
      lossesThen = losses();
      return completeTrees.get(hexOf(id)) ?? (await visit(id, run)).complete;
    },
    learn: (key: string, counts: Counts): void => {
      counted.set(key, counts);
      completeTrees.set(key, true);
    },
  };
};

export const createSubtreeLedger = (
  trees: TreeCache,
  table: BlobTable,
  { subtrees: known, counted: countedBefore }: Pick<SubtreeKnowledge, 'subtrees' | 'counted'>,
  /** How much was found lost so far. */
  losses: () => number = () => 0,
): SubtreeLedger => {
  /** Of whole trees, as they were asked for. */
  const asked = new Map<string, Counts>();
  /** Counted, and at rest when captured: by this run, or by one that the cache tells of. */
  const settled = new Map<string, KnownSubtree>();
  const visits = createSubtreeVisits(trees, table, { known, losses });
  return {
    counts: async (id, run) => {
      const key = hexOf(id);
      const before = known.get(key);
      if (before !== undefined) {
        settled.set(key, before);
        return before.counts;
      }
      const found = countedBefore.get(key);
      const { counts, complete } =
        found === undefined ? await visits.visit(id, run) : { counts: found, complete: true };
      // What is missing may come back.
      if (complete) asked.set(key, counts);
      return counts;
    },
    known: (id) => known.get(hexOf(id)),
    complete: visits.complete,
    settled: () => settled,
    counted: () => asked,
    learn: (id, subtree) => {
      const key = hexOf(id);
      visits.learn(key, subtree.counts);
      settled.set(key, subtree);
    },
  };
};
