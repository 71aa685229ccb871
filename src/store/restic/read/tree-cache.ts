import type { Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { hexOf, type BlobReader } from './blob-reader.ts';

/** Tree blobs read lately, up to this many bytes: a walk comes back to the same upper folders over and over. */
const cachedBytes = 12 * 1_048_576;

export interface TreeCache {
  /** The JSON of a tree; not to be changed. */
  load(id: Uint8Array, run: Run): Promise<Uint8Array>;
  /** The folders in a tree, by name. */
  folders(id: Uint8Array, run: Run): Promise<ReadonlyMap<ByteString, TreeNode>>;
}

interface KeptTree {
  readonly json: Uint8Array;
  /** Made when first asked for. */
  folders?: ReadonlyMap<ByteString, TreeNode>;
}

const foldersOf = (json: Uint8Array): ReadonlyMap<ByteString, TreeNode> => {
  const folders = new Map<ByteString, TreeNode>();
  readTree(json, (node) => {
    if (node.subtree !== undefined) folders.set(node.entry.name, node);
  });
  return folders;
};

export const createTreeCache = (blobs: BlobReader): TreeCache => {
  const kept = new Map<string, KeptTree>();
  let bytes = 0;
  const keep = (key: string, tree: KeptTree): void => {
    if (tree.json.length > cachedBytes / 2) return;
    kept.set(key, tree);
    bytes += tree.json.length;
    for (const [oldest, old] of kept) {
      if (bytes <= cachedBytes) break;
      kept.delete(oldest);
      bytes -= old.json.length;
    }
  };
  const load = async (id: Uint8Array, run: Run): Promise<KeptTree> => {
    const key = hexOf(id);
    const known = kept.get(key);
    if (known !== undefined) {
      kept.delete(key);
      kept.set(key, known);
      return known;
    }
    const tree = { json: await blobs.load('tree', id, run) };
    keep(key, tree);
    return tree;
  };
  return {
    load: async (id, run) => (await load(id, run)).json,
    async folders(id, run) {
      const tree = await load(id, run);
      return (tree.folders ??= foldersOf(tree.json));
    },
  };
};
