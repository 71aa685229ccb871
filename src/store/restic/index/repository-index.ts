import type { BlobTable } from './blob-table.ts';
import type { PackList } from './pack-list.ts';

/** All that the index files say. */
export interface RepositoryIndex {
  readonly table: BlobTable;
  readonly packs: PackList;
  /** The index files it was read from. */
  readonly indexIds: ReadonlySet<string>;
}
