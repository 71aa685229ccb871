import { randomBytes } from 'node:crypto';
import { chmod, type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import { Fault } from '../model/fault.ts';
import { sleep } from '../system/clock.ts';
import { errnoCode } from '../system/errno.ts';
import { nativePath, readablePath } from '../system/native-path.ts';
import { parentOf, temporaryMark } from './local-layout.ts';

/** Bytes and buffers that go into one writev: enough to be quick, little enough to be interrupted soon. */
const gatherBytes = 8 << 20;
const gatherParts = 512;

/** What file systems say that know no fsync (of folders), chmod or hard links. */
const cannotSync = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY']);
const cannotSyncFolder = new Set([...cannotSync, 'EBADF']);
const cannotChmod = new Set(['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EROFS']);
const noLinks = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV']);
/** Besides: what may be so of one file only, or of one moment. EIO is what `rclone mount` says. */
const cannotLink = new Set([...noLinks, 'EACCES', 'EMLINK', 'EIO']);

/** Awaits a step that some file systems cannot do and that matters only where they can. */
const whereSupported = async (step: Promise<unknown>, excuses: ReadonlySet<string>): Promise<void> => {
  try {
    await step;
  } catch (error) {
    if (!excuses.has(errnoCode(error) ?? '')) throw error;
  }
};

const unlinkIfThere = (path: ByteString): Promise<void> =>
  whereSupported(unlink(nativePath(path)), new Set(['ENOENT']));

/** For tidying up after a failure, which must stay the failure that is told; what stays behind is swept later. */
const tryUnlink = async (path: ByteString): Promise<void> => {
  await unlink(nativePath(path)).catch(() => {});
};

/** Makes what was created, renamed or removed in a folder durable. */
export const syncFolder = async (folder: ByteString): Promise<void> => {
  const handle = await open(nativePath(folder), 'r');
  try {
    await whereSupported(handle.sync(), cannotSyncFolder);
  } finally {
    await handle.close();
  }
};

/** writev may write less than it was given; what is left goes again. */
const writeAll = async (file: FileHandle, group: readonly Uint8Array[]): Promise<void> => {
  let left = group.filter((part) => part.length > 0);
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    const rest: Uint8Array[] = [];
    for (const part of left) {
      if (bytesWritten < part.length) rest.push(part.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - part.length);
    }
    left = rest;
  }
};

/** Parts in groups of a size that one system call takes. */
function* gathered(parts: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += gatherBytes) {
      const piece = part.subarray(at, at + gatherBytes);
      if (group.length === gatherParts || (bytes > 0 && bytes + piece.length > gatherBytes)) {
        yield group;
        group = [];
        bytes = 0;
      }
      group.push(piece);
      bytes += piece.length;
    }
  }
  if (group.length > 0) yield group;
}

export interface WriteOptions {
  /** Whether the bytes must have reached the disk. */
  readonly durable: boolean;
}

/**
 * Writes the parts to a new file (0600) beside the target, under a name of its own, and returns its path. Rejects with
 * the system's error or `interrupted`, and leaves no file then.
 */
export const writeBeside = async (
  target: ByteString,
  parts: readonly Uint8Array[],
  run: Run,
  { durable }: WriteOptions,
): Promise<ByteString> => {
  const temporary = byteStringOfLatin1(`${target}${temporaryMark}${randomBytes(8).toString('hex')}`);
  const file = await open(nativePath(temporary), 'wx', 0o600);
  try {
    try {
      for (const group of gathered(parts)) {
        throwIfInterrupted(run);
        await writeAll(file, group);
      }
      throwIfInterrupted(run);
      if (durable) await whereSupported(file.sync(), cannotSync);
    } finally {
      await file.close();
    }
    throwIfInterrupted(run);
    return temporary;
  } catch (error) {
    await tryUnlink(temporary);
    throw error;
  }
};

/** Whether both names are one file: a link that a network file system made and then denied. */
const isSameFile = async (left: ByteString, right: ByteString): Promise<boolean> => {
  const options = { bigint: true } as const;
  const [one, other] = await Promise.all([lstat(nativePath(left), options), lstat(nativePath(right), options)]);
  return one.ino !== 0n && one.ino === other.ino && one.dev === other.dev;
};

const exists = async (path: ByteString): Promise<boolean> => {
  try {
    await lstat(nativePath(path));
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
};

const taken = (path: ByteString): Error => Object.assign(new Error(`${path} is taken`), { code: 'EEXIST' });

/**
 * Without hard links nothing in Node both renames and refuses to overwrite. A claim beside the target, made
 * exclusively, keeps every other writer of this name away between the look and the rename.
 */
const renameUnderClaim = async (temporary: ByteString, target: ByteString, run: Run): Promise<void> => {
  const claim = byteStringOfLatin1(`${target}${temporaryMark}claim`);
  for (let tries = 0; ; tries++) {
    if (await exists(target)) throw taken(target);
    try {
      await (await open(nativePath(claim), 'wx', 0o600)).close();
      break;
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error;
    }
    if (tries === 100) {
      throw new Fault('backend-unavailable', `another process is writing ${readablePath(target)}`, {
        hint: `If no other process is at work, remove ${readablePath(claim)}.`,
        retry: true,
      });
    }
    await sleep(20, run.signal);
  }
  try {
    if (await exists(target)) throw taken(target);
    await rename(nativePath(temporary), nativePath(target));
  } finally {
    await tryUnlink(claim);
  }
};

/** Gives the temporary file its final name. An EEXIST error when that is taken. */
const moveIntoPlace = async (temporary: ByteString, target: ByteString, place: Place): Promise<void> => {
  if (!place.links.usable) return renameUnderClaim(temporary, target, place.run);
  try {
    await link(nativePath(temporary), nativePath(target));
  } catch (error) {
    const code = errnoCode(error) ?? '';
    if (noLinks.has(code)) place.links.usable = false;
    if (cannotLink.has(code)) return renameUnderClaim(temporary, target, place.run);
    if (code !== 'EEXIST' || !(await isSameFile(temporary, target))) throw error;
  }
  await unlinkIfThere(temporary);
};

/** Whether to try hard links; false once the file system has turned out to have none. */
export interface Links {
  usable: boolean;
}

export interface Place {
  readonly run: Run;
  readonly links: Links;
}

/**
 * Publishes what `writeBeside` wrote under its final name, durably and read-only, never over anything that is there.
 * Rejects with the system's error; then neither the temporary file nor, unless it was there before, the target is left.
 */
export const publish = async (temporary: ByteString, target: ByteString, place: Place): Promise<void> => {
  try {
    await moveIntoPlace(temporary, target, place);
  } catch (error) {
    await tryUnlink(temporary);
    throw error;
  }
  try {
    await syncFolder(parentOf(target));
    await whereSupported(chmod(nativePath(target), 0o400), cannotChmod);
  } catch (error) {
    await tryUnlink(target);
    throw error;
  }
};

/** Removes a file durably. Some network file systems refuse while it is read-only. */
export const removeFile = async (path: ByteString): Promise<void> => {
  const native = nativePath(path);
  try {
    await unlink(native);
  } catch (error) {
    const code = errnoCode(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await whereSupported(chmod(native, 0o600), new Set([...cannotChmod, 'ENOENT']));
    await unlink(native);
  }
  await syncFolder(parentOf(path));
};
