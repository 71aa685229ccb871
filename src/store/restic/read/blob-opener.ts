import { hash } from 'node:crypto';
import type { Decompressor } from '../sealing/compression.ts';
import type { OpenedBlobs, OpenJob } from './reader-messages.ts';
import type { OpeningTools } from '../sealing/opening-tools.ts';

const sealOverhead = 32;

const plainLength = (job: OpenJob, blob: number): number =>
  job.uncompressedLengths[blob] || Math.max(0, (job.lengths[blob] ?? 0) - sealOverhead);

/** One blob of a job: its plaintext, valid until the next one unless it lies in the room, or what is wrong with it. */
export type OpenedBlob =
  | { readonly blob: number; readonly plain: Uint8Array }
  | { readonly blob: number; readonly what: string };

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
  for (const [blob, start] of job.offsets.entries()) {
    const content = sealer.open(job.sealed.subarray(start, start + (job.lengths[blob] ?? 0)));
    yield examine(blob, content, job, { decompressor, room });
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
