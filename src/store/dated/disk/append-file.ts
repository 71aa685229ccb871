import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** What a file holds. */
export interface Written {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A new file, 0600, that only grows. Synchronous: what it takes is small and goes to the page cache. */
export interface AppendFile {
  /** Returns where in the file the bytes begin. Faults as `errnoFault`. */
  append(bytes: Uint8Array): number;
  /** Closes it, and tells what it holds now. May be called twice. */
  finish(): Written;
}

export const createAppendFile = (path: ByteString): AppendFile => {
  const file = inContext(path, () => openSync(nativePath(path), newFile, 0o600));
  const hash = createHash('sha256');
  let bytes = 0;
  let finished: Written | undefined;
  return {
    append: (more) => {
      inContext(path, () => writeWhole(file, more, bytes));
      hash.update(more);
      bytes += more.length;
      return bytes - more.length;
    },
    finish: () => {
      if (finished !== undefined) return finished;
      finished = { bytes, sha256: hash.digest('hex') };
      inContext(path, () => closeSync(file));
      return finished;
    },
  };
};

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Runs what writes to a file; the system's errors come out as Faults. */
export const inContext = <Result>(path: ByteString, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

/** All of it. */
export const writeWhole = (file: number, bytes: Uint8Array, position: number): void => {
  for (let written = 0; written < bytes.length;)
    written += writeSync(file, bytes, written, bytes.length - written, position + written);
};
