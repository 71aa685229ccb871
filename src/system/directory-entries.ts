import { closeSync, constants, openSync } from 'node:fs';
import type { ByteString } from '../model/byte-string.ts';
import { lowWord } from '../model/nanosecond-words.ts';
import { type Caller, found, type Koffi, type Library } from './posix-call.ts';

/** Told of each entry of a directory, `.` and `..` left out. What it is given is only valid during the call. */
export interface EntryVisitor {
  /**
   * `type` is the kernel's `d_type`: 8 a regular file, 4 a directory, 0 not known. The name lies in `bytes` from `start` to before
   * `end`. The inode comes as its lower and upper 32 bits.
   */
  entry(type: number, inodeLow: number, inodeHigh: number, bytes: Buffer, start: number, end: number): void;
}

export const entryType = { unknown: 0, directory: 4, file: 8 } as const;

/**
 * Reads a directory without a pause, in the kernel's order, and makes no object of any entry. Throws a `PosixError`, also where
 * the system has no such call.
 */
export type ListEntries = (directory: ByteString, visitor: EntryVisitor) => void;

type GetDents = (handle: number, into: number, size: number) => number | bigint;

const bufferSize = 131_072;

/** Places in `struct linux_dirent64` (getdents64(2)), in bytes. */
const place = { length: 16, type: 18, name: 19 };

const isDots = (bytes: Buffer, start: number, end: number): boolean =>
  bytes[start] === 0x2e && (end - start === 1 || (end - start === 2 && bytes[start + 1] === 0x2e));

const visit = (bytes: Buffer, words: Uint32Array, filled: number, visitor: EntryVisitor): void => {
  for (let at = 0; at < filled;) {
    const length = lowWord === 0 ? bytes.readUInt16LE(at + place.length) : bytes.readUInt16BE(at + place.length);
    const start = at + place.name;
    // Records are padded to eight bytes, so that the zero byte behind the name is one of the last eight.
    let end = Math.max(start, at + length - 8);
    while (bytes[end] !== 0) end++;
    if (!isDots(bytes, start, end)) {
      const word = at >> 2;
      visitor.entry(
        bytes[at + place.type] ?? 0,
        words[word + lowWord] ?? 0,
        words[word + 1 - lowWord] ?? 0,
        bytes,
        start,
        end,
      );
    }
    at += length;
  }
};

/** getdents64(2) is in glibc since 2.30. */
export const bindEntries = (koffi: Koffi, library: Library, call: Caller): { readonly listEntries: ListEntries } => {
  let getDents: GetDents | undefined;
  const bytes = Buffer.allocUnsafeSlow(bufferSize);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bufferSize >> 2);
  const address = Number(koffi.address(bytes));
  return {
    listEntries: (directory, visitor) => {
      getDents ??= found(library, 'int64_t getdents64(int handle, uintptr_t into, size_t size)', 'getdents64');
      const handle = openSync(Buffer.from(directory, 'latin1'), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        for (;;) {
          const filled = call(getDents(handle, address, bufferSize), 'getdents64') ?? 0;
          if (filled === 0) return;
          visit(bytes, words, filled, visitor);
        }
      } finally {
        closeSync(handle);
      }
    },
  };
};
