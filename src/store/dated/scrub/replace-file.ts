import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import type { BadName } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { errnoFault } from '../../../system/errno.ts';
import { type AttainableMetadata, secondsOf, setMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import type { Posix } from '../../../system/posix.ts';
import { writeWhole } from '../disk/append-file.ts';
import { type DiskPlaces, mendPrefix, ownFolder } from '../disk/layout.ts';
import { linkFile } from '../threads/place-file.ts';

export interface Replacing {
  readonly places: DiskPlaces;
  readonly posix: Posix | undefined;
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** A name of a new file where the next run removes what one that was killed has left: never in a backup. */
const temporaryIn = (places: DiskPlaces, folder: typeof ownFolder | 'daily' | 'weekly'): ByteString =>
  byteStringOfLatin1(`${byteStringOfText(places.path(folder))}/${mendPrefix}${randomBytes(6).toString('hex')}`);

export const pathOfName = (places: DiskPlaces, { backup, path }: BadName): ByteString =>
  byteStringOfLatin1(`${byteStringOfText(places.backup(backup))}/${path}`);

/** What a file on the disk has besides its bytes. */
export const metadataOfFile = (file: ByteString, posix: Posix | undefined): AttainableMetadata => {
  const { mode, uid, gid, atimeNs, mtimeNs } = lstatSync(nativePath(file), { bigint: true });
  const attributes = (posix?.listAttributes(file) ?? []).flatMap((name) => {
    const value = posix?.readAttribute(file, name);
    return value === undefined ? [] : [{ name, value }];
  });
  const isRoot = process.geteuid?.() === 0;
  return {
    mode: Number(mode & 0o7777n),
    uid: isRoot ? Number(uid) : -1,
    gid: isRoot || Number(gid) === process.getegid?.() ? Number(gid) : -1,
    atime: atimeNs,
    mtime: mtimeNs,
    attributes,
  };
};

/**
 * Writes a new file beside the backups, durably. Undefined: the bytes are not those that are wanted, and nothing stays. Faults as
 * `errnoFault`, and what the bytes throw.
 */
export const writeMended = async (
  { places, posix }: Replacing,
  { bytes, sha256, metadata }: { bytes: AsyncIterable<Uint8Array>; sha256: string; metadata: AttainableMetadata },
  run: Run,
): Promise<ByteString | undefined> => {
  const file = temporaryIn(places, ownFolder);
  const target = openSync(nativePath(file), newFile, 0o600);
  const digest = createHash('sha256');
  let isRight = false;
  try {
    let position = 0;
    for await (const chunk of bytes) {
      throwIfInterrupted(run);
      digest.update(chunk);
      writeWhole(target, chunk, position);
      position += chunk.length;
    }
    isRight = digest.digest('hex') === sha256;
    if (isRight) {
      setMetadata({ descriptor: target, path: file, metadata, tidy: true }, posix);
      fsyncSync(target);
    }
  } finally {
    closeSync(target);
    if (!isRight) unlinkSync(nativePath(file));
  }
  return isRight ? file : undefined;
};

/** Puts a file under a name, in one step, in place of what is there. The folder keeps its times. Faults as `errnoFault`. */
export const takePlace = ({ places, posix }: Replacing, file: ByteString, name: BadName): void => {
  const path = pathOfName(places, name);
  const folder = byteStringOfLatin1(path.slice(0, path.lastIndexOf('/')));
  try {
    const { atimeNs, mtimeNs } = lstatSync(nativePath(folder), { bigint: true });
    const second = temporaryIn(places, name.backup.kind);
    // A file may have only so many names; and where there are no hard links each day has its own.
    if (!linkFile(file, second)) copyWhole(file, second, posix);
    renameSync(nativePath(second), nativePath(path));
    syncOne(folder);
    if (posix === undefined) utimesSync(nativePath(folder), secondsOf(atimeNs), secondsOf(mtimeNs));
    else posix.setTimes(folder, { atime: atimeNs, mtime: mtimeNs });
  } catch (error) {
    throw errnoFault(error, 'mend', path);
  }
};

const copyWhole = (from: ByteString, to: ByteString, posix: Posix | undefined): void => {
  copyFileSync(nativePath(from), nativePath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const target = openSync(nativePath(to), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    setMetadata({ descriptor: target, path: to, metadata: metadataOfFile(from, posix), tidy: true }, posix);
    fsyncSync(target);
  } finally {
    closeSync(target);
  }
};

const syncOne = (folder: ByteString): void => {
  const descriptor = openSync(nativePath(folder), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
