import type { ByteRange } from '../../../contract/backend.ts';
import { Fault } from '../../../model/fault.ts';
import { type Envelope, envelopeOverhead } from '../sealing/envelope.ts';

export type BlobType = 'data' | 'tree';

/** Where a blob lies in a pack. */
export interface PackedBlob {
  readonly type: BlobType;
  /** 32 bytes: SHA-256 of the plaintext. */
  readonly id: Uint8Array;
  readonly offset: number;
  /** Bytes as sealed. */
  readonly length: number;
  /** Bytes of the plaintext; undefined: stored uncompressed. */
  readonly uncompressedLength: number | undefined;
}

/** Entries of the plain header: type, sealed length, (plaintext length,) id. */
const plainEntryLength = 37;
const compressedEntryLength = 41;
/** The length of the sealed header, little-endian, at the very end. */
const trailerLength = 4;
const headerLimit = 16 * 1024 * 1024;
/** A first read of this size gets the whole header of all but unusually full packs of small blobs. */
const eagerTail = 64 * 1024;

/** How many blobs a pack's header can list: restic refuses a header above 16 MiB. */
export const maximumPackBlobs = Math.floor((headerLimit - envelopeOverhead) / compressedEntryLength);

/** Bytes that one blob adds to the plain header. */
export const headerEntryLength = (blob: Pick<PackedBlob, 'uncompressedLength'>): number =>
  isCompressed(blob) ? compressedEntryLength : plainEntryLength;

/** An uncompressed length of 0 means "not compressed": restic stores empty blobs so. */
const isCompressed = (blob: Pick<PackedBlob, 'uncompressedLength'>): boolean => (blob.uncompressedLength ?? 0) !== 0;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The plain header of blobs that lie one after another from offset 0; their offsets are not written. */
export const encodePackHeader = (blobs: readonly PackedBlob[]): Uint8Array => {
  const header = new Uint8Array(blobs.reduce((length, blob) => length + headerEntryLength(blob), 0));
  const view = viewOf(header);
  let at = 0;
  for (const blob of blobs) {
    const compressed = isCompressed(blob);
    header[at] = (blob.type === 'tree' ? 1 : 0) + (compressed ? 2 : 0);
    view.setUint32(at + 1, blob.length, true);
    if (compressed) view.setUint32(at + 5, blob.uncompressedLength ?? 0, true);
    at += headerEntryLength(blob);
    header.set(blob.id, at - 32);
  }
  return header;
};

/** The blobs that an opened header lists, in order; their ids are views of it. Fault `pack-damaged`. */
export const decodePackHeader = (plainHeader: Uint8Array): PackedBlob[] => {
  const view = viewOf(plainHeader);
  const blobs: PackedBlob[] = [];
  let offset = 0;
  let at = 0;
  while (at < plainHeader.length) {
    const kind = view.getUint8(at);
    if (kind > 3) throw new Fault('pack-damaged', `the pack's header has an entry of the unknown type ${kind}`);
    const end = at + (kind >= 2 ? compressedEntryLength : plainEntryLength);
    if (end > plainHeader.length) throw new Fault('pack-damaged', "the pack's header ends within an entry");
    const length = view.getUint32(at + 1, true);
    if (length < envelopeOverhead) throw new Fault('pack-damaged', `the pack's header has a blob of ${length} bytes`);
    const uncompressedLength = kind >= 2 ? view.getUint32(at + 5, true) : 0;
    blobs.push({
      type: kind % 2 === 1 ? 'tree' : 'data',
      id: plainHeader.subarray(end - 32, end),
      offset,
      length,
      uncompressedLength: uncompressedLength === 0 ? undefined : uncompressedLength,
    });
    offset += length;
    at = end;
  }
  return blobs;
};

const checkedHeaderLength = (tail: Uint8Array, packSize: number): number => {
  const length = viewOf(tail).getUint32(tail.length - trailerLength, true);
  if (length < envelopeOverhead || length > packSize - trailerLength || length > headerLimit) {
    throw new Fault('pack-damaged', `the pack says that its header has ${length} bytes, which cannot be`);
  }
  return length;
};

/**
 * Reads and opens the header of a pack of `packSize` bytes with at most two calls of `load`. Fault `pack-damaged` when
 * the header cannot be opened or its blobs do not fill the pack exactly; Faults of `load` pass through.
 */
export const readPackHeader = async (
  load: (range: ByteRange) => Promise<Uint8Array>,
  packSize: number,
  envelope: Envelope,
): Promise<PackedBlob[]> => {
  if (packSize < envelopeOverhead + trailerLength) {
    throw new Fault('pack-damaged', `the pack has only ${packSize} bytes`);
  }
  const eager = Math.min(packSize, eagerTail);
  let tail = await load({ start: packSize - eager, length: eager });
  const headerLength = checkedHeaderLength(tail, packSize);
  const whole = headerLength + trailerLength;
  if (whole > tail.length) tail = await load({ start: packSize - whole, length: whole });
  const sealed = tail.subarray(tail.length - whole, tail.length - trailerLength);
  const header = envelope.open(sealed);
  if (header === undefined) throw new Fault('pack-damaged', "the pack's header is damaged");
  const blobs = decodePackHeader(header);
  const last = blobs.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  if (end !== packSize - whole) {
    throw new Fault('pack-damaged', `the pack's header lists ${end} bytes of blobs where ${packSize - whole} are`);
  }
  return blobs;
};
