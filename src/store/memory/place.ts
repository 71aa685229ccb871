import type { Snapshot } from '../../model/snapshot.ts';
import type { StoredTree } from './stored-tree.ts';

/** What lasts: stores that are opened on one place see the same snapshots. */
export interface MemoryStorePlace {
  readonly snapshots: Map<string, { readonly snapshot: Snapshot; readonly root: StoredTree }>;
  /** By SHA-256, hexadecimal. */
  readonly contents: Map<string, Uint8Array>;
}

export const createMemoryStorePlace = (): MemoryStorePlace => ({ snapshots: new Map(), contents: new Map() });
