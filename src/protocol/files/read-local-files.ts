import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Delivery, Piece, ReadRequest, Verdict } from '../../contract/source.ts';
import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import { unreadable } from './local-metadata.ts';

const deliveryBytes = 1024 * 1024;

/** What is being filled; handed over for good when it is full or the requests are through. */
interface Filling {
  bytes: Uint8Array;
  used: number;
  pieces: Piece[];
  verdicts: { request: number; verdict: Verdict }[];
}

/** Reads local files one after another, each in order, for a consumer that has no threads of its own for that. */
export async function* readLocalFiles(requests: readonly ReadRequest[], run: Run): AsyncGenerator<Delivery, void> {
  const filling: Filling = { bytes: new Uint8Array(deliveryBytes), used: 0, pieces: [], verdicts: [] };
  for (const [request, { entry, content }] of requests.entries()) {
    throwIfInterrupted(run);
    let verdict: Verdict;
    if (content.kind === 'none') verdict = { kind: 'complete', bytes: 0 };
    else if (content.kind === 'local-file')
      verdict = yield* readFile({ request, file: content.file, entry, run }, filling);
    else verdict = { kind: 'failed', fault: new Fault('internal', 'this source has no content of that kind') };
    filling.verdicts.push({ request, verdict });
  }
  if (filling.verdicts.length > 0) yield handOver(filling);
}

const handOver = (filling: Filling): Delivery => {
  const { bytes, used, pieces, verdicts } = filling;
  Object.assign(filling, { bytes: new Uint8Array(deliveryBytes), used: 0, pieces: [], verdicts: [] });
  return { bytes: bytes.subarray(0, used), pieces, verdicts };
};

interface FileReading {
  readonly request: number;
  readonly file: ByteString;
  readonly entry: Entry;
  readonly run: Run;
}

async function* readFile(reading: FileReading, filling: Filling): AsyncGenerator<Delivery, Verdict> {
  let handle: FileHandle;
  try {
    handle = await openForReading(reading.file);
  } catch (error) {
    // Gone, or something else by now: `relocate` tells which.
    if (['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return { kind: 'gone' };
    return { kind: 'failed', fault: unreadable(error, reading.file) };
  }
  try {
    return yield* readHandle(reading, filling, handle);
  } catch (error) {
    if (error instanceof Fault) throw error;
    return { kind: 'failed', fault: unreadable(error, reading.file) };
  } finally {
    await handle.close();
  }
}

async function* readHandle(
  { request, file, entry, run }: FileReading,
  filling: Filling,
  handle: FileHandle,
): AsyncGenerator<Delivery, Verdict> {
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) {
    return { kind: 'failed', fault: new Fault('entry-changed', `${displayText(file)} is no regular file any more`) };
  }
  let position = 0;
  for (;;) {
    throwIfInterrupted(run);
    if (filling.used === filling.bytes.length) yield handOver(filling);
    const { bytesRead } = await handle.read(filling.bytes, filling.used, filling.bytes.length - filling.used, position);
    if (bytesRead === 0) break;
    filling.pieces.push({ request, position, start: filling.used, length: bytesRead });
    filling.used += bytesRead;
    position += bytesRead;
  }
  const after = await handle.stat({ bigint: true });
  const isAsListed =
    after.ino === entry.inode &&
    after.mtimeNs === entry.mtime &&
    position === entry.size &&
    after.mtimeNs === before.mtimeNs &&
    after.size === before.size;
  return { kind: isAsListed ? 'complete' : 'changed', bytes: position };
}

/** Never through a symlink, never waiting for a fifo, and without a new access time where the system lets us. */
const openForReading = async (file: ByteString): Promise<FileHandle> => {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  // Only Linux knows O_NOATIME.
  const quiet = process.platform === 'linux' ? flags | constants.O_NOATIME : flags;
  try {
    return await open(nativePath(file), quiet);
  } catch (error) {
    // Only the owner may ask for it.
    if (errnoCode(error) !== 'EPERM') throw error;
    return open(nativePath(file), flags);
  }
};
