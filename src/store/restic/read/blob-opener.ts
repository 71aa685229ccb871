import { hash } from 'node:crypto';
import type { Decompressor } from '../sealing/compression.ts';
import type { OpenedBlobs, OpenJob } from './reader-messages.ts';
import type { BatchSealer } from '../sealing/seal-batch.ts';

const sealOverhead = 32;

/** Blobs are opened in batches of about this many sealed bytes: they stay in the processor's cache until they are hashed. */
const batchBytes = 262_144;

/** The end of the batch that starts at `from`: blobs that lie one after another without a gap. */
const batchEnd = (job: OpenJob, from: number): number => {
  let end = from;
  let bytes = 0;
  let expected = job.offsets[from] ?? 0;
  while (end < job.offsets.length && job.offsets[end] === expected && (end === from || bytes < batchBytes)) {
    const length = job.lengths[end] ?? 0;
    expected += length;
    bytes += length;
    end++;
  }
  return end;
};

const plainLength = (job: OpenJob, blob: number): number =>
  job.uncompressedLengths[blob] || Math.max(0, (job.lengths[blob] ?? 0) - sealOverhead);

/** One blob of a job: its plaintext, valid until the next one unless it lies in the room, or what is wrong with it. */
export type OpenedBlob =
  | { readonly blob: number; readonly plain: Uint8Array }
  | { readonly blob: number; readonly what: string };

export interface OpeningTools {
  readonly sealer: BatchSealer;
  readonly decompressor: Decompressor;
}

/** Where the next plaintext may be put; asked for each. */
type RoomLeft = () => Uint8Array | undefined;

const noRoom: RoomLeft = () => undefined;

const examine = (
  blob: number,
  content: Uint8Array | undefined,
  job: OpenJob,
  { decompressor, room }: { readonly decompressor: Decompressor; readonly room: RoomLeft },
): OpenedBlob => {
  if (content === undefined) return { blob, what: 'its seal is broken' };
  const size = job.uncompressedLengths[blob] ?? 0;
  const plain = size === 0 ? content : decompressor.decompress(content, size, room());
  if (plain === undefined) return { blob, what: 'it does not decompress' };
  const id = job.ids.subarray(blob * 32, blob * 32 + 32);
  if (Buffer.compare(hash('sha256', plain, 'buffer'), id) === 0) return { blob, plain };
  return { blob, what: 'its content does not match its id' };
};

/** Opens, decompresses and hashes the blobs of a job, one after another. */
export function* openEach(
  job: OpenJob,
  { sealer, decompressor }: OpeningTools,
  room: RoomLeft = noRoom,
): Generator<OpenedBlob> {
  for (let from = 0; from < job.offsets.length;) {
    const end = batchEnd(job, from);
    const lengths = job.lengths.slice(from, end);
    const start = job.offsets[from] ?? 0;
    const stretch = job.sealed.subarray(start, start + lengths.reduce((sum, length) => sum + length, 0));
    for (const [number, content] of sealer.openBatch(stretch, lengths).entries()) {
      yield examine(from + number, content, job, { decompressor, room });
    }
    from = end;
  }
}

/** Memory that is used again has its pages already, and is not filled with zeros before. */
const roomOf = (job: OpenJob, length: number): Uint8Array =>
  job.room !== undefined && job.room.length >= length
    ? job.room
    : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);

/** The plaintexts of a job, together. */
export const openBlobs = (job: OpenJob, tools: OpeningTools): OpenedBlobs => {
  let total = 0;
  for (let blob = 0; blob < job.offsets.length; blob++) total += plainLength(job, blob);
  const bytes = roomOf(job, total + 1);
  const starts: number[] = [];
  const damage: { blob: number; what: string }[] = [];
  let used = 0;
  for (const opened of openEach(job, tools, () => bytes.subarray(used))) {
    if ('what' in opened) {
      starts.push(-1);
      damage.push(opened);
      continue;
    }
    const { plain } = opened;
    if (plain.buffer !== bytes.buffer) bytes.set(plain, used);
    starts.push(used);
    used += plain.length;
  }
  return { job: job.job, bytes: bytes.subarray(0, used), starts, damage };
};
