import type { Run } from '../../../contract/run.ts';
import type { Base, Source } from '../../../contract/source.ts';
import type { WriteOptions, WriteResult } from '../../../contract/store.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { finalTags } from '../../../contract/store.ts';
import type { Snapshot, SnapshotSummary } from '../../../model/snapshot.ts';
import { ContentQueue } from './content-queue.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import type { PackedBlob } from '../format/pack-format.ts';
import { assertListed, listSizes, type Saved } from '../save-checked.ts';
import { SavedPacks } from './saved-packs.ts';
import type { Session } from '../session.ts';
import { noCaptureCounters, SnapshotCapture, type CaptureCounters } from './snapshot-capture.ts';
import { returnFreedMemory } from '../../../system/returned-memory.ts';
import { formatSnapshot } from '../format/snapshot-format.ts';
import { localOffsetMinutes } from '../format/time-format.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { SubtreeLedger } from '../read/tree-walk.ts';
import { isStoredDirectory } from '../read/stored-snapshot.ts';
import { WriterPool, type ReadyPack } from './writer-pool.ts';

export interface SnapshotWriteParts {
  readonly session: Session;
  readonly index: RepositoryIndex;
  readonly ledger: SubtreeLedger;
  /** Throws when the lock under which all this happens is no longer ours. */
  readonly assertLocked: () => void | Promise<void>;
  /** A tree that was stored just now, as a base; for who judges it. */
  readonly openTree?: (tree: string, scannedAt: Nanoseconds) => Base;
}

export interface Written extends WriteResult {
  /** Root tree, hexadecimal. */
  readonly tree: string;
  readonly newIndexIds: readonly string[];
}

interface Stored {
  plainBytes: number;
  packedBytes: number;
}

const settlePack = (index: RepositoryIndex, pack: ReadyPack): void => {
  const number = index.packs.numberOf(pack.id);
  for (const blob of pack.blobs) {
    const { offset, length } = blob;
    index.table.settle(blob.type, blob.id, {
      pack: number,
      offset,
      length,
      uncompressedLength: blob.uncompressedLength ?? 0,
    });
  }
};

const packedSize = (blobs: readonly PackedBlob[]): number => blobs.reduce((sum, blob) => sum + blob.length, 0);

const summaryOf = (
  counters: CaptureCounters,
  stored: Stored,
  newBlobs: number,
  times: Pick<SnapshotSummary, 'backupStart' | 'backupEnd'>,
): SnapshotSummary => ({
  ...times,
  filesNew: counters.filesNew,
  filesChanged: counters.filesChanged,
  filesUnmodified: counters.filesUnmodified,
  directoriesNew: counters.directoriesNew,
  directoriesChanged: counters.directoriesChanged,
  directoriesUnmodified: counters.directoriesUnmodified,
  dataBlobs: newBlobs,
  treeBlobs: counters.treeBlobs,
  dataAdded: stored.plainBytes,
  dataAddedPacked: stored.packedBytes,
  totalFilesProcessed: counters.files,
  totalBytesProcessed: counters.bytes,
});

const zoned = (nanoseconds: bigint) => ({ nanoseconds, offsetMinutes: localOffsetMinutes(nanoseconds) });

/**
 * Nobody may have taken an index away from under us: that would be a prune that did not see our lock. And what we wrote must
 * be there.
 */
const assertIndexKept = async ({ session, index }: SnapshotWriteParts, saved: Saved, run: Run): Promise<void> => {
  const present = await listSizes(session.backend, 'index', run);
  await assertListed(session.backend, 'index', { saved, sizes: present }, run);
  for (const id of index.indexIds) {
    if (present.has(id)) continue;
    throw new Fault(
      'lock-lost',
      'another program replaced index files while this backup ran, so no snapshot was written',
      {
        hint: 'Something ran prune in spite of our lock, or the lock was removed. Run the backup again.',
        retry: true,
      },
    );
  }
};

/** What is stored while a snapshot is written: packs and the indexes that list them, counted. */
class PackStorage {
  readonly #parts: SnapshotWriteParts;
  readonly #packs: SavedPacks;
  readonly #dryRun: boolean;
  readonly stored: Stored = { plainBytes: 0, packedBytes: 0 };

  constructor(parts: SnapshotWriteParts, dryRun: boolean, run: Run) {
    this.#parts = parts;
    this.#dryRun = dryRun;
    const { session, index } = parts;
    this.#packs = new SavedPacks({ session, packsBefore: index.packs.ids().length }, run);
  }

  get indexIds(): readonly string[] {
    return this.#packs.indexIds;
  }

  get unconfirmed(): Saved {
    return this.#packs.unconfirmed;
  }

  async store(pack: ReadyPack): Promise<void> {
    this.stored.plainBytes += pack.plainBytes;
    this.stored.packedBytes += packedSize(pack.blobs);
    if (this.#dryRun) return;
    await this.#packs.save(pack);
    settlePack(this.#parts.index, pack);
    await this.#packs.list(pack.id, pack.blobs);
  }

  finish(): Promise<void> {
    return this.#packs.finish();
  }
}

/** Packs are larger than that, and most messages are smaller: their memory is used again and again. */
const keptPieces = 1_048_576;

/** Finished packs wait for the storage in memory: not more of them than this. A remote one is waited for longer. */
const inFlightBytes = { local: 32 * 1_048_576, remote: 96 * 1_048_576 };
const frugalInFlightBytes = { local: 16 * 1_048_576, remote: 32 * 1_048_576 };

const createPool = (
  { session, index }: SnapshotWriteParts,
  storage: PackStorage,
  { frugal, run }: { readonly frugal: boolean; readonly run: Run },
): WriterPool => {
  const { master, config, options } = session;
  const setup = {
    master,
    mailAware: options.mailAware,
    packSize: options.packSize,
    chunkerPolynomial: config.chunkerPolynomial,
    compression: config.version === 1 ? ('off' as const) : options.compression,
    compressTrees: config.version !== 1,
  };
  const { connections, isRemote } = session.backend.capabilities;
  const mostBytes = frugal ? frugalInFlightBytes : inFlightBytes;
  const bytes = isRemote === true ? mostBytes.remote : mostBytes.local;
  const packsInFlight = Math.min(connections + 1, Math.max(frugal ? 1 : 2, Math.floor(bytes / options.packSize)));
  const storePack = (pack: ReadyPack): Promise<void> => storage.store(pack);
  // The best compression is slower than most networks.
  const threads = frugal && options.compression !== 'max' ? 1 : options.threads;
  return new WriterPool({ threads, setup, table: index.table, storePack, packsInFlight }, run);
};

/** Takes a tree that the repository may have already; true if it was new. */
const treeStorer =
  ({ index }: SnapshotWriteParts, pool: WriterPool) =>
  async (id: Uint8Array, json: Uint8Array): Promise<boolean> => {
    index.table.reserve(pool.claimsOutstanding + 1);
    if (!index.table.claim('tree', id)) return false;
    await pool.tree(id, new Uint8Array(json));
    return true;
  };

interface Captured extends WriteResult {
  readonly tree: string;
  /** Index files that were written, and not yet asked for. */
  readonly indexes: Saved;
}

/** The last step, which makes the snapshot visible. */
const publish = async (
  captured: Captured,
  options: WriteOptions,
  parts: SnapshotWriteParts,
  run: Run,
): Promise<Snapshot> => {
  const { description, parent, judge } = options;
  const { backupStart } = captured.summary;
  const stored = parts.openTree?.(captured.tree, backupStart.nanoseconds);
  const judged = stored === undefined ? undefined : await judge?.(stored, run);
  await Promise.all([parts.assertLocked(), assertIndexKept(parts, captured.indexes, run)]);
  const draft = {
    ...description,
    tags: finalTags(options, captured.unreadable, judged),
    summary: captured.summary,
    tree: captured.tree,
    programVersion: parts.session.options.programVersion,
    unknownFields: '',
    ...(parent === undefined ? {} : { parent: parent.snapshot.id }),
  };
  const id = await parts.session.io.save('snapshot', formatSnapshot({ ...draft, id: '', originalId: '' }), run);
  return { ...draft, id, originalId: id };
};

/** What could not be read is not known to be unchanged. */
const isToBeSkipped = async (captured: Captured, options: WriteOptions, run: Run): Promise<boolean> => {
  if (options.skipIfUnchanged !== true || captured.unreadable > 0) return false;
  const before = await options.parent?.directory([], run);
  return before !== undefined && isStoredDirectory(before) && hexOf(before.treeId) === captured.tree;
};

/** The order is packs, then index, then snapshot, each durable before the next begins. */
export const writeSnapshot = async (
  source: Source,
  options: WriteOptions,
  parts: SnapshotWriteParts,
  run: Run,
): Promise<Written> => {
  const backupStart = zoned(run.now());
  await (options.frugal === true ? returnFreedMemory() : returnFreedMemory(keptPieces));
  const storage = new PackStorage(parts, options.dryRun === true, run);
  const pool = createPool(parts, storage, { frugal: options.frugal === true, run });
  const counters = noCaptureCounters();
  try {
    const capture = new SnapshotCapture(
      {
        source,
        counters,
        parent: options.parent,
        contents: new ContentQueue(pool, source, run),
        storeTree: treeStorer(parts, pool),
        ledger: parts.ledger,
        reportEntries: options.reportEntries === true,
      },
      run,
    );
    const root = await capture.capture();
    await pool.finish();
    await storage.finish();
    const { filesRenamed, unreadable, changedWhileRead } = counters;
    const summary = summaryOf(counters, storage.stored, pool.newBlobs, { backupStart, backupEnd: zoned(run.now()) });
    const written = {
      summary,
      filesRenamed,
      unreadable,
      changedWhileRead,
      tree: hexOf(root.id),
      newIndexIds: storage.indexIds,
    };
    const captured = { ...written, indexes: storage.unconfirmed };
    if (options.dryRun === true || (await isToBeSkipped(captured, options, run))) return written;
    return { ...written, snapshot: await publish(captured, options, parts, run) };
  } finally {
    await pool.close();
  }
};
