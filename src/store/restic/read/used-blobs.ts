import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { BlobLocation } from '../index/blob-segment.ts';
import type { BlobSet } from '../index/blob-set.ts';
import type { BlobSlot, BlobTable } from '../index/blob-table.ts';
import { missingBlob } from './blob-reader.ts';
import { envelopeOverhead } from '../sealing/envelope.ts';
import type { TreeCache } from './tree-cache.ts';
import { subtreesAndContents } from '../format/tree-reader.ts';

/** Where trees are read, and where their blobs are looked up. */
export interface UsedBlobsParts {
  readonly trees: TreeCache;
  readonly table: BlobTable;
}

/** Bytes of a blob's plaintext. */
export const plainLength = ({ length, uncompressedLength }: BlobLocation): number =>
  uncompressedLength === 0 ? length - envelopeOverhead : uncompressedLength;

/** The slot of a blob and where it lies. Fault `blob-missing`. */
export const locate = (
  table: BlobTable,
  type: 'data' | 'tree',
  id: Uint8Array,
): { readonly slot: BlobSlot; readonly location: BlobLocation } => {
  const slot = table.find(type, id);
  const location = slot === undefined ? undefined : table.location(slot);
  if (slot === undefined || location === undefined) throw missingBlob(type, id);
  return { slot, location };
};

/**
 * Adds to `used` every blob that a tree needs, itself included; trees that are in it already are not looked into.
 * Faults: `blob-missing`, `tree-damaged`, what reading says.
 */
export const collectUsedBlobs = async (
  { trees, table }: UsedBlobsParts,
  root: Uint8Array,
  used: BlobSet,
  run: Run,
): Promise<void> => {
  const waiting = [root];
  for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
    throwIfInterrupted(run);
    if (!used.add(locate(table, 'tree', tree).slot)) continue;
    subtreesAndContents(await trees.load(tree, run), {
      node: ({ subtree, content }) => {
        if (subtree !== undefined) waiting.push(subtree.slice());
        for (let at = 0; content !== undefined && at < content.length; at += 32) {
          const slot = table.find('data', content, at);
          if (slot === undefined) throw missingBlob('data', content.slice(at, at + 32));
          used.add(slot);
        }
      },
    });
  }
};
