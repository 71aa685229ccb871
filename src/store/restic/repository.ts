import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { Store, StoredSnapshot, WriteOptions, WriteResult } from '../../contract/store.ts';
import type { Nanoseconds, Path } from '../../model/entry.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { parseSnapshot, type SnapshotFile } from './format/snapshot-format.ts';
import { listNames } from './index/index-loader.ts';
import type { RepositoryIndex } from './index/repository-index.ts';
import type { FirstLook } from './lock/lock.ts';
import { LockKeeping } from './lock/lock-keeping.ts';
import { dropDamagedPacks, dropMissingPacks } from './lost-packs.ts';
import type { BlobReader } from './read/blob-reader.ts';
import { createContentReader, createReadingMemory, type ReadingMemory } from './read/content-reader.ts';
import { stretchSizes } from './read/read-plan.ts';
import { createReaderPool, type ReaderPool } from './read/reader-pool.ts';
import { openStoredSnapshot, openStoredTree, type StoredTreeParts } from './read/stored-snapshot.ts';
import type { TreeCache } from './read/tree-cache.ts';
import { lookUpTree } from './read/tree-listing.ts';
import type { SubtreeLedger } from './read/tree-walk.ts';
import { ReadAhead } from './read-ahead.ts';
import {
  knownDamage,
  loadKnowledge,
  rememberWritten,
  type RepositoryKnowledge,
  wasSeenComplete,
} from './repository-knowledge.ts';
import type { LockKind, Session } from './session.ts';
import { readableSnapshots } from './snapshots/readable-snapshots.ts';
import { writeSnapshot } from './write/snapshot-write.ts';

/** An open repository in restic's format. */
export class Repository implements Store {
  readonly session: Session;
  /** Id of the key file that the password opened. */
  readonly keyId: string;
  readonly #locks: LockKeeping;
  readonly #readers: ReaderPool;
  readonly #reading: { readonly stretchesInFlight: number; readonly stretchSize: number };
  readonly #memory: ReadingMemory;
  readonly #ahead: ReadAhead<RepositoryKnowledge>;
  #loaded: Promise<RepositoryKnowledge> | undefined;
  #writes = 0;
  /** What each snapshot was opened with. */
  readonly #opened = new WeakMap<StoredSnapshot, { readonly loaded: RepositoryKnowledge; readonly folder: Path }>();

  constructor(session: Session, keyId: string, firstLook?: FirstLook) {
    this.session = session;
    this.keyId = keyId;
    this.#locks = new LockKeeping(session, firstLook);
    this.#ahead = new ReadAhead(session.backend, (run) => this.#loadAnew(run));
    this.#readers = createReaderPool(session.master, session.options.threads);
    const { connections, isRemote } = session.backend.capabilities;
    this.#reading = {
      stretchesInFlight: Math.max(2 * session.options.threads, isRemote === true ? connections + 2 : 0),
      stretchSize: isRemote === true ? stretchSizes.remote : stretchSizes.local,
    };
    this.#memory = createReadingMemory(this.#reading);
  }

  get description(): string {
    return this.session.backend.description;
  }

  get id(): string {
    return this.session.config.id;
  }

  /** Runs `work` under a lock of restic's; one that is already held by this repository is shared. */
  locked<Result>(kind: LockKind, work: () => Promise<Result>, run: Run): Promise<Result> {
    return this.#locks.locked(kind, work, run);
  }

  /** Fault `lock-lost` when the lock that is held can no longer be relied on. To be asked before what depends on it. */
  assertLocked(run: Run): void {
    this.#locks.assertFresh(run);
  }

  /** Before something is removed: throws unless this repository's exclusive lock is fresh and the only one there. */
  assertAlone(run: Run): Promise<void> {
    return this.#locks.assertAlone(run);
  }

  guarded<Result>(work: () => Promise<Result>, run: Run): Promise<Result> {
    const meanwhile = { begin: () => this.#ahead.begin(run), discard: () => this.#ahead.discard() };
    const guardedWork = async (): Promise<Result> => {
      try {
        return await work();
      } finally {
        this.#ahead.discard();
      }
    };
    return this.#locks.locked('shared', guardedWork, run, meanwhile);
  }

  async snapshots(run: Run): Promise<readonly SnapshotFile[]> {
    const { backend } = this.session;
    const names = await (this.#ahead.take('snapshots', run) ?? listNames(backend, 'snapshot', run));
    return readableSnapshots(names, (name) => this.snapshotFile(name, run), backend.capabilities.connections, run);
  }

  /** One snapshot's file. `id` is whole. */
  async snapshotFile(id: string, run: Run): Promise<SnapshotFile> {
    return parseSnapshot(id, await this.session.io.load('snapshot', id, run));
  }

  /** With a folder, only what lies in it, as the root of the source. Fault `path-missing` when it is not there. */
  async open(id: string, run: Run, folder: Path = []): Promise<StoredSnapshot> {
    let file: SnapshotFile;
    try {
      file = await this.snapshotFile(id, run);
    } catch (error) {
      if (!isFault(error, 'object-missing')) throw error;
      throw new Fault('snapshot-missing', `there is no snapshot ${id.slice(0, 8)}`, {
        cause: error,
        hint: '`mailkeep snapshots` lists those that there are.',
      });
    }
    const loaded = await this.#load(run);
    const parts = this.#treeParts(loaded, file.tree);
    const root = folder.length === 0 ? parts.root : await lookUpTree(parts.trees, parts.root, folder, run);
    const snapshot = openStoredSnapshot({ ...parts, file, root });
    this.#opened.set(snapshot, { loaded, folder });
    return snapshot;
  }

  /** What reading a tree takes. */
  #treeParts(loaded: RepositoryKnowledge, tree: string): StoredTreeParts {
    const { index, blobs, trees, ledger, lost } = loaded;
    const wasComplete = wasSeenComplete(loaded, tree);
    // Asked each time: packs may be found missing after this was opened.
    const knownComplete = (): boolean => wasComplete && lost.size === 0;
    const lossIsTold = (): boolean => lost.size > 0;
    const contents = createContentReader({
      backend: this.session.backend,
      index,
      blobs,
      threads: this.#readers,
      ...this.#reading,
      memory: this.#memory,
    });
    const root = Uint8Array.from(Buffer.from(tree, 'hex'));
    return { root, trees, ledger, contents, knownComplete, lossIsTold, table: index.table };
  }

  write(source: Source, options: WriteOptions, run: Run): Promise<WriteResult> {
    const write = (): Promise<WriteResult> => this.#write(source, options, run);
    return options.dryRun === true ? this.locked('shared', write, run) : this.#locks.whileHeld('shared', write, run);
  }

  /** All that the index files say. Read once. */
  async index(run: Run): Promise<RepositoryIndex> {
    return (await this.#load(run)).index;
  }

  async blobs(run: Run): Promise<BlobReader> {
    return (await this.#load(run)).blobs;
  }

  async trees(run: Run): Promise<TreeCache> {
    return (await this.#load(run)).trees;
  }

  async ledger(run: Run): Promise<SubtreeLedger> {
    return (await this.#load(run)).ledger;
  }

  /** Blobs are opened here, in threads. */
  get readers(): ReaderPool {
    return this.#readers;
  }

  /**
   * Looks whether all packs are there, and takes those that are not out of the index, so that what lies elsewhere as well
   * is read from there. Told as a fault event. One listing: worth it before much is read.
   */
  async findMissingPacks(run: Run): Promise<void> {
    await dropMissingPacks(await this.#load(run), this.session, this.#ahead.take('packs', run), run);
  }

  /** Forgets the index, to be read again: after this repository has changed it. */
  forgetIndex(): void {
    this.#loaded = undefined;
  }

  async close(): Promise<void> {
    await this.#locks.release();
    await this.#readers.close();
    await this.session.backend.close();
  }

  #loadAnew(run: Run): Promise<RepositoryKnowledge> {
    return loadKnowledge(this.session, () => this.#writes > 0, run);
  }

  #load(run: Run): Promise<RepositoryKnowledge> {
    if (this.#loaded !== undefined) return this.#loaded;
    const loading = this.#ahead.take('loaded', run) ?? this.#loadAnew(run);
    this.#loaded = loading;
    // What failed once is tried again.
    loading.catch(() => {
      if (this.#loaded === loading) this.#loaded = undefined;
    });
    return loading;
  }

  /** The parent as it is known now: what it was opened with may be of before an earlier write. */
  async #currentParent(parent: StoredSnapshot, loaded: RepositoryKnowledge, run: Run): Promise<StoredSnapshot> {
    const opened = this.#opened.get(parent);
    if (opened === undefined) throw new Fault('internal', 'the parent was not opened by this repository');
    return opened.loaded === loaded ? parent : this.open(parent.snapshot.id, run, opened.folder);
  }

  async #write(source: Source, given: WriteOptions, run: Run): Promise<WriteResult> {
    const loaded = await this.#load(run);
    const { index, ledger } = loaded;
    const blobsBefore = index.table.size();
    await dropMissingPacks(loaded, this.session, this.#ahead.take('packs', run), run);
    await dropDamagedPacks(loaded, await knownDamage(this.session), this.session, run);
    const options =
      given.parent === undefined ? given : { ...given, parent: await this.#currentParent(given.parent, loaded, run) };
    const parts = {
      session: this.session,
      index,
      ledger,
      assertLocked: () => this.#locks.assertHeld(run),
      openTree: (tree: string, scannedAt: Nanoseconds) => openStoredTree(this.#treeParts(loaded, tree), scannedAt),
    };
    this.#writes++;
    try {
      const { tree, newIndexIds, ...result } = await writeSnapshot(source, options, parts, run);
      // Of an incomplete snapshot nothing is believed unseen.
      const whole = result.snapshot !== undefined && result.unreadable === 0;
      if (whole) await rememberWritten(this.session, loaded, { tree, newIndexIds, blobsBefore }, run);
      return result;
    } finally {
      this.#writes--;
      // Blobs that were claimed and not stored must not be taken for stored by the next write.
      this.forgetIndex();
    }
  }
}
