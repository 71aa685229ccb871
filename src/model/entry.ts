import type { ByteString } from './byte-string.ts';

/** Nanoseconds since 1970-01-01T00:00:00Z; may be negative. */
export type Nanoseconds = bigint;

export type EntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'block-device'
  | 'character-device'
  | 'fifo'
  | 'socket'
  | 'irregular';

export interface ExtendedAttribute {
  readonly name: ByteString;
  /** null: the attribute is there and empty (restic writes it so). */
  readonly value: Uint8Array | null;
}

/** What lstat and friends say of an entry. */
export interface Metadata {
  readonly type: EntryType;
  /** Permission bits with setuid (0o4000), setgid (0o2000) and sticky (0o1000): the lower 12 bits of `st_mode`. */
  readonly mode: number;
  readonly mtime: Nanoseconds;
  readonly atime: Nanoseconds;
  readonly ctime: Nanoseconds;
  readonly uid: number;
  readonly gid: number;
  /** Names of owner and group; empty where the system knows none. */
  readonly user: string;
  readonly group: string;
  readonly inode: bigint;
  readonly deviceId: bigint;
  /** Bytes of a regular file; 0 for everything else. */
  readonly size: number;
  /** Number of hard links. */
  readonly links: number;
  /** Only of a symlink. */
  readonly linkTarget?: ByteString;
  /** Only of a device: `st_rdev`. */
  readonly device?: bigint;
  readonly extendedAttributes?: readonly ExtendedAttribute[];
}

/** One name in a directory. `name` has no `/`, is neither empty nor `.` nor `..`. */
export interface Entry extends Metadata {
  readonly name: ByteString;
}

/** A folder of which nothing is known, or that is none of the source's: the same every time, so that it makes no new tree. */
export const bareDirectory: Metadata = {
  type: 'directory',
  mode: 0o700,
  mtime: 0n,
  atime: 0n,
  ctime: 0n,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  size: 0,
  links: 0,
};

/** Names from the root of a tree downwards; the root itself is `[]`. */
export type Path = readonly ByteString[];

/** What a tree amounts to, all levels below included, itself not. */
export interface Counts {
  /** Regular files and everything else that is no directory. */
  readonly files: number;
  readonly directories: number;
  /** Logical bytes of the regular files. */
  readonly bytes: number;
}

export const noCounts: Counts = { files: 0, directories: 0, bytes: 0 };

export const addCounts = (left: Counts, right: Counts): Counts => ({
  files: left.files + right.files,
  directories: left.directories + right.directories,
  bytes: left.bytes + right.bytes,
});
