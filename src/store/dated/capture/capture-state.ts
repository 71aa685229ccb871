import type { Run } from '../../../contract/run.ts';
import type { Base, Source } from '../../../contract/source.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { asFault, type Fault } from '../../../model/fault.ts';
import type { Abilities } from '../../../system/file-metadata.ts';
import type { Manifest } from '../manifest/manifest-reader.ts';
import type { ManifestWriter } from '../manifest/manifest-writer.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import { type CaptureTally, createTally } from './capture-tally.ts';

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

/** What all who capture a tree have in common: its parts, what was counted and told so far, and what ends it. */
export class CaptureState {
  readonly tally: CaptureTally = createTally();
  readonly parts: TreeCaptureParts;
  readonly run: Run;
  readonly startedAt: Nanoseconds;
  #failure: Fault | undefined;
  #files = 0;
  #bytes = 0;

  constructor(parts: TreeCaptureParts, run: Run) {
    this.parts = parts;
    this.run = run;
    this.startedAt = run.now();
  }

  fail(error: unknown): void {
    this.#failure ??= asFault(error);
  }

  /** A disk that is full is no reason to read all the rest. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** `path` is below the component. */
  emit(fault: Fault, path: string): void {
    this.run.emit({ kind: 'fault', fault, path: byteStringOfLatin1(`${this.parts.component}/${path}`) });
  }

  unreadable(fault: Fault, path: string): void {
    this.tally.unreadable++;
    this.emit(fault, path);
  }

  processed(files: number, bytes: number): void {
    this.#files += files;
    this.#bytes += bytes;
    this.run.emit({ kind: 'progress', files: this.#files, bytes: this.#bytes });
  }
}
