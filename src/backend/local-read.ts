import { constants, type Dirent, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import type { ByteRange, ListedObject, ObjectHandle } from '../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import type { ByteString } from '../model/byte-string.ts';
import { errnoCode } from '../system/errno.ts';
import { nativePath } from '../system/native-path.ts';
import { below } from './local-layout.ts';
import { objectMissing, tooShort } from './object-name.ts';
import { roomFor } from './parts.ts';

const readBytes = 8 << 20;
/** Objects in a page, and lookups of sizes under way at once. */
const pageSize = 1000;
const lookups = 64;

const fill = async (file: FileHandle, bytes: Uint8Array, start: number, run: Run): Promise<number> => {
  let at = 0;
  while (at < bytes.length) {
    throwIfInterrupted(run);
    const { bytesRead } = await file.read(bytes, at, Math.min(readBytes, bytes.length - at), start + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
};

export interface Wanted {
  readonly handle: ObjectHandle;
  readonly range: ByteRange | undefined;
}

/** Reads a file, or exactly a range of it. Rejects with the system's error, `object-missing` or `backend-misbehaved`. */
export const readObject = async (path: ByteString, { handle, range }: Wanted, run: Run): Promise<Uint8Array> => {
  // Non-blocking, so that a pipe that lies there cannot hold us; it says nothing about regular files.
  const file = await open(nativePath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw objectMissing(handle);
    const { start, length } = range ?? { start: 0, length: found.size };
    // Looked at before memory is taken: a length may come from a damaged index.
    if (start + length > found.size) throw tooShort(handle, length, Math.max(0, found.size - start));
    const bytes = roomFor(length, range?.into);
    const got = await fill(file, bytes, start, run);
    if (got < length) throw tooShort(handle, length, got);
    return bytes;
  } finally {
    await file.close();
  }
};

/** undefined when it vanished or is a link that leads nowhere. */
const statIfThere = async (path: ByteString): Promise<Stats | undefined> => {
  try {
    return await stat(nativePath(path));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const sizesOf = async (folder: ByteString, names: readonly string[], run: Run): Promise<ListedObject[]> => {
  const listed: ListedObject[] = [];
  for (let at = 0; at < names.length; at += lookups) {
    throwIfInterrupted(run);
    const some = names.slice(at, at + lookups);
    const found = await Promise.all(some.map((name) => statIfThere(below(folder, name))));
    for (const [index, name] of some.entries()) {
      const stats = found[index];
      if (stats?.isFile() === true) listed.push({ name, size: stats.size });
    }
  }
  return listed;
};

const mayBeFile = (entry: Dirent): boolean => !entry.isDirectory() && !entry.isFIFO() && !entry.isSocket();

/** The files of a folder whose names are `accepted`, in pages. Rejects with the system's error. */
export async function* listFolder(
  folder: ByteString,
  accepted: (name: string) => boolean,
  run: Run,
): AsyncGenerator<readonly ListedObject[]> {
  throwIfInterrupted(run);
  const entries = await readdir(nativePath(folder), { withFileTypes: true });
  const names = entries.filter((entry) => accepted(entry.name) && mayBeFile(entry)).map((entry) => entry.name);
  for (let at = 0; at < names.length; at += pageSize) {
    const page = await sizesOf(folder, names.slice(at, at + pageSize), run);
    if (page.length > 0) yield page;
  }
  throwIfInterrupted(run);
}
