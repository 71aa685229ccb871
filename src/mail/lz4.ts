import { lz4Magic } from './stored-form.ts';

/** What is not LZ4, or ends before it should. */
export class Lz4Damaged extends Error {}

/**
 * One block of LZ4 (lz4_Block_format.md): sequences of literals and of copies of what came before, at most 65,535 bytes back.
 * Throws `Lz4Damaged`, also when it comes to more than `limit` bytes.
 */
export const decompressLz4Block = (block: Uint8Array, limit: number): Uint8Array => {
  const plain = new Uint8Array(limit);
  let from = 0;
  let to = 0;
  const next = (): number => {
    const byte = block[from++];
    if (byte === undefined) throw new Lz4Damaged('it ends too early');
    return byte;
  };
  /** Four bits of the token; 15 goes on in further bytes until one is not 255. */
  const lengthOf = (bits: number): number => {
    let length = bits;
    for (let byte = bits === 15 ? 255 : 0; byte === 255; length += byte) byte = next();
    return length;
  };
  while (from < block.length) {
    const token = next();
    const literals = lengthOf(token >> 4);
    if (from + literals > block.length || to + literals > limit) throw new Lz4Damaged('literals beyond the end');
    plain.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence has no copy.
    if (from === block.length) break;
    const distance = next() | (next() << 8);
    const end = to + lengthOf(token & 15) + 4;
    if (distance === 0 || distance > to || end > limit) throw new Lz4Damaged('a copy from or to where nothing is');
    // Byte by byte, since a copy may overlap itself.
    for (; to < end; to++) plain[to] = plain[to - distance] ?? 0;
  }
  return plain.subarray(0, to);
};

/** Dovecot writes chunks of 64 KiB and reads up to 1 MiB. */
const largestChunk = 1_048_576;
const headerLength = lz4Magic.length + 4;

/**
 * Dovecot's stream of LZ4 blocks (its src/lib-compression/iostream-lz4.h): the magic, the largest size of a decompressed
 * chunk, then chunks, each behind its compressed size; sizes are BE32.
 */
export interface Lz4Stream {
  /** The plaintext of all chunks that are complete by now. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** Throws `Lz4Damaged` when something is left over. */
  end(): void;
}

export const createLz4Stream = (): Lz4Stream => {
  let rest: Uint8Array = new Uint8Array(0);
  let limit: number | undefined;
  const sizeAt = (at: number): number => new DataView(rest.buffer, rest.byteOffset, rest.length).getUint32(at);
  const checked = (size: number): number => {
    if (size === 0 || size > largestChunk + 65_536) throw new Lz4Damaged(`a chunk of ${size} bytes`);
    return size;
  };
  return {
    push: (bytes) => {
      const joined = new Uint8Array(rest.length + bytes.length);
      joined.set(rest);
      joined.set(bytes, rest.length);
      rest = joined;
      if (limit === undefined) {
        if (rest.length < headerLength) return [];
        limit = checked(sizeAt(lz4Magic.length));
        rest = rest.subarray(headerLength);
      }
      const chunks: Uint8Array[] = [];
      while (rest.length >= 4) {
        const end = 4 + checked(sizeAt(0));
        if (rest.length < end) break;
        chunks.push(decompressLz4Block(rest.subarray(4, end), limit));
        rest = rest.subarray(end);
      }
      return chunks;
    },
    end: () => {
      if (limit === undefined || rest.length > 0) throw new Lz4Damaged('it ends too early');
    },
  };
};
