import type { ListedObject } from '../../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { below } from '../local-layout.ts';
import type { Wanted } from '../local-read.ts';
import { objectMissing, tooShort } from '../object-name.ts';
import type { SftpEntry } from './packet.ts';
import {
  closeHandle,
  isLink,
  isRegular,
  openFolder,
  openToRead,
  readAt,
  readFolder,
  type SftpHandle,
  statIfThere,
  statOf,
} from './request.ts';
import type { SftpSession } from './session.ts';

/** Bytes of one file that may be asked for at once. */
const windowBytes = 4 << 20;

interface Filling {
  readonly bytes: Uint8Array;
  /** Where in the file the bytes begin. */
  readonly start: number;
}

/** Fills `bytes` with many requests under way; how many bytes there were. A server may answer with less than asked for. */
const fill = async (session: SftpSession, handle: SftpHandle, filling: Filling, run: Run): Promise<number> => {
  const { bytes, start } = filling;
  const { read: size } = session.limits;
  let next = 0;
  let end = bytes.length;
  const fetchPiece = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to;) {
      const found = await readAt(session, handle, { at: start + at, length: to - at });
      if (found.length === 0) {
        end = Math.min(end, at);
        return;
      }
      bytes.set(found.subarray(0, to - at), at);
      at += found.length;
    }
  };
  const work = async (): Promise<void> => {
    while (next < end) {
      throwIfInterrupted(run);
      const from = next;
      next = Math.min(bytes.length, from + size);
      await fetchPiece(from, next);
    }
  };
  const workers = Math.ceil(Math.min(windowBytes, bytes.length) / size);
  const settled = await Promise.allSettled(Array.from({ length: workers }, work));
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
  return end;
};

/** Reads a file, or exactly a range of it. Rejects with the server's refusal, `object-missing` or `backend-misbehaved`. */
export const readFile = async (
  session: SftpSession,
  path: ByteString,
  { handle, range }: Wanted,
  run: Run,
): Promise<Uint8Array> => {
  const [opened, looked] = await Promise.allSettled([openToRead(session, path), statOf(session, path)]);
  try {
    if (looked.status === 'rejected') throw looked.reason;
    if (!isRegular(looked.value)) throw objectMissing(handle);
    if (opened.status === 'rejected') throw opened.reason;
    throwIfInterrupted(run);
    const size = looked.value.size ?? 0;
    const { start, length } = range ?? { start: 0, length: size };
    // Looked at before memory is taken: a length may come from a damaged index.
    if (start + length > size) throw tooShort(handle, length, Math.max(0, size - start));
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    const got = await fill(session, opened.value, { bytes, start }, run);
    if (got < length) throw tooShort(handle, length, got);
    return bytes;
  } finally {
    // Nothing was written by it, and all bytes are here or a failure is told: nobody has to wait for its end.
    if (opened.status === 'fulfilled') void closeHandle(session, opened.value).catch(() => {});
  }
};

/** Calls `each` with the entries of a folder as they come. Rejects with the server's refusal. */
export const eachEntry = async (
  session: SftpSession,
  folder: ByteString,
  each: (entries: readonly SftpEntry[]) => void | Promise<void>,
): Promise<void> => {
  const handle = await openFolder(session, folder);
  try {
    for (;;) {
      const entries = await readFolder(session, handle);
      if (entries.length === 0) return;
      await each(entries);
    }
  } finally {
    // The listing is complete or its failure told; how the handle ends says nothing of it.
    void closeHandle(session, handle).catch(() => {});
  }
};

/** The entry as an object of a listing; undefined when it is no file or a link that leads nowhere. */
const listedOf = async (
  session: SftpSession,
  folder: ByteString,
  { name, attributes }: SftpEntry,
): Promise<ListedObject | undefined> => {
  const complete = !isLink(attributes) && attributes.size !== undefined;
  const found = complete ? attributes : await statIfThere(session, below(folder, name));
  return found === undefined || !isRegular(found) ? undefined : { name, size: found.size ?? 0 };
};

/** The files among the entries. */
export const filesAmong = async (
  session: SftpSession,
  folder: ByteString,
  entries: readonly SftpEntry[],
): Promise<readonly ListedObject[]> => {
  const found = await Promise.all(entries.map((entry) => listedOf(session, folder, entry)));
  return found.filter((object) => object !== undefined);
};
