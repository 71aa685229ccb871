import { setImmediate } from 'node:timers/promises';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ReadRequest } from '../../contract/source.ts';
import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { createFileReader, type FileReader, hashFile, Stopped } from '../../system/hash-file.ts';
import { unreadable } from './local-metadata.ts';

/** After so many bytes, or as many files as cost as much, whoever wants to interrupt is heard. */
const breath = 16 * 1_048_576;
const costOfFile = 65_536;

/** `Source.digests` of local files: read to their end, one after another, in this thread. */
export const hashLocalFiles = async (
  requests: readonly ReadRequest[],
  run: Run,
): Promise<readonly (string | Fault)[]> => {
  const reader = createFileReader(() => run.signal.aborted);
  const digests: (string | Fault)[] = [];
  let cost = 0;
  for (const { entry, content } of requests) {
    if (content.kind === 'local-file') digests.push(digestOf(content.file, entry, reader));
    else digests.push(new Fault('internal', 'this source has no content of that kind'));
    cost += entry.size + costOfFile;
    if (cost < breath) continue;
    cost = 0;
    await setImmediate();
    throwIfInterrupted(run);
  }
  throwIfInterrupted(run);
  return digests;
};

const digestOf = (file: ByteString, entry: Entry, reader: FileReader): string | Fault => {
  try {
    const hashed = hashFile(file, reader);
    if (hashed === undefined) return new Fault('entry-changed', `${displayText(file)} is no regular file any more`);
    const { stats, bytes, sha256 } = hashed;
    const isAsListed = stats.ino === entry.inode && stats.mtimeNs === entry.mtime && bytes === entry.size;
    return isAsListed ? sha256 : new Fault('entry-changed', 'it changed while it was read');
  } catch (error) {
    // Whoever called throws what the interruption is.
    if (error instanceof Stopped) return new Fault('interrupted', 'it was interrupted');
    const isGone = ['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].includes(errnoCode(error) ?? '');
    return isGone ? new Fault('entry-vanished', 'it vanished before it was read') : unreadable(error, file);
  }
};
