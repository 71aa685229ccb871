import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { formatSnapshot, type SnapshotFile } from '../format/snapshot-format.ts';
import type { PackedBlob } from '../format/pack-format.ts';
import { subtreesAndContents } from '../format/tree-reader.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import { listNames } from '../index/index-loader.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import { locate } from '../read/used-blobs.ts';
import type { TreeCache } from '../read/tree-cache.ts';
import type { Repository } from '../repository.ts';
import { BlobSaver } from './blob-saver.ts';
import { openPackBlobs, soundPlain } from './pack-blobs.ts';

export interface CopiedSnapshot {
  /** In the repository it came from. */
  readonly from: string;
  /** In the other; undefined: it was there already, under `there`. */
  readonly copy: string | undefined;
  readonly there: string | undefined;
}

export interface CopyResult {
  readonly snapshots: readonly CopiedSnapshot[];
  readonly blobs: number;
  /** Of packs that were written. */
  readonly bytes: number;
}

/** Blobs are gathered up to this many before they are read, pack by pack. */
const gathered = 100_000;
/** Snapshots become visible once so many bytes are on their way, so that few small packs are made. */
const published = 256 * 1_048_576;

/** What makes two snapshots the same but for the repository they are in. */
const likeness = (snapshot: SnapshotFile): string =>
  Buffer.from(formatSnapshot({ ...withoutParent(snapshot), id: '', originalId: '' })).toString('latin1');

const withoutParent = ({ parent: _parent, ...snapshot }: SnapshotFile): SnapshotFile => snapshot;

const knownCopies = (snapshots: readonly SnapshotFile[]): ((snapshot: SnapshotFile) => string | undefined) => {
  const byIdentity = new Map<string, SnapshotFile[]>();
  for (const snapshot of snapshots) {
    for (const identity of new Set([snapshot.originalId, snapshot.id])) {
      byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), snapshot]);
    }
  }
  return (snapshot) => byIdentity.get(snapshot.originalId)?.find((other) => likeness(other) === likeness(snapshot))?.id;
};

interface Endpoints {
  readonly source: Repository;
  readonly sourceIndex: RepositoryIndex;
  readonly trees: TreeCache;
  readonly target: Repository;
  readonly targetIndex: RepositoryIndex;
}

/** Gathers what the target lacks and carries it over. */
class Carrier {
  readonly #ends: Endpoints;
  readonly #run: Run;
  readonly #saver: BlobSaver;
  readonly #visited: BlobSet = createBlobSet();
  #wanted = new Map<number, PackedBlob[]>();
  #wantedBlobs = 0;
  blobs = 0;

  constructor(ends: Endpoints, run: Run) {
    this.#ends = ends;
    this.#run = run;
    this.#saver = new BlobSaver(ends.target.session, run, ends.targetIndex.packs.ids().length);
  }

  get bytes(): number {
    return this.#saver.bytes;
  }

  /** Walks a tree; on return everything below it is stored, on its way or gathered. */
  async take(root: Uint8Array): Promise<void> {
    const { trees, sourceIndex } = this.#ends;
    const waiting = [root];
    for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
      throwIfInterrupted(this.#run);
      if (!this.#visited.add(locate(sourceIndex.table, 'tree', tree).slot)) continue;
      const json = await trees.load(tree, this.#run);
      this.#want('tree', tree);
      subtreesAndContents(json, {
        node: ({ subtree, content = new Uint8Array(0) }) => {
          if (subtree !== undefined) waiting.push(subtree.slice());
          for (let at = 0; at < content.length; at += 32) this.#want('data', content.subarray(at, at + 32));
        },
      });
      if (this.#wantedBlobs >= gathered) await this.#carry();
    }
  }

  /** When it resolves, everything that was taken is durable in the target. */
  async finish(): Promise<void> {
    await this.#carry();
    await this.#saver.finish();
  }

  #want(type: 'data' | 'tree', id: Uint8Array): void {
    const { sourceIndex, targetIndex } = this.#ends;
    const { location } = locate(sourceIndex.table, type, id);
    targetIndex.table.reserve(1);
    if (!targetIndex.table.claim(type, id)) return;
    const { pack, offset, length, uncompressedLength } = location;
    const blob: PackedBlob = {
      type,
      id: id.slice(),
      offset,
      length,
      uncompressedLength: uncompressedLength === 0 ? undefined : uncompressedLength,
    };
    const ofPack = this.#wanted.get(pack);
    if (ofPack === undefined) this.#wanted.set(pack, [blob]);
    else ofPack.push(blob);
    this.#wantedBlobs++;
  }

  async #carry(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    this.#wantedBlobs = 0;
    const { source, sourceIndex } = this.#ends;
    for (const [number, blobs] of wanted) {
      const pack = sourceIndex.packs.idOf(number) ?? '';
      for await (const opened of openPackBlobs(source, pack, blobs, this.#run)) {
        await this.#saver.add(opened.blob.type, opened.blob.id, soundPlain(opened, pack));
        this.blobs++;
      }
      this.#run.emit({ kind: 'progress', files: this.blobs, bytes: this.#saver.bytes });
    }
  }
}

/** Nobody may have replaced the index that told us what is there already. */
const assertIndexKept = async ({ target, targetIndex }: Endpoints, run: Run): Promise<void> => {
  target.assertLocked(run);
  const present = new Set(await listNames(target.session.backend, 'index', run));
  if ([...targetIndex.indexIds].every((id) => present.has(id))) return;
  throw new Fault('lock-lost', 'another program replaced index files while snapshots were copied', {
    hint: 'Something ran prune in spite of our lock, or the lock was removed. Run copy again.',
    retry: true,
  });
};

const copyLocked = async (ends: Endpoints, snapshots: readonly SnapshotFile[], run: Run): Promise<CopyResult> => {
  const { target } = ends;
  const copyOf = knownCopies(await target.snapshots(run));
  const carrier = new Carrier(ends, run);
  const results: CopiedSnapshot[] = [];
  let pending: SnapshotFile[] = [];
  let publishedAt = 0;
  const publish = async (): Promise<void> => {
    await carrier.finish();
    publishedAt = carrier.bytes;
    for (const snapshot of pending) {
      await assertIndexKept(ends, run);
      const json = formatSnapshot({ ...withoutParent(snapshot), id: '' });
      results.push({ from: snapshot.id, copy: await target.session.io.save('snapshot', json, run), there: undefined });
    }
    pending = [];
  };
  for (const snapshot of snapshots) {
    throwIfInterrupted(run);
    const there = copyOf(snapshot);
    if (there !== undefined) {
      results.push({ from: snapshot.id, copy: undefined, there });
      continue;
    }
    await carrier.take(Uint8Array.from(Buffer.from(snapshot.tree, 'hex')));
    pending.push(snapshot);
    if (carrier.bytes - publishedAt >= published) await publish();
  }
  await publish();
  return { snapshots: results, blobs: carrier.blobs, bytes: carrier.bytes };
};

/**
 * Copies snapshots of one repository into another, under the other's keys. What is there already is not read; a snapshot
 * that was copied before is left out, told by `original`. Faults: what reading and writing say; snapshots become visible
 * only when all they need is durable, and a copy that was interrupted goes on where it ended.
 */
export const copySnapshots = (
  source: Repository,
  target: Repository,
  snapshots: readonly SnapshotFile[],
  run: Run,
): Promise<CopyResult> => {
  if (source.id === target.id) {
    throw new Fault('usage', 'both repositories are the same one, or one is a copy of the other’s files');
  }
  const work = async (): Promise<CopyResult> => {
    target.forgetIndex();
    const ends = {
      source,
      target,
      sourceIndex: await source.index(run),
      trees: await source.trees(run),
      targetIndex: await target.index(run),
    };
    try {
      return await copyLocked(ends, snapshots, run);
    } finally {
      // Blobs that were claimed and not stored must not be taken for stored.
      target.forgetIndex();
    }
  };
  return source.locked('shared', () => target.locked('shared', work, run), run);
};
