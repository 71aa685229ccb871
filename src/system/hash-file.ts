import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import type { ByteString } from '../model/byte-string.ts';
import { errnoCode } from './errno.ts';
import { nativePath } from './native-path.ts';

// O_NONBLOCK: a fifo that took the file's place must not hang us. O_NOFOLLOW: nor may a symlink lead elsewhere.
const baseFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const quietFlags = process.platform === 'linux' ? baseFlags | constants.O_NOATIME : baseFlags;

/** Throws the system's error. */
export const openQuietly = (path: ByteString): number => {
  try {
    return openSync(nativePath(path), quietFlags);
  } catch (error) {
    // Only the owner and root may leave the access time alone.
    if (errnoCode(error) !== 'EPERM') throw error;
    return openSync(nativePath(path), baseFlags);
  }
};

const windowSize = 4 << 20;

export interface ReadThrough {
  readonly sha256: string;
  readonly bytes: number;
}

/** A failure to read, as against one to write what was read. */
export class ReadingFailed extends Error {}

/** The run was interrupted while a file was read. */
export class Stopped extends Error {}

/** Runs what only reads. */
export const reading = <Result>(work: () => Result): Result => {
  try {
    return work();
  } catch (cause) {
    throw new ReadingFailed('', { cause });
  }
};

/** Reads files from beginning to end, one at a time, with one buffer. */
export interface FileReader {
  /** `take` is handed each stretch of bytes, and where it begins, before they are overwritten. Throws `ReadingFailed`, or what `take` throws. */
  readThrough(descriptor: number, take?: (bytes: Uint8Array, position: number) => void): ReadThrough;
}

export const createFileReader = (stopped: () => boolean): FileReader => {
  const buffer = Buffer.allocUnsafeSlow(windowSize);
  const read = (descriptor: number, position: number): Uint8Array =>
    buffer.subarray(
      0,
      reading(() => readSync(descriptor, buffer, 0, windowSize, position)),
    );
  return {
    readThrough: (descriptor, take) => {
      const first = read(descriptor, 0);
      // Less than was asked for is the end of a regular file; should it ever not be, the size that fstat says tells.
      if (first.length < windowSize) {
        take?.(first, 0);
        return { sha256: hash('sha256', first, 'hex'), bytes: first.length };
      }
      const digest = createHash('sha256');
      let position = 0;
      for (let bytes = first; bytes.length > 0; bytes = read(descriptor, position)) {
        digest.update(bytes);
        take?.(bytes, position);
        position += bytes.length;
        if (stopped()) throw new Stopped();
      }
      return { sha256: digest.digest('hex'), bytes: position };
    },
  };
};

export interface HashedFile extends ReadThrough {
  readonly stats: BigIntStats;
}

/** Throws the system's error. Undefined: it is no regular file. `forget`: lets memory go of an open file. */
export const hashFile = (
  path: ByteString,
  reader: FileReader,
  forget?: (descriptor: number) => void,
): HashedFile | undefined => {
  const descriptor = openQuietly(path);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (!stats.isFile()) return undefined;
    forget?.(descriptor);
    const read = reader.readThrough(descriptor);
    // Nor shall what is read once push out what others use.
    forget?.(descriptor);
    return { ...read, stats };
  } catch (error) {
    throw error instanceof ReadingFailed ? error.cause : error;
  } finally {
    closeSync(descriptor);
  }
};
