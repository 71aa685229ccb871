import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Delivery, Piece, Verdict } from '../../../contract/source.ts';
import { byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { openQuietly } from '../threads/hash-file.ts';
import type { StoredContent } from './stored-content.ts';
import type { UnpackedReader } from './unpacked-file.ts';

const deliveryBytes = 1 << 20;

/** What is being filled; handed over for good when it is full or the requests are through. */
interface Filling {
  bytes: Uint8Array;
  used: number;
  pieces: Piece[];
  verdicts: { request: number; verdict: Verdict }[];
}

const handOver = (filling: Filling): Delivery => {
  const { bytes, used, pieces, verdicts } = filling;
  Object.assign(filling, { bytes: new Uint8Array(deliveryBytes), used: 0, pieces: [], verdicts: [] });
  return { bytes: bytes.subarray(0, used), pieces, verdicts };
};

/**
 * Delivers the logical bytes of contents, in order, each compared with the digest that the manifest has: what differs ends as
 * failed. `reader` is kept from call to call, so that an archive is unpacked once.
 */
export async function* readStored(
  contents: readonly StoredContent[],
  reader: UnpackedReader,
  run: Run,
): AsyncGenerator<Delivery, void> {
  const filling: Filling = { bytes: new Uint8Array(deliveryBytes), used: 0, pieces: [], verdicts: [] };
  for (const [request, content] of contents.entries()) {
    throwIfInterrupted(run);
    const digest = createHash('sha256');
    let position = 0;
    let verdict: Verdict;
    try {
      for await (const chunk of chunksOf(content, reader)) {
        digest.update(chunk);
        for (let taken = 0; taken < chunk.length;) {
          throwIfInterrupted(run);
          if (filling.used === deliveryBytes) yield handOver(filling);
          const length = Math.min(chunk.length - taken, deliveryBytes - filling.used);
          filling.bytes.set(chunk.subarray(taken, taken + length), filling.used);
          filling.pieces.push({ request, position, start: filling.used, length });
          filling.used += length;
          position += length;
          taken += length;
        }
      }
      const whole = position === content.size && digest.digest('hex') === content.sha256;
      verdict = whole ? { kind: 'complete', bytes: position } : { kind: 'failed', fault: differs(content) };
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      verdict = { kind: 'failed', fault: error };
    }
    filling.verdicts.push({ request, verdict });
  }
  if (filling.verdicts.length > 0) yield handOver(filling);
}

const differs = ({ file }: StoredContent): Fault =>
  new Fault('verification-failed', `${displayText(byteStringOfLatin1(file))} does not hold what was written`, {
    hint: 'Take another backup, and look at the health of the disk.',
    context: { path: displayText(byteStringOfLatin1(file)) },
  });

const chunksOf = (
  { how, file, position, size }: StoredContent,
  reader: UnpackedReader,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> => {
  switch (how) {
    case 'plain':
      return plainChunks(file);
    case 'gzip':
      return reader.read(file, 0, size);
    case 'archive':
      return reader.read(file, position, size);
  }
};

/** Each chunk is used up before the next is asked for. */
function* plainChunks(file: string): Generator<Uint8Array, void> {
  const path = byteStringOfLatin1(file);
  try {
    const descriptor = openQuietly(path);
    try {
      const buffer = Buffer.allocUnsafe(256 << 10);
      for (let position = 0; ;) {
        const length = readSync(descriptor, buffer, 0, buffer.length, position);
        if (length > 0) yield buffer.subarray(0, length);
        if (length < buffer.length) return;
        position += length;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'verification-failed', ELOOP: 'verification-failed' });
  }
}
