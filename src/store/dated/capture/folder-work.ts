import type { ByteString } from '../../../model/byte-string.ts';
import { addCounts, type Counts, type Metadata, noCounts, type Path } from '../../../model/entry.ts';
import type { Frame, ManifestFolder } from '../manifest/folder-line.ts';

/** A folder that is finished. */
export interface FinishedFolder {
  /** All levels below included, itself not. */
  readonly counts: Counts;
}

/** A folder whose pages are being placed. */
export class FolderWork {
  readonly path: Path;
  readonly metadata: Metadata | undefined;
  /** Absolute. */
  readonly target: ByteString;
  /** Something in it changed, vanished or failed while it was captured. */
  doubtful = false;
  unsorted = false;
  look: string | undefined;
  /** What was placed apart from its page. */
  readonly lateNames = new Set<string>();
  readonly #frames: (Frame | undefined)[] = [];
  readonly #lateFrames: Frame[] = [];
  readonly #jobs: Promise<void>[] = [];
  readonly #below: Promise<FinishedFolder>[] = [];
  #counts: Counts = noCounts;

  constructor(path: Path, metadata: Metadata | undefined, target: ByteString) {
    this.path = path;
    this.metadata = metadata;
    this.target = target;
  }

  addJob(job: Promise<void>): void {
    // Whoever finishes the folder awaits it; a failure must not count as unhandled until then.
    job.catch(() => undefined);
    this.#jobs.push(job);
  }

  addBelow(folder: Promise<FinishedFolder>): void {
    this.#below.push(folder);
  }

  /** A place for the page's frame, so that pages stay in order however they come. */
  reserve(): number {
    return this.#frames.push(undefined) - 1;
  }

  setFrame(place: number, frame: Frame): void {
    this.#frames[place] = frame;
  }

  addLate(frame: Frame): void {
    this.unsorted = true;
    this.#lateFrames.push(frame);
  }

  count(files: number, bytes: number): void {
    this.#counts = addCounts(this.#counts, { files, directories: 0, bytes });
  }

  /** Resolves when all of it is placed. */
  async finish(): Promise<ManifestFolder> {
    await Promise.all(this.#jobs);
    let counts = this.#counts;
    for (const below of await Promise.all(this.#below)) {
      counts = addCounts(counts, addCounts(below.counts, { files: 0, directories: 1, bytes: 0 }));
    }
    return {
      path: this.path,
      metadata: this.metadata,
      counts,
      settled: !this.doubtful,
      look: this.doubtful ? undefined : this.look,
      unsorted: this.unsorted,
      frames: [...this.#frames, ...this.#lateFrames].filter((frame) => frame !== undefined),
    };
  }
}
