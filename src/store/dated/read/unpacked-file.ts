import { createReadStream } from 'node:fs';
import { addAbortSignal, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Run } from '../../../contract/run.ts';
import { interrupted } from '../../../contract/run.ts';
import { byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/**
 * The bytes of a compressed file, unpacked. Faults: `verification-failed` for one that is missing, cut or damaged, and those of
 * the file system.
 */
export async function* unpackFile(file: string, run: Run): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip();
  const bytes = createReadStream(nativePath(byteStringOfLatin1(file)), { highWaterMark: 1 << 18 });
  // What went wrong comes out of the end that is read.
  pipeline(addAbortSignal(run.signal, bytes), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw run.signal.aborted ? interrupted(run.signal.reason) : unpackingFault(error, file);
  } finally {
    bytes.destroy();
    gunzip.destroy();
  }
}

const unpackingFault = (error: unknown, file: string): Fault => {
  const code = errnoCode(error) ?? '';
  const path = byteStringOfLatin1(file);
  if (error instanceof Fault || (/^E[A-Z\d]+$/.test(code) && code !== 'ENOENT')) return errnoFault(error, 'read', path);
  const what = code === 'ENOENT' ? 'is not there' : 'is cut or damaged';
  return new Fault('verification-failed', `${displayText(path)} ${what}`, {
    hint: 'Take another backup, and look at the health of the disk.',
    context: { path: displayText(path) },
    cause: error,
  });
};

/** Reads stretches of one compressed file after another; cheap as long as each lies behind the one before. */
export interface UnpackedReader {
  /** Exactly `size` bytes, unless the file ends. */
  read(file: string, position: number, size: number): AsyncGenerator<Uint8Array, void>;
  close(): Promise<void>;
}

interface Cursor {
  readonly file: string;
  readonly chunks: AsyncGenerator<Uint8Array, void>;
  position: number;
  rest: Uint8Array;
}

export const createUnpackedReader = (run: Run): UnpackedReader => {
  let cursor: Cursor | undefined;
  const close = async (): Promise<void> => {
    await cursor?.chunks.return();
    cursor = undefined;
  };
  const at = async (file: string, position: number): Promise<Cursor> => {
    if (cursor !== undefined && cursor.file === file && cursor.position <= position) return cursor;
    await close();
    return (cursor = { file, chunks: unpackFile(file, run), position: 0, rest: new Uint8Array(0) });
  };
  return {
    read: async function* (file, position, size) {
      const place = await at(file, position);
      let left = size;
      while (left > 0) {
        if (place.rest.length === 0) {
          const next = await place.chunks.next();
          if (next.done === true) return;
          place.rest = next.value;
        }
        const skipped = Math.min(place.rest.length, Math.max(0, position - place.position));
        const taken = place.position + skipped < position ? 0 : Math.min(left, place.rest.length - skipped);
        const bytes = place.rest.subarray(skipped, skipped + taken);
        place.rest = place.rest.subarray(skipped + taken);
        place.position += skipped + taken;
        left -= taken;
        if (taken > 0) yield bytes;
      }
    },
    close,
  };
};
