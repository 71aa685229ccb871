import type { ByteString } from '../model/byte-string.ts';
import type { Counts, Entry, Metadata, Nanoseconds, Path } from '../model/entry.ts';
import type { Fault } from '../model/fault.ts';
import type { BaseEntry } from './base-entry.ts';
import type { PackedFiles } from './packed-files.ts';
import type { Run } from './run.ts';

export type { BaseEntry } from './base-entry.ts';

/**
 * Anything that can be seen as a tree of files: a folder, a Maildir, a snapshot, a target's inventory.
 */
export interface Source {
  /** For people: `/var/mail/alice`, `snapshot 1a2b3c4d`. */
  readonly description: string;

  /**
   * Walks the tree, children first, the root last (`path` is `[]`). For each directory either `same` as the base's
   * whole subtree, or its listing. A directory is named in its parent's listing only after it was yielded itself.
   *
   * The source alone decides sameness, from the stamps that the base kept. Failure is not deletion: a directory that
   * could not be read, or that vanished with a folder above it, is `carried` from the base (or, without one, an empty listing) together with its fault;
   * what was yielded below it before then counts for nothing.
   * Siblings come in byte order of their names (only the `new` of a Maildir may come before its `cur`), so that two walks
   * can be compared side by side. The consumer takes each listing's pages to the end before it asks for the next directory.
   */
  capture(base: Base | undefined, run: Run): AsyncIterable<CapturedDirectory>;

  /**
   * Delivers the bytes of entries whose content is `delivered`, batched and in the source's own best order.
   * Every request ends in exactly one verdict. Pieces of one request come in order of position if `pieces` is
   * `in-order`, else in any order, without gaps or overlaps.
   */
  read(requests: readonly ReadRequest[], pieces: 'in-order' | 'any-order', run: Run): AsyncIterable<Delivery>;

  /**
   * SHA-256 of the contents of files, hexadecimal, or why it cannot be told: for who compares and needs no bytes. Of what was
   * stored, what was noted when it was written. A source without it is read.
   */
  digests?(requests: readonly ReadRequest[], run: Run): Promise<readonly (string | Fault)[]>;

  /**
   * Where an entry is now whose local file was gone when a worker opened it (a Maildir flag change renames the file):
   * its new listing, perhaps of another type, or undefined when it is really gone. Rejects with a Fault when that cannot be
   * told (`source-missing`: a folder above it is gone or another), which is a failed read. `path` is that of the directory. The entry keeps the name under
   * which it was listed, or takes its new one.
   */
  relocate(path: Path, entry: Entry, run: Run): Promise<FreshChild | undefined>;

  /**
   * How much the capture under way comes to, as far as is known by now; undefined as long as nothing is. For progress only,
   * and asked for with every file. Sources without it have nothing to say.
   */
  expected?(): Expected | undefined;

  close(): Promise<void>;
}

/** What a capture will have gone through at its end. It may be an estimate, and change. */
export interface Expected {
  readonly files: number;
  /** Undefined: nobody knows. */
  readonly bytes: number | undefined;
}

export interface CapturedDirectory {
  readonly path: Path;
  /** The directory's own metadata. For the root of a snapshot, which has none, undefined. */
  readonly metadata: Metadata | undefined;
  readonly listing: Listing;
}

export type Listing =
  /** Nothing below has changed since the base; the store takes over the base's subtree at `base`. */
  | { readonly kind: 'same'; readonly base: BaseDirectory }
  /** It could not be read; the base's subtree, if there is one, is carried forward, and the snapshot is incomplete. */
  | { readonly kind: 'carried'; readonly base: BaseDirectory | undefined; readonly fault: Fault }
  | {
      readonly kind: 'listed';
      /** Pages of children in ascending byte order of their names, across pages too; no name twice. */
      readonly pages: AsyncIterable<readonly Child[]>;
      /**
       * Asked for when the pages were taken to the end: by what the source will know, without what the base lists, that
       * the directory is still exactly what it has listed now. Undefined when it could not tell.
       */
      readonly look?: () => string | undefined;
    }
  /**
   * What the base has packed of the directory, as it is there, without what was taken out, and with what the pages add. Only
   * where the base offered it (`packed`).
   */
  | {
      readonly kind: 'amended';
      readonly packed: PackedFiles;
      /** A number for each of the packed files; where it is not 0, the file is taken out. */
      readonly removed: Uint8Array;
      /** As of `listed`; no name is that of a packed file that stays. */
      readonly pages: AsyncIterable<readonly Child[]>;
      readonly look?: () => string | undefined;
    };

export type Child =
  /** A directory that was yielded before. */
  | { readonly kind: 'directory'; readonly name: ByteString }
  /** Its content is that of an entry of the base, perhaps under a new name or with new metadata. */
  | { readonly kind: 'same'; readonly entry: Entry; readonly base: BaseEntry; readonly action: 'unchanged' | 'renamed' }
  | FreshChild
  /** It could not be looked at; what the base has under this name is carried forward. */
  | {
      readonly kind: 'carried';
      readonly name: ByteString;
      readonly base: BaseEntry | undefined;
      readonly fault: Fault;
    };

export interface FreshChild {
  readonly kind: 'fresh';
  readonly entry: Entry;
  readonly content: Content;
  /** Whether the base had something else of this name. */
  readonly action: 'new' | 'changed';
}

export type Content =
  /** Symlinks, devices and the like have none. */
  | { readonly kind: 'none' }
  /** A local file that any thread may open by itself; whoever reads it compares fstat with the entry. */
  | { readonly kind: 'local-file'; readonly file: ByteString }
  /**
   * To be asked for by `read`. The key is the source's own. `last`: what it says is known only when everything else was
   * read (a report on the capture itself), so it is asked for after all others and apart from them.
   */
  | { readonly kind: 'delivered'; readonly key: unknown; readonly last?: true };

export interface ReadRequest {
  readonly entry: Entry;
  readonly content: Content;
}

export interface Delivery {
  /** Belongs to the receiver, who may transfer `bytes.buffer` to a thread, or share it where it is a SharedArrayBuffer. */
  readonly bytes: Uint8Array;
  readonly pieces: readonly Piece[];
  readonly verdicts: readonly { readonly request: number; readonly verdict: Verdict }[];
  /**
   * Lets a later delivery have the memory under `bytes`, which nobody may look at afterwards. Who reads much calls it: the
   * collector does not see how large shared memory is.
   */
  readonly recycle?: () => void;
}

export interface Piece {
  /** Index into the requests. */
  readonly request: number;
  /** Where in the file the piece belongs. */
  readonly position: number;
  /** Where in `bytes` it lies. */
  readonly start: number;
  readonly length: number;
  /**
   * Nothing of this content comes after it, so that whoever takes it can go on at once. The verdict still comes, and may be that
   * none of it counts.
   */
  readonly isLast?: true;
}

/** How a read ended. Only after `complete` or `changed` may the bytes be kept. */
export type Verdict =
  /** All bytes were delivered and are what the source holds. */
  | { readonly kind: 'complete'; readonly bytes: number }
  /** All that could be read was delivered, but the file changed meanwhile: kept and reported. */
  | { readonly kind: 'changed'; readonly bytes: number }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** What an earlier snapshot knows: the state against which a source is captured. */
export interface Base {
  /** Wall clock when the scan that made the base began. */
  readonly scannedAt: Nanoseconds;
  /** Undefined when the base has no directory there. */
  directory(path: Path, run: Run): Promise<BaseDirectory | undefined>;
  /** Pages of what lies directly in a directory, in byte order of the names; nothing when there is no such directory. */
  children(path: Path, run: Run): AsyncIterable<readonly BaseEntry[]>;
  /**
   * The bytes of files of the base, for what a source keeps of itself in its tree. `request` is an index into `entries`,
   * pieces of one come in order, each ends in one verdict.
   */
  contents(entries: readonly BaseEntry[], run: Run): AsyncIterable<Delivery>;
  /**
   * The same as `children` in another form, for a source that can compare without an object for each entry. Offered by who takes
   * `amended` listings. Undefined where it cannot be done.
   */
  packed?(path: Path, run: Run): Promise<PackedFiles | undefined>;
  /** The same for equal files, and for equal subtrees, of one store; undefined for what has no content. */
  versionOf?(entry: BaseEntry): string | undefined;
}

export interface BaseDirectory {
  readonly path: Path;
  readonly metadata: Metadata | undefined;
  /**
   * Whether the store knows that all of its files were at rest when they were captured. Only then may a folder be taken
   * over without a look at them.
   */
  readonly settled: boolean;
  /** The source's own `look` of this very listing, if the store still knows it; only of a settled directory. */
  readonly look?: string;
  /** Whether the store still holds everything below; when not, the source delivers. */
  held(run: Run): Promise<boolean>;
  counts(run: Run): Promise<Counts>;
}
