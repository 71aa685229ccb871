import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Sight } from './blob-writer.ts';
import { errnoCode } from '../../../system/errno.ts';

/** What lstat said of a local file when it was listed. Sizes in bytes, times in nanoseconds since 1970. */
export interface FileStamp {
  readonly size: number;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly inode: bigint;
}

export interface ReadFile {
  /** What fstat said after the last byte was read; of a file that `changed`, before its first byte. */
  readonly stamp: FileStamp;
  /** It did not hold still, even when read again. */
  readonly changed: boolean;
}

/** Files up to this size are read whole, which mail-aware cutting needs; of larger ones only a window is in memory. */
export const wholeFileLimit = 16 * 1_048_576;
/** The buffer, at first and for all that does not fit in: the window of a large file is at least twice the longest chunk. */
const usualSize = 1_048_576;
const windowSize = wholeFileLimit + 1;
const attempts = 3;

/** Where the bytes of a file go. */
export interface ContentSink {
  /** A content starts, or starts again from its first byte. */
  begin(): void;
  /** Takes bytes in order and returns how many of them it has used up; the others come again with the next call. */
  take(bytes: Uint8Array, sight: Sight): number;
}

// O_NONBLOCK: a fifo that took the file's place must not hang us. O_NOFOLLOW: nor may a symlink lead elsewhere.
const baseFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const quietFlags = baseFlags | constants.O_NOATIME;

/** Reads local files into a sink, one after another, with one buffer. Synchronous: it runs in threads of its own. */
export class FileContentReader {
  #buffer = Buffer.allocUnsafeSlow(usualSize);

  /** Throws the system's error. `expected` is what the listing said: a file that equals it was read while at rest. */
  read(file: Buffer | string, expected: FileStamp, sink: ContentSink): ReadFile | 'not-a-file' {
    const descriptor = this.#open(file);
    try {
      let before = expected;
      for (let attempt = 1; ; attempt++) {
        sink.begin();
        const bytes =
          before.size <= wholeFileLimit
            ? this.#readWhole(descriptor, before.size, sink)
            : this.#readWindows(descriptor, sink);
        const stat = fstatSync(descriptor, { bigint: true });
        if (!stat.isFile()) return 'not-a-file';
        const stamp = { size: Number(stat.size), mtime: stat.mtimeNs, ctime: stat.ctimeNs, inode: stat.ino };
        // A rename changes only ctime, and a Maildir renames for every flag: that is no change of content.
        const still =
          stamp.size === bytes &&
          stamp.size === before.size &&
          stamp.mtime === before.mtime &&
          stamp.inode === before.inode;
        if (still) return { stamp, changed: false };
        // What was before the read, not after it: a stamp that is out of date already makes the next run read again.
        if (attempt === attempts) return { stamp: { ...before, size: bytes }, changed: true };
        before = stamp;
      }
    } catch (error) {
      // Something else took its place: a folder or a fifo cannot be read at a position.
      if (errnoCode(error) !== undefined && !fstatSync(descriptor).isFile()) return 'not-a-file';
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  #open(file: Buffer | string): number {
    try {
      return openSync(file, quietFlags);
    } catch (error) {
      // Only the owner and root may leave the access time alone.
      if (errnoCode(error) !== 'EPERM') throw error;
      return openSync(file, baseFlags);
    }
  }

  #readWhole(descriptor: number, size: number, sink: ContentSink): number {
    // Memory that is never written costs nothing, and growing step by step leaves pieces behind.
    if (this.#buffer.length < size + 1) this.#buffer = Buffer.allocUnsafeSlow(windowSize);
    let filled = 0;
    for (;;) {
      if (filled === this.#buffer.length) return filled + this.#continueWindows(descriptor, filled, sink);
      const wanted = this.#buffer.length - filled;
      const read = readSync(descriptor, this.#buffer, filled, wanted, filled);
      filled += read;
      // Less than was asked for is the end of a regular file. Should it ever not be, the size that fstat says tells.
      if (read < wanted) break;
    }
    sink.take(this.#buffer.subarray(0, filled), { whole: true, last: true });
    return filled;
  }

  /** The file grew past what was expected: what is in the buffer goes on as the first window. */
  #continueWindows(descriptor: number, filled: number, sink: ContentSink): number {
    return this.#readWindows(descriptor, sink, filled) - filled;
  }

  #readWindows(descriptor: number, sink: ContentSink, already = 0): number {
    if (this.#buffer.length < windowSize) {
      const larger = Buffer.allocUnsafeSlow(windowSize);
      this.#buffer.copy(larger, 0, 0, already);
      this.#buffer = larger;
    }
    let filled = already;
    let position = already;
    for (;;) {
      const read =
        filled < this.#buffer.length
          ? readSync(descriptor, this.#buffer, filled, this.#buffer.length - filled, position)
          : 0;
      const last = read === 0 && filled < this.#buffer.length;
      filled += read;
      position += read;
      if (filled < this.#buffer.length && !last) continue;
      const used = sink.take(this.#buffer.subarray(0, filled), { whole: false, last });
      if (last) return position;
      this.#buffer.copyWithin(0, used, filled);
      filled -= used;
    }
  }
}
