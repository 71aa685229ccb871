import { hash } from 'node:crypto';
import { asFault } from '../../../model/fault.ts';
import type { Decompressor } from '../sealing/compression.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { openBlobs } from '../read/blob-opener.ts';
import { decodePackHeader, encodePackHeader, type PackedBlob } from '../format/pack-format.ts';
import type { BatchSealer } from '../sealing/seal-batch.ts';
import type { VerifiedPack, VerifyJob } from './verify-messages.ts';

export interface VerifierTools {
  readonly envelope: Envelope;
  readonly sealer: BatchSealer;
  readonly decompressor: Decompressor;
}

const trailerBytes = 4;
/** Blobs are opened in groups of about this many plain bytes, so that a pack's content is never in memory whole. */
const groupBytes = 4 * 1_048_576;

const readHeader = (bytes: Uint8Array, envelope: Envelope): PackedBlob[] | string => {
  if (bytes.length < trailerBytes) return 'is too short for a header';
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - trailerBytes, true);
  const start = bytes.length - trailerBytes - length;
  if (start < 0) return 'claims a header that is longer than the pack';
  const plain = envelope.open(bytes.subarray(start, start + length));
  if (plain === undefined) return 'has a damaged header';
  try {
    const blobs = decodePackHeader(plain);
    const end = blobs.reduce((sum, blob) => sum + blob.length, 0);
    return end === start ? blobs : `has ${start} bytes of blobs where its header lists ${end}`;
  } catch (error) {
    return `has a damaged header: ${asFault(error).message}`;
  }
};

const idText = (id: Uint8Array): string => Buffer.from(id).toString('hex').slice(0, 8);

const groupEnd = (blobs: readonly PackedBlob[], from: number): number => {
  let bytes = 0;
  let end = from;
  while (end < blobs.length && (end === from || bytes < groupBytes)) {
    bytes += blobs[end]?.uncompressedLength ?? blobs[end]?.length ?? 0;
    end++;
  }
  return end;
};

const openGroup = (bytes: Uint8Array, group: readonly PackedBlob[], tools: VerifierTools): string[] => {
  const ids = new Uint8Array(group.length * 32);
  for (const [number, blob] of group.entries()) ids.set(blob.id, number * 32);
  const opened = openBlobs(
    {
      job: 0,
      sealed: bytes,
      ids,
      offsets: group.map((blob) => blob.offset),
      lengths: group.map((blob) => blob.length),
      uncompressedLengths: group.map((blob) => blob.uncompressedLength ?? 0),
    },
    tools.sealer,
    tools.decompressor,
  );
  return opened.damage.map(({ blob, what }) => {
    const { type, id } = group[blob] ?? { type: 'data', id: new Uint8Array(0) };
    return `holds a damaged ${type} blob ${idText(id)}: ${what}`;
  });
};

/** Reads a whole pack: its name, its header, and every blob down to its plaintext's hash. */
export const verifyPack = ({ job, id, bytes }: VerifyJob, tools: VerifierTools): VerifiedPack => {
  const damage: string[] = [];
  if (hash('sha256', bytes, 'hex') !== id) damage.push('has a content that does not match its name');
  const blobs = readHeader(bytes, tools.envelope);
  if (typeof blobs === 'string') return { job, damage: [...damage, blobs], header: new Uint8Array(0) };
  for (let from = 0; from < blobs.length;) {
    const end = groupEnd(blobs, from);
    damage.push(...openGroup(bytes, blobs.slice(from, end), tools));
    from = end;
  }
  return { job, damage, header: encodePackHeader(blobs) };
};
