import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { BaseEntry, CapturedDirectory, Child, FreshChild, Listing } from '../../../contract/source.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { formatEntryLine } from '../manifest/entry-line.ts';
import { keyOf } from '../manifest/folder-line.ts';
import { isDatedReference } from '../manifest/manifest-base.ts';
import { isPackedLines } from '../manifest/packed-lines.ts';
import { placing } from '../threads/page-job.ts';
import { placingOfBase } from '../threads/page-placer.ts';
import { createAmendedFrames } from './amended-frames.ts';
import { foreignBase } from './capture-faults.ts';
import { CaptureState, type TreeCaptureParts } from './capture-state.ts';
import type { CaptureTally } from './capture-tally.ts';
import type { FolderWork } from './folder-work.ts';
import { OpenFolders } from './open-folders.ts';
import { contentOf, freshItem, type PlacedItem } from './placed-item.ts';
import { PlacingPages } from './placing-pages.ts';
import { isSameLine, isSameOnDisk } from './same-entry.ts';
import { SettlingEntries } from './settling-entries.ts';
import { TakingOver } from './taking-over.ts';

type AmendedListing = Extract<Listing, { readonly kind: 'amended' }>;

/** Brings a source's directories, children first, into a folder of the disk. */
export class TreeCapture {
  readonly #state: CaptureState;
  readonly #folders: OpenFolders;
  readonly #pages: PlacingPages;
  readonly #base: TakingOver;
  readonly #entries: SettlingEntries;
  /** Resolves when everything was read but what is to be read last. */
  readonly #othersRead = Promise.withResolvers<void>();

  constructor(parts: TreeCaptureParts, run: Run) {
    this.#state = new CaptureState(parts, run);
    this.#folders = new OpenFolders(this.#state);
    this.#pages = new PlacingPages(this.#state, (folder, exception) => this.#entries.settle(folder, exception));
    this.#base = new TakingOver(this.#state, this.#folders, this.#pages);
    this.#entries = new SettlingEntries(this.#state, this.#pages, this.#base);
  }

  async capture(): Promise<CaptureTally> {
    const { parts, run, tally } = this.#state;
    try {
      for await (const directory of parts.source.capture(parts.base?.base, run)) {
        throwIfInterrupted(run);
        this.#state.throwFailure();
        await this.#begin(directory);
      }
    } finally {
      this.#othersRead.resolve();
      await Promise.all([this.#folders.settled(), this.#pages.settled()]);
    }
    const root = this.#folders.take([]);
    if (root === undefined) throw new Fault('internal', 'the source yielded no root');
    tally.counts = (await root).counts;
    return tally;
  }

  async #begin({ path, metadata, listing }: CapturedDirectory): Promise<void> {
    if (listing.kind === 'same') return this.#base.takeOver(path, metadata, listing.base);
    if (listing.kind === 'carried') {
      this.#state.unreadable(listing.fault, path.join('/'));
      if (listing.base !== undefined && (await listing.base.held(this.#state.run))) {
        return this.#base.takeOver(path, metadata, listing.base);
      }
    }
    const folder = this.#folders.open(path, metadata);
    if (listing.kind === 'carried') folder.doubtful = true;
    else if (listing.kind === 'amended') {
      await this.#amend(folder, listing);
      folder.look = listing.look?.();
    } else {
      for await (const page of listing.pages) await this.#addPage(folder, page);
      folder.look = listing.look?.();
    }
    this.#folders.close(folder);
  }

  /** What the base has packed is handed on as its pages are, with what comes in among it. */
  async #amend(folder: FolderWork, { packed, removed, pages }: AmendedListing): Promise<void> {
    const base = this.#state.parts.base;
    if (base === undefined || !isPackedLines(packed)) throw foreignBase();
    const { entriesFile } = base.manifest;
    const amended = createAmendedFrames({ packed, removed, file: entriesFile });
    for await (const page of pages) {
      for (const content of amended.add(await this.#itemsOf(folder, page))) await this.#pages.send(folder, content);
    }
    for (const content of amended.rest()) await this.#pages.send(folder, content);
  }

  async #addPage(folder: FolderWork, page: readonly Child[]): Promise<void> {
    const items = await this.#itemsOf(folder, page);
    if (items.length > 0) await this.#pages.send(folder, contentOf(items));
  }

  /** What is read last is left to the end of all. */
  async #itemsOf(folder: FolderWork, page: readonly Child[]): Promise<readonly PlacedItem[]> {
    throwIfInterrupted(this.#state.run);
    this.#state.throwFailure();
    const items: PlacedItem[] = [];
    const last: FreshChild[] = [];
    for (const child of page) {
      if (child.kind === 'fresh' && child.content.kind === 'delivered') {
        if (child.content.last === true) last.push(child);
        else items.push(...(await this.#entries.deliver(folder, child)));
      } else {
        const item = await this.#item(folder, child);
        if (item !== undefined) items.push(item);
      }
    }
    for (const child of last) folder.addJob(this.#afterOthers(folder, child));
    return items;
  }

  /** What a source says of the capture itself is asked for when all else was read. */
  async #afterOthers(folder: FolderWork, child: FreshChild): Promise<void> {
    await this.#othersRead.promise;
    this.#state.throwFailure();
    await this.#pages.placeLate(folder, await this.#entries.deliver(folder, child));
  }

  async #item(folder: FolderWork, child: Child): Promise<PlacedItem | undefined> {
    switch (child.kind) {
      case 'directory':
        return this.#folders.itemOf(folder, child.name);
      case 'same':
        return this.#same(folder, child.entry, child.base);
      case 'fresh':
        return freshItem(child);
      case 'carried': {
        folder.doubtful = true;
        this.#state.unreadable(child.fault, [...folder.path, child.name].join('/'));
        const reference = child.base?.held === true ? child.base.reference : undefined;
        return isDatedReference(reference) ? this.#base.carry(folder, reference.line) : undefined;
      }
    }
  }

  #same(folder: FolderWork, entry: Entry, base: BaseEntry): PlacedItem {
    const { reference } = base;
    const root = this.#state.parts.base?.root;
    if (!isDatedReference(reference) || root === undefined) throw foreignBase();
    const line = isSameLine(entry, base.entry) ? reference.line : formatEntryLine({ entry, sha256: reference.sha256 });
    if (entry.type !== 'file') return { line, how: placingOfBase(line), from: '' };
    const isHere = keyOf(reference.path) === keyOf(folder.path) && base.entry.name === entry.name;
    const from = isHere ? '' : byteStringOfLatin1([root, ...reference.path, base.entry.name].join('/'));
    return { line, how: isSameOnDisk(entry, base.entry) ? placing.link : placing.clone, from };
  }
}
