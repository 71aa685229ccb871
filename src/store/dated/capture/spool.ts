import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import { nativePath } from '../../../system/native-path.ts';
import { inContext, writeWhole } from '../disk/append-file.ts';

/** Keeps a content until it is known how long it is: in memory while it is small, else in a file. */
export interface Spool {
  add(bytes: Uint8Array): void;
  /** What was added, in order. */
  chunks(): Generator<Uint8Array>;
  /** Empty again. */
  clear(): void;
}

const inMemory = 8 << 20;
const chunkSize = 1 << 20;

export const createSpool = (path: ByteString): Spool => {
  let kept: Uint8Array[] = [];
  let size = 0;
  let file: number | undefined;
  const onFile = <Result>(work: () => Result): Result => inContext(path, work);
  const toFile = (bytes: Uint8Array): void => {
    onFile(() => {
      file ??= openSync(nativePath(path), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
      writeWhole(file, bytes, size);
    });
  };
  return {
    add: (bytes) => {
      if (file === undefined && size + bytes.length <= inMemory) {
        kept.push(Uint8Array.from(bytes));
      } else {
        if (file === undefined) {
          const before = kept;
          kept = [];
          size = 0;
          for (const chunk of before) {
            toFile(chunk);
            size += chunk.length;
          }
        }
        toFile(bytes);
      }
      size += bytes.length;
    },
    chunks: function* () {
      yield* kept;
      if (file === undefined) return;
      const descriptor = file;
      for (let position = 0; position < size;) {
        const chunk = new Uint8Array(Math.min(chunkSize, size - position));
        const at = position;
        const length = onFile(() => readSync(descriptor, chunk, 0, chunk.length, at));
        if (length === 0) return;
        yield chunk.subarray(0, length);
        position += length;
      }
    },
    clear: () => {
      kept = [];
      size = 0;
      const descriptor = file;
      file = undefined;
      if (descriptor === undefined) return;
      onFile(() => {
        closeSync(descriptor);
        unlinkSync(nativePath(path));
      });
    },
  };
};
