import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Delivery, Piece, Verdict } from '../../../contract/source.ts';
import { byteStringOfLatin1, displayText } from '../../../model/byte-string.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { openQuietly } from '../../../system/hash-file.ts';
import { createMemoryPool, type MemoryPool } from '../../../system/memory-pool.ts';
import type { StoredContent } from './stored-content.ts';
import type { UnpackedReader } from './unpacked-file.ts';

const deliveryBytes = 1 << 20;

/** What whoever takes deliveries may have under way. */
const mostKept = 16;

/** Gathers what is read into deliveries. */
class Filling {
  readonly #memory: MemoryPool;
  #bytes: Uint8Array<SharedArrayBuffer> | undefined;
  #used = 0;
  #pieces: Piece[] = [];
  #verdicts: { request: number; verdict: Verdict }[] = [];

  constructor(memory: MemoryPool) {
    this.#memory = memory;
  }

  get isFull(): boolean {
    return this.#used === deliveryBytes;
  }

  get isEmpty(): boolean {
    return this.#used === 0 && this.#verdicts.length === 0;
  }

  /** To be written to, and then kept in part or whole. */
  get room(): Uint8Array {
    this.#bytes ??= this.#memory.take(deliveryBytes);
    return this.#bytes.subarray(this.#used, deliveryBytes);
  }

  keep(request: number, position: number, length: number): void {
    this.#pieces.push({ request, position, start: this.#used, length });
    this.#used += length;
  }

  verdict(request: number, verdict: Verdict): void {
    this.#verdicts.push({ request, verdict });
  }

  handOver(): Delivery {
    const bytes = this.#bytes;
    const delivery = {
      bytes: bytes?.subarray(0, this.#used) ?? new Uint8Array(0),
      pieces: this.#pieces,
      verdicts: this.#verdicts,
      ...(bytes === undefined ? {} : { recycle: () => this.#memory.give(bytes) }),
    };
    this.#bytes = undefined;
    this.#used = 0;
    this.#pieces = [];
    this.#verdicts = [];
    return delivery;
  }
}

/** Memory for what is read of one backup, from call to call. */
export const createDeliveryMemory = (): MemoryPool => createMemoryPool({ standard: deliveryBytes, kept: mostKept });

export interface StoredReading {
  /** Kept from call to call, so that an archive is unpacked once. */
  readonly unpacked: UnpackedReader;
  readonly memory: MemoryPool;
}

/**
 * Delivers the logical bytes of contents, in order, each compared with the digest that the manifest has: what differs ends as
 * failed.
 */
export async function* readStored(
  contents: readonly StoredContent[],
  { unpacked, memory }: StoredReading,
  run: Run,
): AsyncGenerator<Delivery, void> {
  const filling = new Filling(memory);
  for (const [request, content] of contents.entries()) {
    throwIfInterrupted(run);
    let verdict: Verdict;
    try {
      const reading = { request, content, filling, run };
      const read = content.how === 'plain' ? yield* readPlain(reading) : yield* readUnpacked(reading, unpacked);
      const whole = read.bytes === content.size && read.sha256 === content.sha256;
      verdict = whole ? { kind: 'complete', bytes: read.bytes } : { kind: 'failed', fault: differs(content) };
    } catch (error) {
      if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
      verdict = { kind: 'failed', fault: error };
    }
    filling.verdict(request, verdict);
  }
  if (!filling.isEmpty) yield filling.handOver();
}

const differs = ({ file }: StoredContent): Fault =>
  new Fault('verification-failed', `${displayText(byteStringOfLatin1(file))} does not hold what was written`, {
    hint: 'Take another backup, and look at the health of the disk.',
    context: { path: displayText(byteStringOfLatin1(file)) },
  });

interface Reading {
  readonly request: number;
  readonly content: StoredContent;
  readonly filling: Filling;
  readonly run: Run;
}

interface Read {
  readonly bytes: number;
  readonly sha256: string;
}

/** A file that lies there as it is: read to where it is handed on from. */
function* readPlain({ request, content, filling, run }: Reading): Generator<Delivery, Read> {
  const path = byteStringOfLatin1(content.file);
  const digest = createHash('sha256');
  let bytes = 0;
  try {
    const descriptor = openQuietly(path);
    try {
      for (;;) {
        throwIfInterrupted(run);
        if (filling.isFull) yield filling.handOver();
        const { room } = filling;
        const length = readSync(descriptor, room, 0, room.length, bytes);
        if (length > 0) {
          digest.update(room.subarray(0, length));
          filling.keep(request, bytes, length);
        }
        bytes += length;
        // Less than was asked for is the end of a regular file; should it ever not be, size and digest tell.
        if (length < room.length) return { bytes, sha256: digest.digest('hex') };
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (isFault(error)) throw error;
    throw errnoFault(error, 'read', path, { ENOENT: 'verification-failed', ELOOP: 'verification-failed' });
  }
}

async function* readUnpacked(
  { request, content, filling, run }: Reading,
  unpacked: UnpackedReader,
): AsyncGenerator<Delivery, Read> {
  const { how, file, position, size } = content;
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of unpacked.read(file, how === 'archive' ? position : 0, size)) {
    digest.update(chunk);
    for (let taken = 0; taken < chunk.length;) {
      throwIfInterrupted(run);
      if (filling.isFull) yield filling.handOver();
      const { room } = filling;
      const part = chunk.subarray(taken, taken + room.length);
      room.set(part);
      filling.keep(request, bytes, part.length);
      bytes += part.length;
      taken += part.length;
    }
  }
  return { bytes, sha256: digest.digest('hex') };
}
