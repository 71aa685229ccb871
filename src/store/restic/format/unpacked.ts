import { zstdCompressSync } from 'node:zlib';
import { Fault, type FaultCode } from '../../../model/fault.ts';
import { type Decompressor, decompressUnknown } from '../sealing/compression.ts';

/** Indexes are the largest files that are not packs: at most some 450,000 blobs of 150 bytes. */
const unpackedLimit = 256 * 1024 * 1024;

const compressedVersion = 2;
const openingBrace = 0x7b;
const openingBracket = 0x5b;

/** What is sealed for a snapshot, index or lock: JSON as it is (version 1), or the byte 2 and a zstd frame of it (version 2). */
export const encodeUnpacked = (json: Uint8Array, version: 1 | 2): Uint8Array => {
  if (version === 1) return json;
  const frame = zstdCompressSync(json);
  const encoded = new Uint8Array(1 + frame.length);
  encoded[0] = compressedVersion;
  encoded.set(frame, 1);
  return encoded;
};

/** The JSON bytes of an opened file of either version (a view of `plain` when it was not compressed). Throws a Fault with the code `damage`. */
export const decodeUnpacked = (
  plain: Uint8Array,
  damage: FaultCode = 'blob-damaged',
  decompressor?: Decompressor,
): Uint8Array => {
  const first = plain[0];
  if (first === openingBrace || first === openingBracket) return plain;
  if (first !== compressedVersion) {
    throw new Fault(damage, first === undefined ? 'the file is empty' : `the file has the unknown encoding ${first}`);
  }
  const json = decompressUnknown(plain.subarray(1), unpackedLimit, decompressor);
  if (json === undefined) throw new Fault(damage, 'the file cannot be decompressed');
  return json;
};
