import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lutimesSync,
  openSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { errnoCode } from '../../../system/errno.ts';
import {
  type Abilities,
  attempt,
  type NewFile,
  secondsOf,
  setAttributes,
  setMetadata,
} from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { writeWhole } from '../disk/append-file.ts';
import { onDisk } from './disk-metadata.ts';
import { PosixError } from '../../../system/posix-call.ts';
import { type FileReader, openQuietly, reading, ReadingFailed } from '../../../system/hash-file.ts';

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** What this thread places files with. */
export interface PlacingTools {
  readonly reader: FileReader;
  readonly abilities: Abilities;
  /** What a file is born as in the folder at hand; asked of its first one. */
  born: NewFile | undefined;
}

export interface Copied {
  /** As it was when it was read. */
  readonly entry: Entry;
  readonly sha256: string;
  readonly changed: boolean;
  readonly loses: boolean;
}

/**
 * Copies a local file to a name that is free, hashing what it reads, and gives it its metadata. Throws `ReadingFailed` for
 * what the source did, else the system's error; leaves nothing behind then.
 */
export const copyLocalFile = (from: ByteString, to: ByteString, entry: Entry, tools: PlacingTools): Copied => {
  const source = reading(() => openQuietly(from));
  try {
    return writeNew(to, (target) => {
      tools.born ??= bornAs(target);
      const read = copyAtRest({ source, target, reader: tools.reader }, entry);
      return { ...read, loses: describe({ target, to }, read.entry, tools) };
    });
  } finally {
    closeSync(source);
  }
};

const bornAs = (target: number): NewFile => {
  const { mode, uid, gid } = fstatSync(target);
  return { mode: mode & 0o7777, uid, gid };
};

const writeNew = <Result>(to: ByteString, fill: (target: number) => Result): Result => {
  const target = openSync(nativePath(to), newFile, 0o600);
  let whole = false;
  try {
    const result = fill(target);
    whole = true;
    return result;
  } finally {
    closeSync(target);
    if (!whole) unlinkSync(nativePath(to));
  }
};

const attempts = 3;

interface Copying {
  readonly source: number;
  readonly target: number;
  readonly reader: FileReader;
}

/** Again when it did not hold still. */
const copyAtRest = ({ source, target, reader }: Copying, listed: Entry): Omit<Copied, 'loses'> => {
  let expected = listed;
  for (let attempt = 1; ; attempt++) {
    const { sha256, bytes } = reader.readThrough(source, (piece, position) => writeWhole(target, piece, position));
    const now = reading(() => fstatSync(source, { bigint: true }));
    // A fifo took its place; where the file is now is for the source to say.
    if (!now.isFile()) throw new ReadingFailed('', { cause: new PosixError('EISDIR', 'read') });
    // A rename changes only ctime, and a Maildir renames for every flag: that is no change of content.
    const still =
      Number(now.size) === bytes &&
      expected.size === bytes &&
      now.mtimeNs === expected.mtime &&
      now.ino === expected.inode;
    const stamped: Entry = {
      ...expected,
      size: Number(now.size),
      mtime: now.mtimeNs,
      ctime: now.ctimeNs,
      inode: now.ino,
      atime: expected.atime === expected.mtime ? now.mtimeNs : expected.atime,
    };
    if (still) return { entry: stamped, sha256, changed: false };
    // What was before the read, not after it: a stamp that is out of date already makes the next run read again.
    if (attempt === attempts) return { entry: { ...expected, size: bytes }, sha256, changed: true };
    ftruncateSync(target, 0);
    expected = stamped;
  }
};

/** Whether the disk holds less than what is said. */
const describe = (
  { target, to }: { readonly target: number; readonly to: ByteString },
  entry: Entry,
  { abilities, born }: PlacingTools,
): boolean => {
  const { metadata, loses } = onDisk(entry, abilities);
  const task = { descriptor: target, path: to, metadata, tidy: false };
  const losses = setMetadata(born === undefined ? task : { ...task, born }, abilities.posix);
  return loses || losses.length > 0;
};

/** Has a second name made for a file of the base: false where the file system does not give one more. */
export const linkFile = (from: ByteString, to: ByteString): boolean =>
  isLinked(() => linkSync(nativePath(from), nativePath(to)));

/** Likewise, by whatever makes it. */
export const isLinked = (link: () => void): boolean => {
  try {
    link();
    return true;
  } catch (error) {
    // As many names as it may have, or a file system that has no links in this place (a subvolume, a project).
    if (['EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoCode(error) ?? '')) return false;
    throw error;
  }
};

/** A clone where the file system has them, else a copy, with the metadata of the entry. Whether the disk holds less. */
export const cloneFile = (from: ByteString, to: ByteString, entry: Entry, { abilities }: PlacingTools): boolean => {
  copyFileSync(nativePath(from), nativePath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  let whole = false;
  try {
    const target = openSync(nativePath(to), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { metadata, loses } = onDisk(entry, abilities);
      const losses = setMetadata({ descriptor: target, path: to, metadata, tidy: true }, abilities.posix);
      whole = true;
      return loses || losses.length > 0;
    } finally {
      closeSync(target);
    }
  } finally {
    if (!whole) unlinkSync(nativePath(to));
  }
};

/** Whether the disk holds less than what is said. */
export const makeSymlink = (to: ByteString, entry: Entry, { abilities }: Pick<PlacingTools, 'abilities'>): boolean => {
  symlinkSync(nativePath(entry.linkTarget ?? to), nativePath(to));
  const { metadata, loses } = onDisk(entry, abilities);
  const { posix } = abilities;
  const owned =
    (metadata.uid < 0 && metadata.gid < 0) || attempt(() => lchownSync(nativePath(to), metadata.uid, metadata.gid));
  const losses = posix === undefined ? [] : setAttributes({ path: to, metadata, tidy: false }, posix);
  const timed = attempt(() => {
    if (posix === undefined) lutimesSync(nativePath(to), secondsOf(metadata.atime), secondsOf(metadata.mtime));
    else posix.setTimes(to, metadata);
  });
  return loses || !owned || !timed || losses.length > 0;
};
