import type { CapturedDirectory, Child, FreshChild, Source } from '../../../contract/source.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { addCounts, type Counts, type Entry, noCounts, type Path } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { formatChecksumLine } from '../../../model/checksum-line.ts';
import { directoryLine, formatEntryLine } from '../manifest/entry-line.ts';
import { type Frame, keyOf } from '../manifest/folder-line.ts';
import { linesPerFrame, packLines } from '../manifest/frame.ts';
import type { ManifestWriter } from '../manifest/manifest-writer.ts';
import { changedWhileRead, relocations, settlingTime, vanished } from './capture-faults.ts';
import { type CaptureTally, createTally } from './capture-tally.ts';
import { type ByteSink, deliver } from './deliver-file.ts';

/** How the entries of a component that is no tree on the disk are kept. */
export interface Packing {
  /** Before the first entry of a directory. */
  enter(path: Path): Promise<void>;
  /**
   * Keeps an entry; `fill` hands its bytes to a sink and tells what was read, undefined when there was nothing to read. Returns
   * the line for the manifest, undefined when nothing was kept.
   */
  add(path: Path, entry: Entry, fill: Fill): Promise<string | undefined>;
  /** After the last entry of a directory. */
  leave(path: Path, entry: Entry | undefined): Promise<void>;
  /** Closes what is open when the capture came to no end. */
  abandon(): void;
}

export interface Filled {
  readonly entry: Entry;
  readonly sha256: string;
}

export type Fill = (sink: { readonly begin: () => void; readonly take: ByteSink }) => Promise<Filled | undefined>;

export interface PackedParts {
  readonly source: Source;
  readonly component: string;
  readonly manifest: ManifestWriter;
  readonly packing: Packing;
}

/** Brings a source's directories, children first, into archives or compressed files. Everything is read. */
export class PackedCapture {
  readonly tally: CaptureTally = createTally();
  readonly #parts: PackedParts;
  readonly #run: Run;
  readonly #settledBefore: bigint;
  readonly #below = new Map<string, Counts>();

  constructor(parts: PackedParts, run: Run) {
    this.#parts = parts;
    this.#run = run;
    this.#settledBefore = run.now() - settlingTime;
  }

  async capture(): Promise<CaptureTally> {
    try {
      for await (const directory of this.#parts.source.capture(undefined, this.#run)) {
        throwIfInterrupted(this.#run);
        await this.#directory(directory);
      }
    } finally {
      this.#parts.packing.abandon();
    }
    const counts = this.#below.get('');
    if (counts === undefined) throw new Fault('internal', 'the source yielded no root');
    this.tally.counts = counts;
    return this.tally;
  }

  async #directory({ path, metadata, listing }: CapturedDirectory): Promise<void> {
    const { packing, manifest } = this.#parts;
    const frames: Frame[] = [];
    let lines: string[] = [];
    let counts = noCounts;
    let settled = listing.kind === 'listed';
    const flush = (): void => {
      if (lines.length > 0) frames.push(manifest.addFrame(packLines(lines)));
      lines = [];
    };
    await packing.enter(path);
    if (listing.kind === 'carried') this.#unreadable(listing.fault, path.join('/'));
    if (listing.kind === 'same') throw new Fault('internal', 'the source refers to a base that it was not given');
    if (listing.kind === 'listed') {
      for await (const page of listing.pages) {
        for (const child of page) {
          const kept = await this.#child(path, child);
          if (kept === undefined) settled &&= child.kind === 'directory';
          else {
            lines.push(kept.line);
            counts = addCounts(counts, kept.counts);
            settled &&= kept.settled;
          }
          if (lines.length >= linesPerFrame) flush();
        }
      }
    }
    flush();
    const own = metadata === undefined ? undefined : { ...metadata, name: path.at(-1) ?? byteStringOfLatin1('') };
    await packing.leave(path, own);
    manifest.addFolder({ path, metadata, counts, settled, look: undefined, unsorted: false, frames });
    this.#below.set(keyOf(path), counts);
  }

  async #child(path: Path, child: Child): Promise<Kept | undefined> {
    throwIfInterrupted(this.#run);
    switch (child.kind) {
      case 'directory': {
        const key = keyOf([...path, child.name]);
        const counts = this.#below.get(key) ?? noCounts;
        this.#below.delete(key);
        const line = directoryLine(child.name);
        return { line, counts: addCounts(counts, { files: 0, directories: 1, bytes: 0 }), settled: true };
      }
      case 'carried':
        this.#unreadable(child.fault, [...path, child.name].join('/'));
        return undefined;
      case 'same':
        throw new Fault('internal', 'the source refers to a base that it was not given');
      case 'fresh':
        return this.#fresh(path, child);
    }
  }

  async #fresh(path: Path, child: FreshChild): Promise<Kept | undefined> {
    let kept: Entry = child.entry;
    const line = await this.#parts.packing.add(path, child.entry, async (sink) => {
      const filled = await this.#fill(path, child, sink);
      if (filled !== undefined) kept = filled.entry;
      return filled;
    });
    if (line === undefined) return undefined;
    const bytes = kept.type === 'file' ? kept.size : 0;
    return { line, counts: { files: 1, directories: 0, bytes }, settled: kept.ctime <= this.#settledBefore };
  }

  async #fill(
    path: Path,
    listed: FreshChild,
    sink: { readonly begin: () => void; readonly take: ByteSink },
  ): Promise<Filled | undefined> {
    const { source } = this.#parts;
    let child = listed;
    for (let moved = 0; ; moved++) {
      if (child.content.kind === 'none') return { entry: child.entry, sha256: '' };
      sink.begin();
      const delivered = await deliver(source, child, sink.take, this.#run);
      const where = [...path, child.entry.name].join('/');
      if (delivered.kind === 'failed') {
        this.#unreadable(delivered.fault, where);
        return undefined;
      }
      if (delivered.kind === 'read') {
        if (delivered.changed) {
          this.tally.changedWhileRead++;
          this.#emit(changedWhileRead(), where);
        }
        return { entry: { ...child.entry, size: delivered.bytes }, sha256: delivered.sha256 };
      }
      const found = moved < relocations ? await this.#relocate(path, child.entry) : undefined;
      if (found instanceof Fault) this.#unreadable(found, where);
      else if (found === undefined) this.#emit(vanished(), where);
      if (found === undefined || found instanceof Fault) return undefined;
      child = found;
    }
  }

  async #relocate(path: Path, entry: Entry): Promise<FreshChild | Fault | undefined> {
    try {
      return await this.#parts.source.relocate(path, entry, this.#run);
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      return error;
    }
  }

  #unreadable(fault: Fault, path: string): void {
    this.tally.unreadable++;
    this.#emit(fault, path);
  }

  #emit(fault: Fault, path: string): void {
    this.#run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(`${this.#parts.component}/${path}`) });
  }
}

interface Kept {
  readonly line: string;
  readonly counts: Counts;
  readonly settled: boolean;
}

/** Takes down a file that lies on the disk as it was written. */
export const addWritten = (
  { manifest, tally }: { readonly manifest: ManifestWriter; readonly tally: { writtenBytes: number } },
  path: string,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
): void => {
  const line = Buffer.from(formatChecksumLine(sha256, path), 'latin1');
  manifest.addChecksums(line, line);
  tally.writtenBytes += bytes;
};

export const lineOf = ({ entry, sha256 }: Filled, position?: number): string =>
  formatEntryLine(position === undefined ? { entry, sha256 } : { entry, sha256, position });

/** What lies on the disk for a name inside the component. */
export const placeIn = (folder: ByteString | string, path: Path, name: string): ByteString =>
  byteStringOfLatin1([folder, ...path, name].join('/'));
