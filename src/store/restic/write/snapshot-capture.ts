import { hash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type {
  BaseDirectory,
  BaseEntry,
  CapturedDirectory,
  Child,
  FreshChild,
  Source,
} from '../../../contract/source.ts';
import type { StoredSnapshot } from '../../../contract/store.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { noCounts, type Counts, type Entry, type Metadata, type Nanoseconds, type Path } from '../../../model/entry.ts';
import type { EntryAction } from '../../../model/event.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { amendedPages, type CopiedNodes, expectedBytes, listedName } from './amended-pages.ts';
import { captureTotals } from './capture-totals.ts';
import { DirectoryBuilder, type BuiltNode, type NodeSlot } from './directory-builder.ts';
import type { ContentQueue, StoredContent } from './content-queue.ts';
import { isStoredDirectory, isStoredReference, packedBase } from '../read/stored-snapshot.ts';
import type { SubtreeLedger } from '../read/tree-walk.ts';
import type { TreeNode } from '../format/tree-format.ts';
import { validateTree } from '../format/tree-validate.ts';

/** Counted while a source is captured. */
export interface CaptureCounters {
  filesNew: number;
  filesChanged: number;
  filesUnmodified: number;
  filesRenamed: number;
  directoriesNew: number;
  directoriesChanged: number;
  directoriesUnmodified: number;
  treeBlobs: number;
  unreadable: number;
  changedWhileRead: number;
  files: number;
  bytes: number;
}

export const noCaptureCounters = (): CaptureCounters => ({
  filesNew: 0,
  filesChanged: 0,
  filesUnmodified: 0,
  filesRenamed: 0,
  directoriesNew: 0,
  directoriesChanged: 0,
  directoriesUnmodified: 0,
  treeBlobs: 0,
  unreadable: 0,
  changedWhileRead: 0,
  files: 0,
  bytes: 0,
});

/** A subtree that is in the repository, or on its way. */
interface Subtree {
  readonly id: Uint8Array;
  readonly counts: Counts;
  readonly metadata: Metadata | undefined;
}

/** A directory whose listing was taken to its end. */
interface Listed extends Pick<CapturedDirectory, 'path' | 'metadata'> {
  readonly look: string | undefined;
}

export interface CaptureParts {
  readonly source: Source;
  readonly parent: StoredSnapshot | undefined;
  readonly contents: ContentQueue;
  /** Takes a tree that the repository may have already; resolves when a writer has it. True if it was new. */
  readonly storeTree: (id: Uint8Array, json: Uint8Array) => Promise<boolean>;
  readonly ledger: SubtreeLedger;
  /** Emit what became of each entry. */
  readonly reportEntries: boolean;
  readonly counters: CaptureCounters;
}

/** A file that was touched later than this before the run may not be finished. */
const settlingTime = 2_000_000_000n;

/** How often a message is looked for again that moves on each time before it is opened. */
const relocations = 5;

const vanished = (): Fault =>
  new Fault('entry-vanished', 'it was there when its folder was listed and gone when it was to be read');

const changedWhileRead = (): Fault =>
  new Fault('entry-changed', 'it changed while it was read; what was read is kept', {
    hint: 'The next backup reads it again.',
    retry: true,
  });

const notWhole = (): Fault =>
  new Fault('blob-missing', 'what the last snapshot had here cannot be carried forward, since parts of it are lost', {
    hint: 'Run `mailkeep check` to see what is lost.',
  });

const nodeOf = (entry: Entry, content: Uint8Array | undefined, subtree: Uint8Array | undefined): TreeNode => ({
  entry,
  content,
  subtree,
});

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;
const keyOf = (path: Path): string => path.join('/');
const joined = (path: Path, name: ByteString): ByteString => byteStringOfLatin1([...path, name].join('/'));

const entriesOf = async (pages: AsyncIterable<readonly BaseEntry[]>): Promise<ReadonlyMap<ByteString, BaseEntry>> => {
  const entries = new Map<ByteString, BaseEntry>();
  for await (const page of pages) for (const base of page) entries.set(base.entry.name, base);
  return entries;
};

/** Brings a source's directories, children first, into trees. */
export class SnapshotCapture {
  readonly #parts: CaptureParts;
  readonly #run: Run;
  readonly #startedAt: Nanoseconds;
  readonly #subtrees = new Map<string, Promise<Subtree>>();
  /** Directories in which something changed, vanished or failed while they were captured. */
  readonly #doubtful = new Set<string>();
  /** What the parent has in the folder where something could not be read last. */
  #failing: { readonly key: string; readonly before: Promise<ReadonlyMap<ByteString, BaseEntry>> } | undefined;

  constructor(parts: CaptureParts, run: Run) {
    this.#parts = parts;
    this.#run = run;
    this.#startedAt = run.now();
  }

  /** Returns the root tree. */
  async capture(): Promise<Subtree> {
    const { source, parent, contents } = this.#parts;
    const base = parent && packedBase(parent);
    for await (const directory of source.capture(base, this.#run)) {
      throwIfInterrupted(this.#run);
      const { subtree } = await this.#begin(directory);
      // Whoever lists the directory awaits it; a failure must not count as unhandled until then.
      subtree.catch(() => undefined);
      this.#subtrees.set(keyOf(directory.path), subtree);
    }
    await contents.flush();
    const root = this.#take([]);
    if (root === undefined) throw new Fault('internal', 'the source yielded no root');
    return root;
  }

  #take(path: Path): Promise<Subtree> | undefined {
    const key = keyOf(path);
    const subtree = this.#subtrees.get(key);
    this.#subtrees.delete(key);
    return subtree;
  }

  /** Consumes a directory's listing. `subtree` resolves once all its contents are stored. */
  async #begin(directory: CapturedDirectory): Promise<{ readonly subtree: Promise<Subtree> }> {
    const { listing, path, metadata } = directory;
    if (listing.kind === 'same') return { subtree: this.#takeOver(listing.base, metadata) };
    if (listing.kind === 'carried') {
      this.#unreadable(listing.fault, path.join('/'));
      const isWhole = listing.base !== undefined && (await this.#isWhole(listing.base, path));
      if (listing.base !== undefined && isWhole) return { subtree: this.#takeOver(listing.base, metadata) };
      return { subtree: this.#finish(new DirectoryBuilder(0), { path, metadata, look: undefined }) };
    }
    const builder = new DirectoryBuilder(listing.kind === 'amended' ? expectedBytes(listing.packed) : 0);
    for await (const page of listing.kind === 'amended' ? amendedPages(listing) : listing.pages) {
      throwIfInterrupted(this.#run);
      builder.addPage(
        page.map((child) => this.#slot(path, child)),
        page.map(listedName),
      );
      await this.#parts.contents.drain();
    }
    return { subtree: this.#finish(builder, { path, metadata, look: listing.look?.() }) };
  }

  async #takeOver(base: BaseDirectory, metadata: Metadata | undefined): Promise<Subtree> {
    if (!isStoredDirectory(base)) throw new Fault('internal', 'the source refers to a base of another store');
    const counts = await base.counts(this.#run);
    const { counters } = this.#parts;
    counters.filesUnmodified += counts.files;
    counters.directoriesUnmodified += counts.directories + 1;
    this.#processed(counts.files, counts.bytes);
    return { id: base.treeId, counts, metadata: metadata ?? base.metadata };
  }

  async #finish(builder: DirectoryBuilder, { path, metadata, look }: Listed): Promise<Subtree> {
    const { json, counts } = await builder.finish();
    // A tree that nobody could read would be found out only at a restore: restic's own check does not look.
    const [malformed] = validateTree(json);
    if (malformed !== undefined) throw malformed;
    const id = hash('sha256', json, 'buffer');
    const { counters, parent, ledger } = this.#parts;
    if (await this.#parts.storeTree(id, json)) counters.treeBlobs++;
    // What is not learned is looked into by the next run, however unchanged it seems.
    if (!this.#doubtful.delete(keyOf(path))) ledger.learn(id, look === undefined ? { counts } : { counts, look });
    const before = await parent?.directory(path, this.#run);
    if (before === undefined || !isStoredDirectory(before)) counters.directoriesNew++;
    else if (sameBytes(before.treeId, id)) counters.directoriesUnmodified++;
    else counters.directoriesChanged++;
    return { id, counts, metadata };
  }

  #slot(path: Path, child: Child | CopiedNodes): NodeSlot {
    if ('copied' in child) return this.#copied(path, child);
    switch (child.kind) {
      case 'directory':
        return this.#directorySlot(path, child.name);
      case 'same':
        return this.#sameSlot(path, child.entry, child.base, child.action);
      case 'fresh':
        if (child.content.kind === 'none') return this.#stored(path, child, { entry: child.entry, content: undefined });
        return this.#contentSlot(path, child, this.#parts.contents.add(child.entry, child.content));
      case 'carried':
        this.#doubtful.add(keyOf(path));
        this.#unreadable(child.fault, joined(path, child.name));
        return this.#carriedSlot(path, child.base);
    }
  }

  #copied(path: Path, nodes: CopiedNodes): CopiedNodes {
    const { files, bytes } = nodes.counts;
    this.#parts.counters.filesUnmodified += files;
    this.#processed(files, bytes);
    if (this.#parts.reportEntries) for (const entry of nodes.entries()) this.#report('unchanged', path, entry);
    return nodes;
  }

  async #directorySlot(path: Path, name: ByteString): Promise<BuiltNode> {
    const promise = this.#take([...path, name]);
    if (promise === undefined) throw new Fault('internal', `the source listed the folder ${name} before it yielded it`);
    const { id, counts, metadata } = await promise;
    if (metadata === undefined) throw new Fault('internal', `the source said nothing of the folder ${name}`);
    return { node: nodeOf({ ...metadata, name }, undefined, id), below: counts };
  }

  #sameSlot(path: Path, entry: Entry, base: BaseEntry, action: 'unchanged' | 'renamed'): BuiltNode {
    if (!isStoredReference(base.reference)) throw new Fault('internal', 'the source refers to a base of another store');
    const { counters } = this.#parts;
    counters.filesUnmodified++;
    if (action === 'renamed') counters.filesRenamed++;
    this.#processed(1, entry.size);
    this.#report(action, path, entry);
    return { node: nodeOf(entry, base.reference.node.content, undefined), below: noCounts };
  }

  async #carriedSlot(path: Path, base: BaseEntry | undefined): Promise<BuiltNode | undefined> {
    if (base?.held !== true || !isStoredReference(base.reference)) return undefined;
    const { node } = base.reference;
    if (node.subtree !== undefined && !(await this.#parts.ledger.complete(node.subtree, this.#run))) {
      this.#run.emit({ kind: 'fault', fault: notWhole(), path: joined(path, node.entry.name) });
      return undefined;
    }
    const below = node.subtree === undefined ? noCounts : await this.#parts.ledger.counts(node.subtree, this.#run);
    const own =
      node.subtree === undefined
        ? { files: 1, directories: 0, bytes: node.entry.size }
        : { ...noCounts, directories: 1 };
    this.#processed(own.files + below.files, own.bytes + below.bytes);
    return { node, below };
  }

  async #contentSlot(path: Path, child: FreshChild, promise: Promise<StoredContent>): Promise<BuiltNode | undefined> {
    let current = child;
    let stored = await promise;
    for (let moved = 0; stored.kind === 'gone' && moved < relocations; moved++) {
      const found = await this.#relocate(path, current.entry);
      if (found === undefined) break;
      if (found instanceof Fault) {
        stored = { kind: 'failed', fault: found };
        break;
      }
      current = found;
      if (found.content.kind === 'none') return this.#stored(path, found, { entry: found.entry, content: undefined });
      stored = await this.#parts.contents.addNow(found.entry, found.content);
    }
    switch (stored.kind) {
      case 'stored':
        return this.#stored(path, current, this.#asRead(path, current.entry, stored));
      case 'gone':
        this.#doubtful.add(keyOf(path));
        this.#run.emit({ kind: 'fault', fault: vanished(), path: joined(path, current.entry.name) });
        return undefined;
      case 'failed':
        this.#doubtful.add(keyOf(path));
        this.#unreadable(stored.fault, joined(path, current.entry.name));
        return this.#carriedSlot(path, await this.#inParent(path, current.entry.name));
    }
  }

  /** Where an entry went; undefined when it is really gone; the Fault when that cannot be told. */
  async #relocate(path: Path, entry: Entry): Promise<FreshChild | Fault | undefined> {
    try {
      return await this.#parts.source.relocate(path, entry, this.#run);
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      return error;
    }
  }

  /** Whether a subtree of the base can be carried forward; told when it cannot. */
  async #isWhole(base: BaseDirectory, path: Path): Promise<boolean> {
    if (await base.held(this.#run)) return true;
    this.#run.emit({ kind: 'fault', fault: notWhole(), path: byteStringOfLatin1(path.join('/')) });
    return false;
  }

  /** The entry as it was when its bytes were read. */
  #asRead(path: Path, entry: Entry, stored: StoredContent & { kind: 'stored' }): { entry: Entry; content: Uint8Array } {
    const { stamp } = stored;
    if (stored.changed) {
      this.#parts.counters.changedWhileRead++;
      this.#run.emit({ kind: 'fault', fault: changedWhileRead(), path: joined(path, entry.name) });
    }
    // It may still be being written, in place: only a file at rest says that its folder will not hold more tomorrow.
    if (stamp !== undefined || entry.ctime > this.#startedAt - settlingTime) this.#doubtful.add(keyOf(path));
    if (stamp === undefined) return { entry: { ...entry, size: stored.bytes }, content: stored.ids };
    const atime = entry.atime === entry.mtime ? stamp.mtime : entry.atime;
    return { entry: { ...entry, ...stamp, atime }, content: stored.ids };
  }

  #stored(path: Path, child: FreshChild, read: { entry: Entry; content: Uint8Array | undefined }): BuiltNode {
    const { counters } = this.#parts;
    if (child.action === 'new') counters.filesNew++;
    else counters.filesChanged++;
    this.#processed(1, read.entry.size);
    this.#report(child.action, path, read.entry);
    return { node: nodeOf(read.entry, read.content, undefined), below: noCounts };
  }

  async #inParent(path: Path, name: ByteString): Promise<BaseEntry | undefined> {
    const { parent } = this.#parts;
    if (parent === undefined) return undefined;
    const key = keyOf(path);
    // Where one cannot be read, many of the same folder cannot.
    if (this.#failing?.key !== key) this.#failing = { key, before: entriesOf(parent.children(path, this.#run)) };
    const found = (await this.#failing.before).get(name);
    return found?.held === true ? found : undefined;
  }

  #unreadable(fault: Fault, path: string): void {
    this.#parts.counters.unreadable++;
    this.#run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(path) });
  }

  #processed(files: number, bytes: number): void {
    const { counters } = this.#parts;
    counters.files += files;
    counters.bytes += bytes;
    const { files: done, bytes: doneBytes } = counters;
    this.#run.emit({ kind: 'progress', files: done, bytes: doneBytes, ...captureTotals(this.#parts, counters) });
  }

  #report(action: EntryAction, path: Path, entry: Entry): void {
    if (!this.#parts.reportEntries) return;
    this.#run.emit({ kind: 'entry', action, path: joined(path, entry.name), bytes: entry.size });
  }
}
