import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { Store, StoredSnapshot, WriteOptions, WriteResult } from '../../contract/store.ts';
import type { Path } from '../../model/entry.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { createBlobReader, type BlobReader } from './read/blob-reader.ts';
import { createDecompressor } from './sealing/compression.ts';
import { createConfig, formatConfig, parseConfig } from './format/config.ts';
import { createContentReader, createReadingMemory, type ReadingMemory } from './read/content-reader.ts';
import { createEnvelope, generateMasterKey } from './sealing/envelope.ts';
import { createIndexCache } from './index/index-cache.ts';
import { dropPacks, listNames, loadIndex, lostPacks } from './index/index-loader.ts';
import type { RepositoryIndex } from './index/repository-index.ts';
import { createKeyFile } from './sealing/key.ts';
import { type FirstLook, lookForLocks } from './lock/lock.ts';
import { LockKeeping } from './lock/lock-keeping.ts';
import { createObjectIo } from './object-io.ts';
import { listSizes } from './save-checked.ts';
import { loadPoly1305 } from './sealing/poly1305.ts';
import { findKey } from './repository-key.ts';
import { createBlobSealer } from './sealing/blob-sealer.ts';
import type { LockKind, RepositoryOptions, Session } from './session.ts';
import { parseSnapshot, type SnapshotFile } from './format/snapshot-format.ts';
import { writeSnapshot } from './write/snapshot-write.ts';
import { openStoredSnapshot } from './read/stored-snapshot.ts';
import { lookUpTree } from './read/tree-listing.ts';
import {
  loadSubtreeKnowledge,
  noKnowledge,
  saveSubtreeKnowledge,
  type SubtreeKnowledge,
} from './index/subtree-cache.ts';
import { createReaderPool, type ReaderPool } from './read/reader-pool.ts';
import { localOffsetMinutes } from './format/time-format.ts';
import { ReadAhead } from './read-ahead.ts';
import { readableSnapshots } from './snapshots/readable-snapshots.ts';
import { stretchSizes } from './read/read-plan.ts';
import { createTreeCache, type TreeCache } from './read/tree-cache.ts';
import { createSubtreeLedger, type SubtreeLedger } from './read/tree-walk.ts';

export interface OpenOptions extends RepositoryOptions {
  readonly password: string;
  /** Beginning of the id of the key to try first. */
  readonly keyHint?: string;
}

export interface InitOptions extends OpenOptions {
  /** A password we generated needs no costly derivation. */
  readonly generatedPassword: boolean;
  /** Called when the place is made and nothing of the repository is in it yet. */
  readonly beforeFirstObject?: (backend: Backend, run: Run) => Promise<void>;
}

const missingRepository = (backend: Backend, cause: unknown): Fault =>
  new Fault('repository-missing', `there is no repository at ${backend.description}`, {
    cause,
    hint: 'Check the location, and that its disk is mounted; `mailkeep init` makes a new repository.',
  });

/** Throws `repository-missing` when there is no repository. */
export const assertRepository = async (backend: Backend, run: Run): Promise<void> => {
  try {
    await backend.size({ kind: 'config', name: '' }, run);
  } catch (error) {
    throw isFault(error, 'object-missing') ? missingRepository(backend, error) : error;
  }
};

/** Makes a new repository. Faults: `repository-exists`, and what the backend says. Returns its id. */
export const initRepository = async (backend: Backend, options: InitOptions, run: Run): Promise<string> => {
  const exists = await backend.size({ kind: 'config', name: '' }, run).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, 'object-missing', 'storage-missing')) return false;
      throw error;
    },
  );
  if (!exists) await backend.create(run);
  // A repository whose config was lost is one all the same: its keys are what must not be buried under new ones.
  const keys = exists ? [] : await listNames(backend, 'key', run);
  if (exists || keys.length > 0) {
    throw new Fault('repository-exists', `there is already a repository at ${backend.description}`, {
      hint: 'Choose another place, or use the one that is there: nothing has been changed.',
    });
  }
  await options.beforeFirstObject?.(backend, run);
  const poly1305 = await loadPoly1305();
  const master = generateMasterKey();
  const config = createConfig();
  const now = run.now();
  const { username, hostname } = options.identity;
  const key = await createKeyFile(
    options.password,
    master,
    {
      created: { nanoseconds: now, offsetMinutes: localOffsetMinutes(now) },
      username,
      hostname,
      cost: options.generatedPassword ? 'generated-password' : 'standard',
    },
    (derived) => createEnvelope(derived, poly1305),
  );
  await backend.save({ kind: 'key', name: hash('sha256', key, 'hex'), isNamedByHash: true }, [key], run);
  await backend.save({ kind: 'config', name: '' }, [createEnvelope(master, poly1305).seal(formatConfig(config))], run);
  return config.id;
};

/** Opens a repository. Faults: `repository-missing`, `wrong-password`, `repository-newer`, `config-damaged`, `key-damaged`. */
export const openRepository = async (backend: Backend, options: OpenOptions, run: Run): Promise<Repository> => {
  let sealedConfig: Uint8Array;
  // Asked for together, as each may take a round trip; a failure counts where it is awaited.
  const keyNames = listNames(backend, 'key', run);
  keyNames.catch(() => undefined);
  try {
    sealedConfig = await backend.load({ kind: 'config', name: '' }, undefined, run);
  } catch (error) {
    throw isFault(error, 'object-missing') ? missingRepository(backend, error) : error;
  }
  const poly1305 = await loadPoly1305();
  const firstLook = options.noLock ? undefined : lookForLocks(backend, run);
  const names = await keyNames;
  const keyOptions = { poly1305, names, ...(options.keyHint === undefined ? {} : { hint: options.keyHint }) };
  const { master, id: keyId } = await findKey(backend, options.password, keyOptions, run);
  const envelope = createEnvelope(master, poly1305);
  const plain = envelope.open(sealedConfig);
  if (plain === undefined) {
    throw new Fault('config-damaged', `the config of the repository at ${backend.description} is damaged`, {
      hint: 'Bring the file `config` back from a copy of the repository; all other files can stay as they are.',
    });
  }
  const config = parseConfig(plain);
  const storage = options.caching?.(backend, config.id) ?? backend;
  const session: Session = {
    backend: storage,
    config,
    master,
    envelope,
    sealer: createBlobSealer(master, poly1305),
    decompressor: createDecompressor(),
    io: createObjectIo(storage, envelope, config.version),
    options,
  };
  return new Repository(session, keyId, firstLook);
};

interface Loaded {
  readonly index: RepositoryIndex;
  readonly blobs: BlobReader;
  readonly trees: TreeCache;
  readonly ledger: SubtreeLedger;
  readonly knowledge: SubtreeKnowledge;
  /** Ids of packs that the index lists and that were seen to be gone. */
  readonly lost: Set<string>;
}

/** An open repository in restic's format. */
export class Repository implements Store {
  readonly session: Session;
  /** Id of the key file that the password opened. */
  readonly keyId: string;
  readonly #locks: LockKeeping;
  readonly #readers: ReaderPool;
  readonly #reading: { readonly stretchesInFlight: number; readonly stretchSize: number };
  readonly #memory: ReadingMemory;
  readonly #ahead: ReadAhead<Loaded>;
  #loaded: Promise<Loaded> | undefined;
  #writes = 0;
  /** What each snapshot was opened with. */
  readonly #opened = new WeakMap<StoredSnapshot, { readonly loaded: Loaded; readonly folder: Path }>();

  constructor(session: Session, keyId: string, firstLook?: FirstLook) {
    this.session = session;
    this.keyId = keyId;
    this.#locks = new LockKeeping(session, firstLook);
    this.#ahead = new ReadAhead(session.backend, (run) => this.#loadNow(run));
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
    const { index, blobs, ledger, knowledge, lost } = loaded;
    const trees = this.#noticing(loaded);
    const wasComplete =
      knowledge.completeRoots.includes(file.tree) && knowledge.indexIds.every((name) => index.indexIds.has(name));
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
    const root = Uint8Array.from(Buffer.from(file.tree, 'hex'));
    const tree = folder.length === 0 ? root : await lookUpTree(trees, root, folder, run);
    const parts = { file, root: tree, trees, ledger, contents, knownComplete, lossIsTold, table: index.table };
    const snapshot = openStoredSnapshot(parts);
    this.#opened.set(snapshot, { loaded, folder });
    return snapshot;
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
    await this.#dropMissingPacks(await this.#load(run), run);
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

  get #cacheDirectory(): string | undefined {
    const { cacheDirectory } = this.session.options;
    return cacheDirectory === undefined ? undefined : join(cacheDirectory, this.id, 'mailkeep');
  }

  #load(run: Run): Promise<Loaded> {
    if (this.#loaded !== undefined) return this.#loaded;
    const loading = this.#ahead.take('loaded', run) ?? this.#loadNow(run);
    this.#loaded = loading;
    // What failed once is tried again.
    loading.catch(() => {
      if (this.#loaded === loading) this.#loaded = undefined;
    });
    return loading;
  }

  async #loadNow(run: Run): Promise<Loaded> {
    const { session } = this;
    const directory = this.#cacheDirectory;
    const cache = directory === undefined ? undefined : createIndexCache(directory, session.envelope);
    const index = await loadIndex({ backend: session.backend, io: session.io, cache }, run);
    const blobs = createBlobReader(session.backend, index, session);
    const trees = createTreeCache(blobs);
    const knowledge = directory === undefined ? noKnowledge : await loadSubtreeKnowledge(directory, session.envelope);
    const ledger = createSubtreeLedger(trees, index.table, knowledge.counts);
    return { index, blobs, trees, ledger, knowledge, lost: new Set() };
  }

  /** The parent as it is known now: what it was opened with may be of before an earlier write. */
  async #currentParent(parent: StoredSnapshot, loaded: Loaded, run: Run): Promise<StoredSnapshot> {
    const opened = this.#opened.get(parent);
    if (opened === undefined) throw new Fault('internal', 'the parent was not opened by this repository');
    return opened.loaded === loaded ? parent : this.open(parent.snapshot.id, run, opened.folder);
  }

  async #write(source: Source, given: WriteOptions, run: Run): Promise<WriteResult> {
    const loaded = await this.#load(run);
    const { index, ledger } = loaded;
    await this.#dropMissingPacks(loaded, run);
    const options =
      given.parent === undefined ? given : { ...given, parent: await this.#currentParent(given.parent, loaded, run) };
    const parts = { session: this.session, index, ledger, assertLocked: () => this.#locks.assertHeld(run) };
    this.#writes++;
    try {
      const { tree, newIndexIds, ...result } = await writeSnapshot(source, options, parts, run);
      // Of an incomplete snapshot nothing is believed unseen.
      const whole = result.snapshot !== undefined && result.unreadable === 0;
      if (whole) await this.#remember(tree, [...index.indexIds, ...newIndexIds], ledger, run);
      return result;
    } finally {
      this.#writes--;
      // Blobs that were claimed and not stored must not be taken for stored by the next write.
      this.forgetIndex();
    }
  }

  /** A pack that an index lists and that is gone holds nothing any more: what was in it is elsewhere, or lost. */
  async #dropMissingPacks({ index, lost }: Loaded, run: Run): Promise<void> {
    const { backend } = this.session;
    const ahead = this.#ahead.take('packs', run);
    let gone = lostPacks(index, await (ahead ?? listSizes(backend, 'pack', run)));
    // A pack that was stored by another run between the two listings is not missing.
    if (gone.length > 0 && ahead !== undefined) gone = lostPacks(index, await listSizes(backend, 'pack', run));
    const missing = gone.filter((id) => !lost.has(id));
    const [first] = missing;
    if (first === undefined) return;
    const what =
      missing.length === 1
        ? 'a pack is missing or too short,'
        : `${missing.length} packs are missing or too short, the first is`;
    const fault = new Fault('pack-damaged', `${what} ${first.slice(0, 8)}`, {
      hint: '`mailkeep check` shows what is lost; a backup stores again what is still at its source.',
      context: { packs: missing.length },
    });
    run.emit({ kind: 'fault', fault });
    for (const id of missing) lost.add(id);
    await dropPacks(index, new Set(missing.map((id) => index.packs.numberOf(id))), this.session.io, run);
  }

  /**
   * Trees as they are loaded. While a snapshot is written, a damaged one is no longer taken for stored, nor is anything
   * else in its pack; who only reads is still given what is whole in it.
   */
  #noticing({ index, trees, lost }: Loaded): TreeCache {
    const noticed = async <Tree>(id: Uint8Array, run: Run, loaded: Promise<Tree>): Promise<Tree> => {
      try {
        return await loaded;
      } catch (error) {
        const isDamage = this.#writes > 0 && isFault(error, 'blob-damaged', 'pack-damaged');
        const slot = isDamage ? index.table.find('tree', id) : undefined;
        const pack = slot === undefined ? undefined : index.table.location(slot)?.pack;
        if (pack !== undefined) {
          lost.add(index.packs.idOf(pack) ?? '');
          await dropPacks(index, new Set([pack]), this.session.io, run);
        }
        throw error;
      }
    };
    return {
      load: (id, run) => noticed(id, run, trees.load(id, run)),
      folders: (id, run) => noticed(id, run, trees.folders(id, run)),
    };
  }

  async #remember(tree: string, indexIds: readonly string[], ledger: SubtreeLedger, run: Run): Promise<void> {
    const directory = this.#cacheDirectory;
    if (directory === undefined) return;
    const knowledge = { completeRoots: [tree], indexIds, counts: ledger.settled() };
    await saveSubtreeKnowledge(directory, this.session.envelope, knowledge, run);
  }
}
