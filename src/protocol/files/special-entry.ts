import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import { PosixError } from '../../system/posix-call.ts';
import { renameToFree } from './file-writer.ts';
import type { HeldDirectory } from './held-directory.ts';
import { type AttainableMetadata, attempt, type Loss, secondsOf, setAttributes } from '../../system/file-metadata.ts';

export interface SpecialTask {
  readonly entry: Entry;
  readonly directory: HeldDirectory;
  readonly temporary: ByteString;
  readonly replace: boolean;
  readonly metadata: AttainableMetadata;
}

/**
 * Makes a symlink, fifo, socket or device under a temporary name, gives it its metadata and then its name. What the
 * file system refuses to hold is returned. Throws the system's error; `EEXIST` when the name is taken and may not be.
 */
export const makeSpecial = (task: SpecialTask, posix: Posix | undefined): readonly Loss[] => {
  const { entry, directory, temporary, replace, metadata } = task;
  const place = byteStringOfLatin1(`${directory.prefix}/${temporary}`);
  make(entry, place, posix);
  let named = false;
  try {
    const losses = setSpecialMetadata(entry, place, metadata, posix);
    const final = byteStringOfLatin1(`${directory.prefix}/${entry.name}`);
    if (replace) renameSync(nativePath(place), nativePath(final));
    else renameToFree(place, final, posix);
    named = true;
    return losses;
  } finally {
    if (!named) unlinkSync(nativePath(place));
  }
};

const formats = { 'block-device': 0o060000, 'character-device': 0o020000, socket: 0o140000 } as const;

const make = (entry: Entry, place: ByteString, posix: Posix | undefined): void => {
  switch (entry.type) {
    case 'symlink':
      symlinkSync(nativePath(entry.linkTarget ?? byteStringOfLatin1('')), nativePath(place));
      return;
    case 'fifo':
      posix?.makeFifo(place, 0o600);
      return;
    case 'socket':
    case 'block-device':
    case 'character-device':
      posix?.makeNode(place, formats[entry.type], entry.device ?? 0n);
      return;
    default:
      throw new Fault('internal', `${entry.type} is not special`);
  }
};

const setSpecialMetadata = (
  entry: Entry,
  place: ByteString,
  metadata: AttainableMetadata,
  posix: Posix | undefined,
): readonly Loss[] => {
  const native = nativePath(place);
  const losses: Loss[] = [];
  const { uid, gid, atime, mtime } = metadata;
  let { mode } = metadata;
  if ((uid >= 0 || gid >= 0) && !attempt(() => lchownSync(native, uid, gid))) {
    losses.push('owner');
    mode &= ~0o6000;
  }
  if (posix !== undefined) losses.push(...setAttributes({ path: place, metadata, tidy: false }, posix));
  if (entry.type !== 'symlink' && !attempt(() => setMode(place, mode))) losses.push('mode');
  const timed = attempt(() => {
    if (posix === undefined) lutimesSync(native, secondsOf(atime), secondsOf(mtime));
    else posix.setTimes(place, { atime, mtime });
  });
  if (!timed) losses.push('time');
  return losses;
};

/** On Linux a descriptor that only stands for the inode: opens no device, waits for no fifo's other end. */
const onlyTheInode = 0o10000000;

/** chmod(2) follows symlinks; through the descriptor it changes what we have made and nothing else. */
const setMode = (place: ByteString, mode: number): void => {
  if (!place.startsWith('/proc/self/fd/')) {
    chmodSync(nativePath(place), mode);
    return;
  }
  const descriptor = openSync(nativePath(place), onlyTheInode | constants.O_NOFOLLOW);
  try {
    if (fstatSync(descriptor).isSymbolicLink()) throw new PosixError('ESTALE', 'open');
    chmodSync(`/proc/self/fd/${descriptor}`, mode);
  } finally {
    closeSync(descriptor);
  }
};

export interface LinkTask {
  readonly first: HeldDirectory;
  readonly firstName: ByteString;
  /** Whether what has the first name at this moment is what may be linked to. */
  readonly isFirst: (there: BigIntStats) => boolean;
  readonly directory: HeldDirectory;
  readonly name: ByteString;
  readonly temporary: ByteString;
  readonly replace: boolean;
}

/**
 * Gives a file that was restored another name. False when it cannot be linked (other file system, too many links, the
 * first one is not there or is another file): then it is written once more. Throws the system's error otherwise.
 */
export const makeLink = (task: LinkTask): boolean => {
  const { first, firstName, isFirst, directory, name, temporary, replace } = task;
  const from = nativePath(byteStringOfLatin1(`${first.prefix}/${firstName}`));
  const final = nativePath(byteStringOfLatin1(`${directory.prefix}/${name}`));
  const there = lstatSync(from, { bigint: true, throwIfNoEntry: false });
  if (there === undefined || !isFirst(there)) return false;
  if (!replace) return link(from, final);
  const place = nativePath(byteStringOfLatin1(`${directory.prefix}/${temporary}`));
  if (!link(from, place)) return false;
  try {
    renameSync(place, final);
  } finally {
    // A rename between two names of one file does nothing and leaves both.
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) unlinkSync(place);
  }
  return true;
};

const unlinkable: readonly (string | undefined)[] = ['EXDEV', 'EMLINK', 'EPERM', 'ENOENT', 'ENOTSUP', 'EOPNOTSUPP'];

const link = (from: string | Buffer, to: string | Buffer): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (unlinkable.includes(errnoCode(error))) return false;
    throw error;
  }
};
