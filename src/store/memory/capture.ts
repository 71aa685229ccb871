import { hash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { BaseDirectory, BaseEntry, CapturedDirectory, Child, FreshChild, Source } from '../../contract/source.ts';
import type { WriteOptions } from '../../contract/store.ts';
import { byteStringOfLatin1, type ByteString, compareBytes } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import type { EntryAction } from '../../model/event.ts';
import { Fault } from '../../model/fault.ts';
import type { MemoryStorePlace } from './place.ts';
import { type ReadContent, readContents } from './read-contents.ts';
import {
  countsOf,
  countsOfNode,
  isStoredNode,
  type MemoryDirectoryBase,
  type StoredNode,
  type StoredTree,
  treeOf,
} from './stored-tree.ts';

/** Counted while a source is captured. */
export interface CaptureTally {
  filesNew: number;
  filesChanged: number;
  filesUnmodified: number;
  filesRenamed: number;
  directoriesNew: number;
  directoriesChanged: number;
  directoriesUnmodified: number;
  unreadable: number;
  changedWhileRead: number;
  files: number;
  bytes: number;
}

const relocations = 5;

const isOfMemory = (base: BaseDirectory): base is MemoryDirectoryBase => 'tree' in base;
const foreign = (): Fault => new Fault('internal', 'the source refers to a base of another store');

const isReadLast = (child: Child): boolean =>
  child.kind === 'fresh' && child.content.kind === 'delivered' && child.content.last === true;

interface Below {
  readonly tree: StoredTree;
  readonly metadata: Metadata | undefined;
}

/** One capture of a source. Nothing of it is in the place until it is put there. */
export class MemoryCapture {
  readonly tally: CaptureTally = {
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    filesRenamed: 0,
    directoriesNew: 0,
    directoriesChanged: 0,
    directoriesUnmodified: 0,
    unreadable: 0,
    changedWhileRead: 0,
    files: 0,
    bytes: 0,
  };
  /** Contents that the place does not have. */
  readonly contents = new Map<string, Uint8Array>();
  readonly #source: Source;
  readonly #options: WriteOptions;
  readonly #place: MemoryStorePlace;
  readonly #run: Run;
  readonly #directories = new Map<string, Promise<Below>>();
  /** Resolves when everything was read but what is to be read last. */
  readonly #othersRead = Promise.withResolvers<void>();

  constructor(source: Source, options: WriteOptions, place: MemoryStorePlace, run: Run) {
    this.#source = source;
    this.#options = options;
    this.#place = place;
    this.#run = run;
  }

  async capture(): Promise<StoredTree> {
    for await (const directory of this.#source.capture(this.#options.parent, this.#run)) {
      throwIfInterrupted(this.#run);
      const tree = await this.#tree(directory);
      const below = tree.finished.then((finished) => ({ tree: finished, metadata: directory.metadata }));
      // Whoever lists the directory awaits it; a failure must not count as unhandled until then.
      below.catch(() => undefined);
      this.#directories.set(directory.path.join('/'), below);
    }
    this.#othersRead.resolve();
    const root = await this.#directories.get('');
    if (root === undefined) throw new Fault('internal', 'the source yielded no root');
    return root.tree;
  }

  /** Takes a listing to its end. The tree is finished when what is to be read last was read, too. */
  async #tree({ path, listing }: CapturedDirectory): Promise<{ readonly finished: Promise<StoredTree> }> {
    if (listing.kind === 'carried') this.#unreadable(listing.fault, path);
    if (listing.kind === 'amended') throw new Fault('internal', 'nothing packed was offered to the source');
    if (listing.kind !== 'listed') {
      return { finished: Promise.resolve(listing.base === undefined ? treeOf([]) : this.#takeOver(listing.base)) };
    }
    const nodes: Promise<StoredNode | undefined>[] = [];
    for await (const page of listing.pages) {
      throwIfInterrupted(this.#run);
      const { last = [], others = [] } = Object.groupBy(page, (child) => (isReadLast(child) ? 'last' : 'others'));
      nodes.push(...(await this.#nodes(path, others)), ...last.map((child) => this.#lastNode(path, child)));
    }
    return { finished: this.#finish(path, nodes) };
  }

  /** Everything of these that has a content is read before this resolves. */
  async #nodes(path: Path, children: readonly Child[]): Promise<Promise<StoredNode | undefined>[]> {
    const requests = children
      .filter((child) => child.kind === 'fresh')
      .filter(({ content }) => content.kind !== 'none');
    const contents = await readContents(this.#source, requests, this.#run);
    const read = new Map<Child, ReadContent | undefined>(requests.map((child, at) => [child, contents[at]]));
    return children.map((child) => this.#node(path, child, read.get(child)));
  }

  async #lastNode(path: Path, child: Child): Promise<StoredNode | undefined> {
    await this.#othersRead.promise;
    const [node] = await this.#nodes(path, [child]);
    return node;
  }

  async #finish(path: Path, promises: readonly Promise<StoredNode | undefined>[]): Promise<StoredTree> {
    const nodes = new Map<ByteString, StoredNode>();
    // What moved onto a name that is listed, too, is there once.
    for (const node of await Promise.all(promises)) if (node !== undefined) nodes.set(node.entry.name, node);
    const tree = treeOf([...nodes.values()].sort((left, right) => compareBytes(left.entry.name, right.entry.name)));
    await this.#countDirectory(path, tree);
    return tree;
  }

  async #countDirectory(path: Path, tree: StoredTree): Promise<void> {
    const before = await this.#options.parent?.directory(path, this.#run);
    if (before === undefined || !isOfMemory(before)) this.tally.directoriesNew++;
    else if (before.tree.id === tree.id) this.tally.directoriesUnmodified++;
    else this.tally.directoriesChanged++;
  }

  #takeOver(base: BaseDirectory): StoredTree {
    if (!isOfMemory(base)) throw foreign();
    const { files, directories, bytes } = countsOf(base.tree);
    this.tally.filesUnmodified += files;
    this.tally.directoriesUnmodified += directories + 1;
    this.#processed(files, bytes);
    return base.tree;
  }

  async #node(path: Path, child: Child, read: ReadContent | undefined): Promise<StoredNode | undefined> {
    switch (child.kind) {
      case 'directory':
        return this.#directory(path, child.name);
      case 'same': {
        const { entry, base, action } = child;
        if (!isStoredNode(base.reference)) throw foreign();
        this.tally.filesUnmodified++;
        if (action === 'renamed') this.tally.filesRenamed++;
        return this.#kept(action, path, { entry, content: base.reference.content, below: undefined });
      }
      case 'carried':
        this.#unreadable(child.fault, [...path, child.name]);
        return this.#carried(child.base);
      case 'fresh':
        return this.#fresh(path, child, read);
    }
  }

  async #directory(path: Path, name: ByteString): Promise<StoredNode> {
    const below = await this.#directories.get([...path, name].join('/'));
    if (below?.metadata === undefined) throw new Fault('internal', `the source listed ${name} before it yielded it`);
    return { entry: { ...below.metadata, name }, content: undefined, below: below.tree };
  }

  #carried(base: BaseEntry | undefined): StoredNode | undefined {
    if (base?.held !== true || !isStoredNode(base.reference)) return undefined;
    const { files, bytes } = countsOfNode(base.reference);
    this.#processed(files, bytes);
    return base.reference;
  }

  async #fresh(path: Path, listed: FreshChild, first: ReadContent | undefined): Promise<StoredNode | undefined> {
    let child = listed;
    let read = first;
    for (let moved = 0; read?.kind === 'gone' && moved < relocations; moved++) {
      const found = await this.#source.relocate(path, child.entry, this.#run);
      if (found === undefined) break;
      child = found;
      [read] = found.content.kind === 'none' ? [undefined] : await readContents(this.#source, [found], this.#run);
    }
    const where = [...path, child.entry.name];
    if (read?.kind === 'gone') {
      this.#emitFault(new Fault('entry-vanished', 'it was gone when it was to be read'), where);
      return undefined;
    }
    if (read?.kind === 'failed') {
      this.#unreadable(read.fault, where);
      return this.#carried(await this.#inParent(path, child.entry.name));
    }
    if (child.action === 'new') this.tally.filesNew++;
    else this.tally.filesChanged++;
    if (read === undefined)
      return this.#kept(child.action, path, { entry: child.entry, content: undefined, below: undefined });
    if (read.changed) {
      this.tally.changedWhileRead++;
      this.#emitFault(new Fault('entry-changed', 'it changed while it was read', { retry: true }), where);
    }
    const entry = { ...child.entry, size: read.bytes.length };
    return this.#kept(child.action, path, { entry, content: this.#store(read.bytes), below: undefined });
  }

  #store(bytes: Uint8Array): string {
    const key = hash('sha256', bytes, 'hex');
    if (!this.#place.contents.has(key)) this.contents.set(key, bytes);
    return key;
  }

  async #inParent(path: Path, name: ByteString): Promise<BaseEntry | undefined> {
    const pages = this.#options.parent?.children(path, this.#run);
    for await (const page of pages ?? []) {
      const found = page.find(({ entry }) => entry.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #kept(action: EntryAction, path: Path, node: StoredNode): StoredNode {
    const { size, name } = node.entry;
    this.#processed(1, size);
    if (this.#options.reportEntries === true) {
      this.#run.emit({ kind: 'entry', action, path: joined([...path, name]), bytes: size });
    }
    return node;
  }

  #processed(files: number, bytes: number): void {
    this.tally.files += files;
    this.tally.bytes += bytes;
  }

  #unreadable(fault: Fault, path: Path): void {
    this.tally.unreadable++;
    this.#emitFault(fault, path);
  }

  #emitFault(fault: Fault, path: Path): void {
    this.#run.emit({ kind: 'fault', fault, path: joined(path) });
  }
}

const joined = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));
