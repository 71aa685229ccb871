import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { WriteOptions, WriteResult } from '../../contract/store.ts';
import { Fault } from '../../model/fault.ts';
import { incompleteTag, type SnapshotSummary } from '../../model/snapshot.ts';
import { ContentQueue } from './content-queue.ts';
import { listNames, type RepositoryIndex } from './index-loader.ts';
import { IndexWriter } from './index-writer.ts';
import type { PackedBlob } from './pack-format.ts';
import type { Session } from './session.ts';
import { noCaptureCounters, SnapshotCapture, type CaptureCounters } from './snapshot-capture.ts';
import { formatSnapshot } from './snapshot-format.ts';
import { localOffsetMinutes } from './time-format.ts';
import { hexOf } from './blob-reader.ts';
import type { SubtreeLedger } from './tree-walk.ts';
import { WriterPool, type ReadyPack } from './writer-pool.ts';

export interface SnapshotWriteParts {
  readonly session: Session;
  readonly index: RepositoryIndex;
  readonly ledger: SubtreeLedger;
  /** Throws when the lock under which all this happens is no longer ours. */
  readonly assertLocked: () => void;
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

/** Nobody may have taken an index away from under us: that would be a prune that did not see our lock. */
const assertIndexKept = async ({ session, index }: SnapshotWriteParts, run: Run): Promise<void> => {
  const present = new Set(await listNames(session.backend, 'index', run));
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

/** The order is packs, then index, then snapshot, each durable before the next begins. */
export const writeSnapshot = async (
  source: Source,
  options: WriteOptions,
  parts: SnapshotWriteParts,
  run: Run,
): Promise<Written> => {
  const { session, index, ledger } = parts;
  const backupStart = zoned(run.now());
  const indexWriter = new IndexWriter(session.io, run);
  const stored: Stored = { plainBytes: 0, packedBytes: 0 };
  const storePack = async (pack: ReadyPack): Promise<void> => {
    stored.plainBytes += pack.plainBytes;
    stored.packedBytes += packedSize(pack.blobs);
    if (options.dryRun === true) return;
    await session.backend.save({ kind: 'pack', name: pack.id }, [pack.bytes], run);
    settlePack(index, pack);
    await indexWriter.add(pack.id, pack.blobs);
  };
  const { master, config } = session;
  const { threads, mailAware, packSize, compression } = session.options;
  const setup = {
    master,
    mailAware,
    packSize,
    chunkerPolynomial: config.chunkerPolynomial,
    compression: config.version === 1 ? ('off' as const) : compression,
    compressTrees: config.version !== 1,
  };
  const packsInFlight = session.backend.capabilities.connections + 1;
  const pool = new WriterPool({ threads, setup, table: index.table, storePack, packsInFlight }, run);
  const counters = noCaptureCounters();
  try {
    const storeTree = async (id: Uint8Array, json: Uint8Array): Promise<boolean> => {
      index.table.reserve(pool.claimsOutstanding + 1);
      if (!index.table.claim('tree', id)) return false;
      await pool.tree(id, new Uint8Array(json));
      return true;
    };
    const capture = new SnapshotCapture(
      {
        source,
        parent: options.parent,
        contents: new ContentQueue(pool, source, run),
        storeTree,
        ledger,
        reportEntries: options.reportEntries === true,
        counters,
      },
      run,
    );
    const root = await capture.capture();
    await pool.finish();
    await indexWriter.flush();
    const summary = summaryOf(counters, stored, pool.newBlobs, { backupStart, backupEnd: zoned(run.now()) });
    const result = {
      summary,
      filesRenamed: counters.filesRenamed,
      unreadable: counters.unreadable,
      changedWhileRead: counters.changedWhileRead,
      tree: hexOf(root.id),
      newIndexIds: indexWriter.written,
    };
    if (options.dryRun === true) return result;
    parts.assertLocked();
    await assertIndexKept(parts, run);
    const { description, parent } = options;
    const tags = counters.unreadable > 0 ? [...description.tags, incompleteTag] : description.tags;
    const draft = {
      ...description,
      tags,
      summary,
      tree: result.tree,
      programVersion: session.options.programVersion,
      unknownFields: '',
      ...(parent === undefined ? {} : { parent: parent.snapshot.id }),
    };
    const id = await session.io.save('snapshot', formatSnapshot({ ...draft, id: '', originalId: '' }), run);
    return { ...result, snapshot: { ...draft, id, originalId: id } };
  } finally {
    await pool.close();
  }
};
