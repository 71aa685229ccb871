import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type {
  Base,
  BaseDirectory,
  BaseEntry,
  CapturedDirectory,
  Child,
  FreshChild,
  Source,
} from '../../../contract/source.ts';
import { byteStringOfLatin1, type ByteString, displayText } from '../../../model/byte-string.ts';
import type { Entry, Metadata, Nanoseconds, Path } from '../../../model/entry.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type Abilities, setMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { directoryLine, formatEntryLine, isDirectoryLine, nameOfLine, parseEntryLine } from '../manifest/entry-line.ts';
import { keyOf, type ManifestFolder } from '../manifest/folder-line.ts';
import { isDatedDirectory, isDatedReference } from '../manifest/manifest-base.ts';
import type { Manifest } from '../manifest/manifest-reader.ts';
import type { ManifestWriter } from '../manifest/manifest-writer.ts';
import { onDisk } from '../threads/disk-metadata.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import { type Exception, type PageContent, type PageReply, type Placing, placing } from '../threads/page-job.ts';
import { placingOfBase } from '../threads/page-placer.ts';
import { faultOfFailure } from '../threads/system-failure.ts';
import {
  changedWhileRead,
  foreignBase,
  lostOfBase,
  nameTaken,
  relocations,
  settlingTime,
  vanished,
} from './capture-faults.ts';
import { type CaptureTally, createTally } from './capture-tally.ts';
import { deliverToFile } from './deliver-file.ts';
import { type FinishedFolder, FolderWork } from './folder-work.ts';
import { isSameLine, isSameOnDisk } from './same-entry.ts';

/** The base of a capture, as the store has it. */
export interface TreeBase {
  readonly base: Base;
  readonly manifest: Manifest;
  /** The component's folder in that backup. */
  readonly root: ByteString;
  /** Takes down that a file is gone from the disk. */
  readonly lose: (file: string) => void;
}

export interface TreeCaptureParts {
  readonly source: Source;
  readonly base: TreeBase | undefined;
  /** The component's folder in the backup under work, which is there. */
  readonly target: ByteString;
  /** The component's name. */
  readonly component: string;
  readonly pool: DiskPool;
  readonly manifest: ManifestWriter;
  readonly abilities: Abilities;
}

/** One entry on its way to a thread. */
interface Item {
  readonly line: string;
  readonly how: Placing;
  /** As in `PageContent`. */
  readonly from: string;
}

/** Brings a source's directories, children first, into a folder of the disk. */
export class TreeCapture {
  readonly tally: CaptureTally = createTally();
  readonly #parts: TreeCaptureParts;
  readonly #run: Run;
  readonly #startedAt: Nanoseconds;
  readonly #folders = new Map<string, Promise<FinishedFolder>>();
  /** Resolves when everything was read but what is to be read last. */
  readonly #othersRead = Promise.withResolvers<void>();
  #failure: Fault | undefined;
  /** Nothing may be left at work on a folder that is about to be removed. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: TreeCaptureParts, run: Run) {
    this.#parts = parts;
    this.#run = run;
    this.#startedAt = run.now();
  }

  async capture(): Promise<CaptureTally> {
    try {
      for await (const directory of this.#parts.source.capture(this.#parts.base?.base, this.#run)) {
        throwIfInterrupted(this.#run);
        this.#throwFailure();
        await this.#begin(directory);
      }
    } finally {
      this.#othersRead.resolve();
      await Promise.allSettled([...this.#folders.values(), ...this.#underWay]);
    }
    const root = this.#take([]);
    if (root === undefined) throw new Fault('internal', 'the source yielded no root');
    this.tally.counts = (await root).counts;
    return this.tally;
  }

  #take(path: Path): Promise<FinishedFolder> | undefined {
    const key = keyOf(path);
    const folder = this.#folders.get(key);
    this.#folders.delete(key);
    return folder;
  }

  /** A disk that is full is no reason to read all the rest. */
  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #open(path: Path, metadata: Metadata | undefined): FolderWork {
    const target = path.length === 0 ? this.#parts.target : byteStringOfLatin1(`${this.#parts.target}/${keyOf(path)}`);
    if (path.length > 0) makeFolder(target);
    return new FolderWork(path, metadata, target);
  }

  /** Whoever lists the folder awaits it. */
  #close(folder: FolderWork): void {
    const finished = this.#finish(folder);
    finished.catch((error: unknown) => {
      this.#failure ??= asFault(error);
    });
    this.#folders.set(keyOf(folder.path), finished);
  }

  async #finish(folder: FolderWork): Promise<FinishedFolder> {
    const finished = await folder.finish();
    if (folder.metadata !== undefined) this.#describe(folder.target, folder.metadata);
    this.#parts.manifest.addFolder(finished);
    return { counts: finished.counts };
  }

  #describe(target: ByteString, entry: Metadata): void {
    const { abilities } = this.#parts;
    const { metadata, loses } = onDisk(entry, abilities);
    try {
      const descriptor = openSync(
        nativePath(target),
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
      try {
        const losses = setMetadata({ descriptor, path: target, metadata, tidy: false }, abilities.posix);
        if (loses || losses.length > 0) this.tally.losses++;
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw errnoFault(error, 'set the metadata of', target);
    }
  }

  async #begin({ path, metadata, listing }: CapturedDirectory): Promise<void> {
    if (listing.kind === 'same') return this.#takeOver(path, metadata, listing.base);
    if (listing.kind === 'carried') {
      this.#unreadable(listing.fault, path.join('/'));
      if (listing.base !== undefined && (await listing.base.held(this.#run))) {
        return this.#takeOver(path, metadata, listing.base);
      }
    }
    const folder = this.#open(path, metadata);
    if (listing.kind === 'carried') folder.doubtful = true;
    else {
      for await (const page of listing.pages) await this.#addPage(folder, page);
      folder.look = listing.look?.();
    }
    this.#close(folder);
  }

  async #addPage(folder: FolderWork, page: readonly Child[]): Promise<void> {
    throwIfInterrupted(this.#run);
    this.#throwFailure();
    const items: Item[] = [];
    const last: FreshChild[] = [];
    for (const child of page) {
      if (child.kind === 'fresh' && child.content.kind === 'delivered') {
        if (child.content.last === true) last.push(child);
        else items.push(...(await this.#delivered(folder, child)));
      } else {
        const item = await this.#item(folder, child);
        if (item !== undefined) items.push(item);
      }
    }
    if (items.length > 0) await this.#send(folder, contentOf(items));
    for (const child of last) folder.addJob(this.#afterOthers(folder, child));
  }

  /** What a source says of the capture itself is asked for when all else was read. */
  async #afterOthers(folder: FolderWork, child: FreshChild): Promise<void> {
    await this.#othersRead.promise;
    this.#throwFailure();
    await this.#placeLate(folder, await this.#delivered(folder, child));
  }

  async #item(folder: FolderWork, child: Child): Promise<Item | undefined> {
    switch (child.kind) {
      case 'directory':
        return this.#directory(folder, child.name);
      case 'same':
        return this.#same(folder, child.entry, child.base);
      case 'fresh':
        return freshItem(child);
      case 'carried': {
        folder.doubtful = true;
        this.#unreadable(child.fault, [...folder.path, child.name].join('/'));
        const reference = child.base?.held === true ? child.base.reference : undefined;
        return isDatedReference(reference) ? this.#carried(folder, reference.line) : undefined;
      }
    }
  }

  #directory(folder: FolderWork, name: ByteString): Item {
    const below = this.#take([...folder.path, name]);
    if (below === undefined) throw new Fault('internal', `the source listed the folder ${name} before it yielded it`);
    folder.addBelow(below);
    return { line: directoryLine(name), how: placing.done, from: '' };
  }

  #same(folder: FolderWork, entry: Entry, base: BaseEntry): Item {
    const { reference } = base;
    const root = this.#parts.base?.root;
    if (!isDatedReference(reference) || root === undefined) throw foreignBase();
    const line = isSameLine(entry, base.entry) ? reference.line : formatEntryLine({ entry, sha256: reference.sha256 });
    if (entry.type !== 'file') return { line, how: placingOfBase(line), from: '' };
    const isHere = keyOf(reference.path) === keyOf(folder.path) && base.entry.name === entry.name;
    const from = isHere ? '' : byteStringOfLatin1([root, ...reference.path, base.entry.name].join('/'));
    return { line, how: isSameOnDisk(entry, base.entry) ? placing.link : placing.clone, from };
  }

  /** What the base has under the name of something that could not be read. */
  async #carried(folder: FolderWork, line: string): Promise<Item> {
    if (!isDirectoryLine(line)) return { line, how: placingOfBase(line), from: '' };
    const path = [...folder.path, nameOfLine(line)];
    const before = await this.#parts.base?.base.directory(path, this.#run);
    if (before === undefined) throw foreignBase();
    await this.#takeOver(path, undefined, before);
    return this.#directory(folder, nameOfLine(line));
  }

  /** All of a subtree of the base, unseen. */
  async #takeOver(path: Path, metadata: Metadata | undefined, base: BaseDirectory): Promise<void> {
    const of = this.#parts.base;
    if (of === undefined || !isDatedDirectory(base)) throw foreignBase();
    for (const before of of.manifest.subtree(base.path)) {
      const own = before.path.length === base.path.length;
      const place = [...path, ...before.path.slice(base.path.length)];
      const folder = this.#open(place, own ? (metadata ?? before.metadata) : before.metadata);
      folder.doubtful = !base.settled || !before.settled;
      folder.unsorted = before.unsorted;
      folder.look = before.look;
      for (const name of of.manifest.foldersIn(before.path)) {
        const below = this.#take([...place, name]);
        if (below !== undefined) folder.addBelow(below);
      }
      await this.#takeOverPages(folder, before);
      this.#close(folder);
    }
  }

  async #takeOverPages(folder: FolderWork, before: ManifestFolder): Promise<void> {
    const of = this.#parts.base;
    if (of === undefined) throw foreignBase();
    const base = byteStringOfLatin1([of.root, ...before.path].join('/'));
    for (const { offset, length } of before.frames) {
      throwIfInterrupted(this.#run);
      await this.#send(folder, { kind: 'frame', file: of.manifest.entriesFile, offset, length }, base);
    }
  }

  async #send(folder: FolderWork, content: PageContent, base?: string): Promise<void> {
    await this.#parts.pool.room();
    const place = folder.reserve();
    const job = this.#place(folder, content, base).then(async (reply) => {
      if (reply.frame !== undefined) folder.setFrame(place, this.#parts.manifest.addFrame(reply.frame));
      for (const exception of reply.exceptions) await this.#settle(folder, exception);
    });
    folder.addJob(job);
    this.#underWay.add(job);
    const leave = (): void => void this.#underWay.delete(job);
    job.then(leave, (error: unknown) => {
      this.#failure ??= asFault(error);
      leave();
    });
  }

  /** Places and counts a page. */
  async #place(folder: FolderWork, content: PageContent, base?: string): Promise<PageReply> {
    const { pool, component, manifest } = this.#parts;
    const root = this.#parts.base?.root;
    const reply = await pool.place({
      target: folder.target,
      base: base ?? (root === undefined ? '' : [root, ...folder.path].join('/')),
      prefix: `${[component, ...folder.path].join('/')}/`,
      content,
    });
    manifest.addChecksums(reply.checksums, reply.written);
    const { tally } = this;
    tally.linked += reply.linked;
    tally.writtenBytes += reply.writtenBytes;
    tally.losses += reply.losses;
    tally.changedWhileRead += reply.changed.length;
    for (const name of reply.changed) this.#emit(changedWhileRead(), [...folder.path, name].join('/'));
    if (reply.changed.length > 0 || BigInt(reply.newestChange) > this.#startedAt - settlingTime) folder.doubtful = true;
    folder.count(reply.files, reply.bytes);
    this.#processed(reply.files, reply.bytes);
    return reply;
  }

  async #placeLate(folder: FolderWork, items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    const reply = await this.#place(folder, contentOf(items));
    if (reply.frame !== undefined) folder.addLate(this.#parts.manifest.addFrame(reply.frame));
    for (const { line } of items) folder.lateNames.add(nameOfLine(line));
    for (const exception of reply.exceptions) {
      // It moved onto a name that was listed, too: one of the two is enough.
      if (exception.kind !== 'twin') await this.#settle(folder, exception);
    }
  }

  /** What could not be placed as it was listed. */
  async #settle(folder: FolderWork, { line, kind, failure }: Exception): Promise<void> {
    folder.doubtful = true;
    const { entry } = parseEntryLine(line);
    switch (kind) {
      case 'twin':
        if (!folder.lateNames.has(entry.name)) this.#unreadable(nameTaken(), [...folder.path, entry.name].join('/'));
        return;
      case 'failed':
        return this.#failed(folder, entry, failure === undefined ? vanished() : readFault(failure));
      case 'lost':
      case 'gone':
        if (kind === 'lost') this.#parts.base?.lose([...folder.path, entry.name].join('/'));
        return this.#moved(folder, entry, kind);
    }
  }

  async #moved(folder: FolderWork, listed: Entry, kind: 'lost' | 'gone'): Promise<void> {
    let found: FreshChild | undefined;
    try {
      found = await this.#parts.source.relocate(folder.path, listed, this.#run);
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      return this.#failed(folder, listed, error);
    }
    if (found !== undefined) return this.#placeFound(folder, found);
    const path = [...folder.path, listed.name].join('/');
    if (kind === 'lost') throw lostOfBase(displayText(byteStringOfLatin1(path)));
    this.#emit(vanished(), path);
  }

  readonly #moves = new Map<string, number>();

  async #placeFound(folder: FolderWork, found: FreshChild): Promise<void> {
    const key = keyOf([...folder.path, found.entry.name]);
    const moves = (this.#moves.get(key) ?? 0) + 1;
    this.#moves.set(key, moves);
    if (moves > relocations) return this.#failed(folder, found.entry, vanished());
    const isDelivered = found.content.kind === 'delivered';
    await this.#placeLate(folder, isDelivered ? await this.#delivered(folder, found) : [freshItem(found)]);
  }

  /** It could not be read: what the base has of it stays. */
  async #failed(folder: FolderWork, entry: Entry, fault: Fault): Promise<void> {
    folder.doubtful = true;
    this.#unreadable(fault, [...folder.path, entry.name].join('/'));
    const line = await this.#lineOfBase(folder.path, entry.name);
    if (line !== undefined) await this.#placeLate(folder, [await this.#carried(folder, line)]);
  }

  async #lineOfBase(path: Path, name: ByteString): Promise<string | undefined> {
    const manifest = this.#parts.base?.manifest;
    const before = manifest?.folder(path);
    if (manifest === undefined || before === undefined) return undefined;
    for await (const lines of manifest.lines(before, this.#run)) {
      const line = lines.find((candidate) => nameOfLine(candidate) === name);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  /** Reads what the source delivers into its place. Nothing when there was nothing to read. */
  async #delivered(folder: FolderWork, child: FreshChild): Promise<readonly Item[]> {
    const { source, abilities } = this.#parts;
    const { entry, content } = child;
    const to = byteStringOfLatin1(`${folder.target}/${entry.name}`);
    const delivered = await deliverToFile(source, { entry, content }, { to, abilities }, this.#run);
    if (delivered.kind === 'gone') await this.#moved(folder, entry, 'gone');
    if (delivered.kind === 'failed') await this.#failed(folder, entry, delivered.fault);
    if (delivered.kind !== 'read') return [];
    const { bytes, sha256, changed } = delivered;
    const path = [...folder.path, entry.name].join('/');
    if (changed) {
      folder.doubtful = true;
      this.tally.changedWhileRead++;
      this.#emit(changedWhileRead(), path);
    }
    this.tally.writtenBytes += bytes;
    const line = formatEntryLine({ entry: { ...entry, size: bytes }, sha256 });
    return [{ line, how: placing.written, from: '' }];
  }

  #unreadable(fault: Fault, path: string): void {
    this.tally.unreadable++;
    this.#emit(fault, path);
  }

  #emit(fault: Fault, path: string): void {
    this.#run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(`${this.#parts.component}/${path}`) });
  }

  #files = 0;
  #bytes = 0;

  #processed(files: number, bytes: number): void {
    this.#files += files;
    this.#bytes += bytes;
    this.#run.emit({ kind: 'progress', files: this.#files, bytes: this.#bytes });
  }
}

/** Mostly the one above is there, and a look at each of those is spared. */
const makeFolder = (path: ByteString): void => {
  try {
    mkdirSync(nativePath(path), { mode: 0o700 });
  } catch (first) {
    if (errnoCode(first) === 'EEXIST') return;
    try {
      mkdirSync(nativePath(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw errnoFault(error, 'make the folder', path);
    }
  }
};

const readFault = (failure: Exclude<Exception['failure'], undefined>): Fault =>
  faultOfFailure(failure, 'read', {
    EACCES: 'entry-unreadable',
    EPERM: 'entry-unreadable',
    EIO: 'entry-unreadable',
    ESTALE: 'entry-unreadable',
  });

const contentOf = (items: readonly Item[]): PageContent => ({
  kind: 'lines',
  lines: items.map(({ line }) => line),
  placings: items.map(({ how }) => how),
  from: items.map(({ from }) => from),
});

const freshItem = ({ entry, content }: FreshChild): Item => {
  const line = formatEntryLine({ entry, sha256: '' });
  if (content.kind === 'local-file') return { line, how: placing.copy, from: content.file };
  return { line, how: placingOfBase(line), from: '' };
};
