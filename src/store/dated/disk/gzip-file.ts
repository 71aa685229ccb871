import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import type { ByteString } from '../../../model/byte-string.ts';
import { asFault, type Fault } from '../../../model/fault.ts';
import { createAppendFile, type Written } from './append-file.ts';

/** A new file, 0600, that is compressed as it is written. The same bytes give the same file: no name, no time in it. */
export interface GzipFile {
  /** Bytes so far, before compression. */
  readonly position: number;
  /** The bytes may be used again when it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** What lies on the disk. */
  finish(): Promise<Written>;
  /** Gives it up; the file stays for the caller to remove. */
  abandon(): void;
}

/** Faults of the file system as `errnoFault`. */
export const createGzipFile = (path: ByteString): GzipFile => {
  const file = createAppendFile(path);
  const gzip = createGzip({ level: 6 });
  let position = 0;
  let failure: Fault | undefined;
  gzip.on('data', (bytes: Buffer) => {
    try {
      if (failure === undefined) file.append(bytes);
    } catch (error) {
      failure = asFault(error);
    }
  });
  gzip.on('error', (error) => {
    failure ??= asFault(error);
  });
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    get position() {
      return position;
    },
    write: async (bytes) => {
      throwFailure();
      position += bytes.length;
      // It keeps what it is given until it has come to it.
      await new Promise<void>((resolve) => {
        gzip.write(Uint8Array.from(bytes), () => resolve());
      });
      throwFailure();
    },
    finish: async () => {
      throwFailure();
      const ended = once(gzip, 'end');
      gzip.end();
      await ended;
      throwFailure();
      return file.finish();
    },
    abandon: () => {
      gzip.destroy();
      file.finish();
    },
  };
};
