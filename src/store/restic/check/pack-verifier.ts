import { hash } from 'node:crypto';
import { asFault } from '../../../model/fault.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { openEach } from '../read/blob-opener.ts';
import { decodePackHeader, encodePackHeader, type PackedBlob } from '../format/pack-format.ts';
import type { OpeningTools } from '../sealing/opening-tools.ts';
import type { VerifiedPack, VerifyJob } from './verify-messages.ts';

export interface VerifierTools extends OpeningTools {
  readonly envelope: Envelope;
}

const trailerBytes = 4;

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

const damagedBlobs = (bytes: Uint8Array, blobs: readonly PackedBlob[], tools: VerifierTools): string[] => {
  const ids = new Uint8Array(blobs.length * 32);
  for (const [number, blob] of blobs.entries()) ids.set(blob.id, number * 32);
  const job = {
    job: 0,
    sealed: bytes,
    ids,
    offsets: blobs.map((blob) => blob.offset),
    lengths: blobs.map((blob) => blob.length),
    uncompressedLengths: blobs.map((blob) => blob.uncompressedLength ?? 0),
  };
  const damage: string[] = [];
  for (const opened of openEach(job, tools)) {
    const found = blobs[opened.blob];
    if ('plain' in opened || found === undefined) continue;
    damage.push(`holds a damaged ${found.type} blob ${idText(found.id)}: ${opened.what}`);
  }
  return damage;
};

/** Reads a whole pack: its name, its header, and every blob down to its plaintext's hash. */
export const verifyPack = ({ job, id, bytes }: VerifyJob, tools: VerifierTools): VerifiedPack => {
  const damage: string[] = [];
  if (hash('sha256', bytes, 'hex') !== id) damage.push('has a content that does not match its name');
  const blobs = readHeader(bytes, tools.envelope);
  if (typeof blobs === 'string') return { job, damage: [...damage, blobs], header: new Uint8Array(0) };
  damage.push(...damagedBlobs(bytes, blobs, tools));
  return { job, damage, header: encodePackHeader(blobs) };
};
