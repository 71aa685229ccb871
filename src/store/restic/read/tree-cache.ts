import type { Run } from '../../../contract/run.ts';
import { hexOf, type BlobReader } from './blob-reader.ts';

/** Tree blobs read lately, up to this many bytes: a walk comes back to the same upper folders over and over. */
const cachedBytes = 12 * 1_048_576;

export interface TreeCache {
  /** The JSON of a tree; not to be changed. */
  load(id: Uint8Array, run: Run): Promise<Uint8Array>;
}

export const createTreeCache = (blobs: BlobReader): TreeCache => {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  const keep = (key: string, tree: Uint8Array): void => {
    if (tree.length > cachedBytes / 2) return;
    kept.set(key, tree);
    bytes += tree.length;
    for (const [oldest, old] of kept) {
      if (bytes <= cachedBytes) break;
      kept.delete(oldest);
      bytes -= old.length;
    }
  };
  return {
    async load(id, run) {
      const key = hexOf(id);
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known;
      }
      const tree = await blobs.load('tree', id, run);
      keep(key, tree);
      return tree;
    },
  };
};
