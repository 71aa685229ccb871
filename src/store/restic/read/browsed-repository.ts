import type { BrowsableSnapshot, BrowsableStore, StoredChild, StoredFolder } from '../../../contract/browse.ts';
import type { Run } from '../../../contract/run.ts';
import type { Content } from '../../../contract/source.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { isFault } from '../../../model/fault.ts';
import { evidenceTag } from '../../../model/snapshot.ts';
import { matchesFilter, type SnapshotFilter } from '../../../model/snapshot-selection.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { readTreePages } from '../format/tree-reader.ts';
import { listNames } from '../index/index-loader.ts';
import type { Repository } from '../repository.ts';
import { createBlobCache } from './blob-cache.ts';
import { type BlobReader, hexOf } from './blob-reader.ts';
import { rangeContent } from './range-content.ts';
import { beginningOfContent, identityOfContent } from './stored-content.ts';
import type { TreeCache } from './tree-cache.ts';
import { findNode } from './tree-walk.ts';

const pageSize = 1000;
const cachedBlobBytes = 32 * 1_048_576;
/** How old the list of snapshots may grow before it is looked at again. */
const refreshAfter: Nanoseconds = 30_000_000_000n;

const childOf = (trees: TreeCache, { entry, content, subtree }: TreeNode): StoredChild => ({
  entry,
  folder: subtree === undefined ? undefined : folderOf(trees, subtree),
  content: content === undefined ? { kind: 'none' } : { kind: 'delivered', key: content },
});

const folderOf = (trees: TreeCache, id: Uint8Array): StoredFolder => ({
  identity: hexOf(id),
  async *children(run) {
    for (const page of readTreePages(await trees.load(id, run), pageSize))
      yield page.map((node) => childOf(trees, node));
  },
  async child(name, run) {
    const node = findNode(await trees.load(id, run), name);
    return node === undefined ? undefined : childOf(trees, node);
  },
});

const idsOf = (content: Content): Uint8Array =>
  content.kind === 'delivered' && content.key instanceof Uint8Array ? content.key : new Uint8Array(0);

type OpenSnapshot = (id: string, run: Run) => Promise<BrowsableSnapshot>;

/** Opens snapshots one by one; those that are opened with the same index share one cache of blobs. */
export const createSnapshotOpener = (repository: Repository): OpenSnapshot => {
  const caches = new WeakMap<BlobReader, BlobReader>();
  return async (id, run) => {
    const snapshot = await repository.snapshotFile(id, run);
    const [source, trees, index, plainBlobs] = await Promise.all([
      repository.open(id, run),
      repository.trees(run),
      repository.index(run),
      repository.blobs(run),
    ]);
    const blobs = caches.get(plainBlobs) ?? createBlobCache(plainBlobs, cachedBlobBytes);
    caches.set(plainBlobs, blobs);
    return {
      root: folderOf(trees, Uint8Array.from(Buffer.from(snapshot.tree, 'hex'))),
      source,
      beginningOf: beginningOfContent,
      versionOf: (content) => Buffer.from(identityOfContent(content) ?? '', 'latin1').toString('hex'),
      open: async (content) => rangeContent(idsOf(content), index.table, blobs),
    };
  };
};

interface Loaded {
  readonly names: string;
  readonly snapshots: readonly SnapshotFile[];
  readonly opened: Map<string, Promise<BrowsableSnapshot>>;
}

/**
 * The snapshots of a repository to browse. The list follows what others add and remove, half a minute late. Fault
 * `lock-lost` when what is browsed can no longer be relied on to stay.
 */
export const browseRepository = (repository: Repository, filter: SnapshotFilter): BrowsableStore => {
  const open = createSnapshotOpener(repository);
  let loaded: Loaded | undefined;
  let loadedAt: Nanoseconds = 0n;
  let refreshing: Promise<Loaded> | undefined;

  const refresh = async (run: Run): Promise<Loaded> => {
    repository.assertLocked(run);
    const names = (await listNames(repository.session.backend, 'snapshot', run)).join(' ');
    if (loaded === undefined || loaded.names !== names) {
      // New snapshots need packs that the index does not know yet.
      if (loaded !== undefined) repository.forgetIndex();
      const snapshots = (await repository.snapshots(run)).filter(
        (snapshot) => matchesFilter(snapshot, filter) && !snapshot.tags.includes(evidenceTag),
      );
      loaded = { names, snapshots, opened: new Map() };
    }
    loadedAt = run.now();
    return loaded;
  };

  const current = async (run: Run): Promise<Loaded> => {
    const age = run.now() - loadedAt;
    if (loaded !== undefined && age >= 0n && age < refreshAfter) return loaded;
    refreshing ??= refresh(run).finally(() => (refreshing = undefined));
    try {
      return await refreshing;
    } catch (error) {
      // What was seen before can still be browsed while the storage is away; not so without a lock.
      if (loaded === undefined || !isFault(error) || isFault(error, 'lock-lost', 'interrupted')) throw error;
      run.emit({ kind: 'fault', fault: error });
      loadedAt = run.now();
      return loaded;
    }
  };

  return {
    snapshots: async (run) => (await current(run)).snapshots,
    open: async (id, run) => {
      const { opened } = await current(run);
      const known = opened.get(id);
      if (known !== undefined) return known;
      const snapshot = open(id, run);
      opened.set(id, snapshot);
      snapshot.catch(() => opened.delete(id));
      return snapshot;
    },
  };
};
