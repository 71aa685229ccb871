import { Fault } from '../../../model/fault.ts';

/** A chunk is never shorter, except the last of a file. */
export const minimumChunk = 512 * 1024;
/** A chunk is never longer. */
export const maximumChunk = 8 * 1024 * 1024;

const windowLength = 64;
const degree = 53;
/** A chunk ends where these bits of the fingerprint are zero: every 2^20 bytes on average. */
const splitMask = 0xfffff;

export interface Chunker {
  /**
   * The length of the chunk that begins at `start`. `bytes` must end where the file ends, or hold at least
   * `maximumChunk` bytes from `start` on. It is 0 only when nothing is left.
   */
  cut(bytes: Uint8Array, start: number): number;
}

/** The remainder of a polynomial over GF(2), given as bits, by one of degree 53. */
const remainder = (dividend: bigint, polynomial: bigint): bigint => {
  let rest = dividend;
  for (let excess = rest.toString(2).length - 1; excess >= degree; excess = rest.toString(2).length - 1) {
    rest ^= polynomial << BigInt(excess - degree);
  }
  return rest;
};

/** For each byte, two words: the lower 32 and the upper 21 bits of a fingerprint to be xored. */
type Table = Int32Array;

const tableOf = (fingerprint: (byte: bigint) => bigint): Table => {
  const table = new Int32Array(512);
  for (let byte = 0; byte < 256; byte++) {
    const value = fingerprint(BigInt(byte));
    table[2 * byte] = Number(BigInt.asIntN(32, value));
    table[2 * byte + 1] = Number(value >> 32n);
  }
  return table;
};

// Upper 21 bits of a 53-bit fingerprint, of which the uppermost 8 are shifted out by the next byte.
const upperMask = 0x1fffff;
const shiftedOut = degree - 32 - 8;

interface Tables {
  /** What the 8 bits that are shifted out leave behind. */
  readonly overflow: Table;
  /** What a byte is worth that leaves the window as another enters. */
  readonly leaving: Table;
}

/** The length of the chunk at `start`; at least `minimumChunk` bytes follow, and `end` is the furthest cut. */
const cutLongChunk = (
  { overflow, leaving }: Tables,
  bytes: Uint8Array,
  range: { start: number; end: number },
): number => {
  const { start, end } = range;
  let at = start + minimumChunk;
  let low = 0;
  let high = 0;
  for (let filling = at - windowLength; filling < at; filling++) {
    const out = (high >>> shiftedOut) << 1;
    high = (((high << 8) | (low >>> 24)) & upperMask) ^ (overflow[out + 1] ?? 0);
    low = ((low << 8) | (bytes[filling] ?? 0)) ^ (overflow[out] ?? 0);
  }
  while ((low & splitMask) !== 0 && at < end) {
    const out = (high >>> shiftedOut) << 1;
    const left = (bytes[at - windowLength] ?? 0) << 1;
    high = (((high << 8) | (low >>> 24)) & upperMask) ^ (overflow[out + 1] ?? 0) ^ (leaving[left + 1] ?? 0);
    low = ((low << 8) | (bytes[at] ?? 0)) ^ (overflow[out] ?? 0) ^ (leaving[left] ?? 0);
    at++;
  }
  return at - start;
};

/**
 * Content-defined chunks as restic cuts them: Rabin fingerprints of the last 64 bytes over GF(2), modulo the
 * repository's polynomial. A chunk ends behind the first byte, from the minimum on, at which the lower 20 bits of the
 * fingerprint are zero. Fault `config-damaged` when the polynomial is not of degree 53.
 *
 * Only the 64 bytes before the minimum need to be looked at to know the fingerprint there; the rest is skipped.
 */
export const createChunker = (polynomial: bigint): Chunker => {
  if (polynomial < 0n || polynomial.toString(2).length !== degree + 1) {
    throw new Fault('config-damaged', `the polynomial of the repository is not of degree ${degree}`);
  }
  const tables: Tables = {
    overflow: tableOf((byte) => remainder(byte << BigInt(degree), polynomial)),
    leaving: tableOf((byte) => remainder(byte << BigInt(8 * windowLength), polynomial)),
  };
  return {
    cut: (bytes, start) => {
      const end = Math.min(bytes.length, start + maximumChunk);
      return end - start <= minimumChunk ? Math.max(0, end - start) : cutLongChunk(tables, bytes, { start, end });
    },
  };
};
