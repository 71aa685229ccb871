import { join } from 'node:path';
import type { Run } from '../../contract/run.ts';
import { createIndexCache, type IndexCache } from './index/index-cache.ts';
import { loadDamagedPacks, saveDamagedPacks } from './index/damaged-packs.ts';
import { isWorthCaching, loadIndex } from './index/index-loader.ts';
import {
  loadSubtreeKnowledge,
  noKnowledge,
  saveSubtreeKnowledge,
  type SubtreeKnowledge,
} from './index/subtree-cache.ts';
import { type Losable, treesNoticingLoss } from './lost-packs.ts';
import { type BlobReader, createBlobReader } from './read/blob-reader.ts';
import { createTreeCache, type TreeCache } from './read/tree-cache.ts';
import { createSubtreeLedger, type SubtreeLedger } from './read/tree-walk.ts';
import type { Session } from './session.ts';

/** What has been read of a repository: its index, and what the local cache tells besides. */
export interface RepositoryKnowledge extends Losable {
  readonly blobs: BlobReader;
  readonly trees: TreeCache;
  readonly ledger: SubtreeLedger;
  readonly subtrees: SubtreeKnowledge;
}

/** Where this repository's cache lies; undefined where nothing is cached. */
const cacheFolder = ({ options, config }: Session): string | undefined =>
  options.cacheDirectory === undefined ? undefined : join(options.cacheDirectory, config.id, 'mailkeep');

const indexCacheOf = (session: Session): IndexCache | undefined => {
  const folder = cacheFolder(session);
  return folder === undefined ? undefined : createIndexCache(folder, session.envelope);
};

export const loadKnowledge = async (
  session: Session,
  isWriting: () => boolean,
  run: Run,
): Promise<RepositoryKnowledge> => {
  const folder = cacheFolder(session);
  const index = await loadIndex({ backend: session.backend, io: session.io, cache: indexCacheOf(session) }, run);
  const blobs = createBlobReader(session.backend, index, session);
  const lost = new Set<string>();
  const trees = treesNoticingLoss({ index, lost, trees: createTreeCache(blobs) }, session, isWriting);
  const subtrees = folder === undefined ? noKnowledge : await loadSubtreeKnowledge(folder, session.envelope);
  const ledger = createSubtreeLedger(trees, index.table, subtrees, () => lost.size);
  return { index, blobs, trees, ledger, subtrees, lost };
};

/** Packs that the last check of this machine found damaged. */
export const knownDamage = async (session: Session): Promise<ReadonlySet<string>> => {
  const folder = cacheFolder(session);
  return folder === undefined ? new Set() : loadDamagedPacks(folder, session.envelope);
};

/** Caches which packs a check has found damaged. */
export const rememberDamage = async (session: Session, packs: ReadonlySet<string>, run: Run): Promise<void> => {
  const folder = cacheFolder(session);
  if (folder !== undefined) await saveDamagedPacks(folder, session.envelope, packs, run);
};

/** Whether all below a root tree was seen to be there, and is as long as no pack is lost. */
export const wasSeenComplete = ({ index, subtrees }: RepositoryKnowledge, root: string): boolean =>
  subtrees.completeRoots.includes(root) && subtrees.indexIds.every((name) => index.indexIds.has(name));

export interface WrittenSnapshot {
  /** Root tree, hexadecimal. */
  readonly tree: string;
  readonly newIndexIds: readonly string[];
  /** Blobs in the index before it was written. */
  readonly blobsBefore: number;
}

/** Caches what is known after a complete snapshot was written. */
export const rememberWritten = async (
  session: Session,
  { index, ledger, lost }: RepositoryKnowledge,
  { tree, newIndexIds, blobsBefore }: WrittenSnapshot,
  run: Run,
): Promise<void> => {
  const folder = cacheFolder(session);
  if (folder === undefined) return;
  const indexIds = [...index.indexIds, ...newIndexIds];
  await saveSubtreeKnowledge(
    folder,
    session.envelope,
    { completeRoots: [tree], indexIds, subtrees: ledger.settled(), counted: ledger.counted() },
    run,
  );
  const isGrown = isWorthCaching({ known: blobsBefore, added: index.table.size() - blobsBefore });
  // What was claimed and never stored must not be taken for stored, nor what lay in a pack that may come back for gone.
  if (!isGrown || lost.size > 0 || index.table.hasClaims()) return;
  await indexCacheOf(session)?.save({ ...index, indexIds: new Set(indexIds) }, run);
};
