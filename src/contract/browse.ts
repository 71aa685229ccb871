import type { ByteString } from '../model/byte-string.ts';
import type { Entry, Nanoseconds } from '../model/entry.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Content, Source } from './source.ts';
import type { Run } from './run.ts';

/** A folder or file as a person browses it: by name, one level at a time, never changed. */
export type BrowsedNode = BrowsedFolder | BrowsedFile;

export interface BrowsedFolder {
  readonly kind: 'folder';
  readonly name: ByteString;
  readonly modified: Nanoseconds;
  /** Pages of what lies directly in it. */
  children(run: Run): AsyncIterable<readonly BrowsedNode[]>;
  child(name: ByteString, run: Run): Promise<BrowsedNode | undefined>;
}

export interface BrowsedFile {
  readonly kind: 'file';
  readonly name: ByteString;
  readonly modified: Nanoseconds;
  /** Bytes, as the tree says. */
  readonly size: number;
  /** A media type; undefined where nothing is known. */
  readonly mediaType: string | undefined;
  /** Of a message: `seen`, `flagged` and the like; undefined of any other file. */
  readonly flags: readonly string[] | undefined;
  /** The same for equal bytes; letters and digits. */
  version(): string;
  open(run: Run): Promise<BrowsedContent>;
}

/** The bytes of a file, from anywhere on. */
export interface BrowsedContent {
  readonly size: number;
  /** The bytes from `start` until before `end`, in order. What it yields is not to be changed. */
  read(start: number, end: number, run: Run): AsyncIterable<Uint8Array>;
}

/** A store's snapshots, one name at a time. */
export interface BrowsableStore {
  /** Oldest first. The same array as long as nothing has changed. */
  snapshots(run: Run): Promise<readonly Snapshot[]>;
  /** `id` is whole. Fault `snapshot-missing`. */
  open(id: string, run: Run): Promise<BrowsableSnapshot>;
}

/** A level of a mail folder's name, as its directory has it, for people. */
export type LevelText = (level: ByteString) => string;

export interface BrowsableSnapshot {
  readonly root: StoredFolder;
  /** To read many contents in the order in which they are stored. */
  readonly source: Source;
  /** For people: a level of the name of a mail folder here, where that is not just modified UTF-7. */
  readonly levelText?: LevelText;
  /** A content that yields no less than the header of a message. */
  beginningOf(content: Content): Content;
  versionOf(content: Content): string;
  open(content: Content, run: Run): Promise<BrowsedContent>;
}

export interface StoredFolder {
  /** The same for equal folders, whatever snapshot they are in. */
  readonly identity: string;
  /** Known without a look. */
  readonly holdsNoFolder?: boolean;
  children(run: Run): AsyncIterable<readonly StoredChild[]>;
  child(name: ByteString, run: Run): Promise<StoredChild | undefined>;
}

export interface StoredChild {
  readonly entry: Entry;
  /** Of a directory. */
  readonly folder: StoredFolder | undefined;
  readonly content: Content;
}
