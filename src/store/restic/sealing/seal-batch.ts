import { createCipheriv, randomBytes, timingSafeEqual } from 'node:crypto';
import { byteView } from './byte-view.ts';
import {
  type Authenticate,
  createAuthenticate,
  createOneTimeHalves,
  envelopeOverhead,
  isZero,
  type MasterKey,
} from './envelope.ts';
import type { Poly1305 } from './poly1305.ts';

/** Seals and opens many blobs at a time; the bytes are those of `Envelope`. */
export interface BatchSealer {
  /**
   * Writes IV ‖ ciphertext ‖ MAC of each plaintext one after another from the start of `into`, which does not overlap the
   * plaintexts, and returns the sealed lengths. RangeError when `into` is too small.
   */
  sealBatch(plaintexts: readonly Uint8Array[], into: Uint8Array): number[];
  /**
   * Opens blobs that lie one after another from the start of `sealed`; undefined where the MAC is wrong. The results are
   * views, valid until the next call.
   */
  openBatch(sealed: Uint8Array, lengths: readonly number[]): (Uint8Array | undefined)[];
}

const blockLength = 16;
const macLength = 16;
/** Small blobs are gathered up to this size for one call of the cipher: it stays in the processor's cache. */
const stagingLength = 256 * 1024;
/** From this size a blob is worth a call of its own. */
const directLength = 64 * 1024;

/**
 * The keystream blocks that a blob occupies. An empty blob takes one as well: two blobs with one IV would share their
 * one-time key, and a one-time key used twice gives the authenticator away.
 */
const blocksOf = (length: number): number => Math.max(1, Math.ceil(length / blockLength));

/** Adds to a counter block as AES-CTR does: 128 bits, big-endian. */
const advance = (counter: Uint8Array, blocks: number): void => {
  let carry = blocks;
  for (let at = blockLength - 1; at >= 0 && carry > 0; at--) {
    const sum = (counter[at] ?? 0) + carry;
    counter[at] = sum & 0xff;
    carry = Math.floor(sum / 256);
  }
};

/** A random first counter from which no batch gets to the end of the 128 bits (where an IV of zeros would follow). */
const randomCounter = (): Uint8Array => {
  const counter = byteView(randomBytes(blockLength));
  const top = counter.subarray(0, 4);
  return isZero(top) || top.every((byte) => byte === 0xff) ? randomCounter() : counter;
};

/** A piece of keystream work: `source` is turned into the same number of bytes, which `deliver` receives. */
interface Piece {
  readonly source: Uint8Array;
  readonly deliver: (turned: Uint8Array) => void;
}

interface Sealing {
  readonly encrypt: Uint8Array;
  readonly oneTimeHalves: (ivs: readonly Uint8Array[]) => Uint8Array[];
  readonly authenticate: Authenticate;
  readonly staging: Uint8Array;
  /** What the cipher has made for the opening that is under way or was the last. */
  readonly opened: Uint8Array[];
}

/**
 * Gives the results of the cipher back at once: each is memory of its own, and a collector that makes little else to
 * collect comes late. The next result gets the same memory, which the processor still has at hand.
 */
const letGo = (results: Uint8Array[]): void => {
  for (const { buffer, byteLength } of results) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
  }
  results.length = 0;
};

/** Runs blobs through one AES-256-CTR keystream from `iv` on, each from the start of a block; the same both ways. */
const runKeystream = (
  { encrypt, staging }: Sealing,
  iv: Uint8Array,
  pieces: readonly Piece[],
  kept?: Uint8Array[],
): void => {
  const cipher = createCipheriv('aes-256-ctr', encrypt, iv);
  let gathered: Piece[] = [];
  let used = 0;
  const flush = (): void => {
    if (gathered.length === 0) return;
    const turned = byteView(cipher.update(staging.subarray(0, used)));
    kept?.push(turned);
    let at = 0;
    for (const { source, deliver } of gathered) {
      deliver(turned.subarray(at, at + source.length));
      at += blocksOf(source.length) * blockLength;
    }
    gathered = [];
    used = 0;
  };
  for (const piece of pieces) {
    const { source, deliver } = piece;
    const padded = blocksOf(source.length) * blockLength;
    if (used + padded > staging.length || source.length >= directLength) flush();
    if (source.length >= directLength) {
      const turned = byteView(cipher.update(source));
      kept?.push(turned);
      deliver(turned);
      // The rest of the last block's keystream is not used.
      if (padded > source.length) cipher.update(new Uint8Array(padded - source.length));
    } else {
      staging.set(source, used);
      used += padded;
      gathered.push(piece);
    }
  }
  flush();
};

const seal = (sealing: Sealing, plaintexts: readonly Uint8Array[], into: Uint8Array): number[] => {
  const lengths = plaintexts.map((plaintext) => plaintext.length + envelopeOverhead);
  if (lengths.reduce((sum, length) => sum + length, 0) > into.length) {
    throw new RangeError('the sealed blobs do not fit into the buffer');
  }
  const counter = randomCounter();
  const first = counter.slice();
  const blobs: { readonly iv: Uint8Array; readonly ciphertext: Uint8Array; readonly mac: Uint8Array }[] = [];
  const pieces: Piece[] = [];
  let start = 0;
  for (const source of plaintexts) {
    const end = start + source.length + envelopeOverhead;
    const iv = into.subarray(start, start + blockLength);
    const ciphertext = into.subarray(start + blockLength, end - macLength);
    iv.set(counter);
    blobs.push({ iv, ciphertext, mac: into.subarray(end - macLength, end) });
    pieces.push({ source, deliver: (turned) => ciphertext.set(turned) });
    advance(counter, blocksOf(source.length));
    start = end;
  }
  runKeystream(sealing, first, pieces);
  const halves = sealing.oneTimeHalves(blobs.map(({ iv }) => iv));
  for (const [index, half] of halves.entries()) {
    const blob = blobs[index];
    blob?.mac.set(sealing.authenticate(blob.ciphertext, half));
  }
  return lengths;
};

interface SealedBlob {
  readonly index: number;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The blobs whose MAC is right. */
const authentic = (sealing: Sealing, sealed: Uint8Array, lengths: readonly number[]): SealedBlob[] => {
  const blobs: (SealedBlob & { readonly mac: Uint8Array })[] = [];
  let start = 0;
  for (const [index, length] of lengths.entries()) {
    const end = start + length;
    if (length >= envelopeOverhead && end <= sealed.length) {
      const iv = sealed.subarray(start, start + blockLength);
      const ciphertext = sealed.subarray(start + blockLength, end - macLength);
      blobs.push({ index, iv, ciphertext, mac: sealed.subarray(end - macLength, end) });
    }
    start = end;
  }
  const halves = sealing.oneTimeHalves(blobs.map(({ iv }) => iv));
  return blobs.filter(({ iv, ciphertext, mac }, place) => {
    const half = halves[place];
    return half !== undefined && !isZero(iv) && timingSafeEqual(sealing.authenticate(ciphertext, half), mac);
  });
};

const open = (sealing: Sealing, sealed: Uint8Array, lengths: readonly number[]): (Uint8Array | undefined)[] => {
  letGo(sealing.opened);
  const opened: (Uint8Array | undefined)[] = lengths.map(() => undefined);
  const expected = new Uint8Array(blockLength);
  let first: Uint8Array | undefined;
  let pieces: Piece[] = [];
  const finish = (): void => {
    if (first !== undefined) runKeystream(sealing, first, pieces, sealing.opened);
  };
  for (const { index, iv, ciphertext } of authentic(sealing, sealed, lengths)) {
    if (first === undefined || Buffer.compare(iv, expected) !== 0) {
      finish();
      first = iv;
      pieces = [];
      expected.set(iv);
    }
    const deliver = (plaintext: Uint8Array): void => {
      opened[index] = plaintext;
    };
    pieces.push({ source: ciphertext, deliver });
    advance(expected, blocksOf(ciphertext.length));
  }
  finish();
  return opened;
};

const joined = (ivs: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(ivs.length * blockLength);
  for (const [index, iv] of ivs.entries()) all.set(iv, index * blockLength);
  return all;
};

/**
 * Setting up AES costs as much as encrypting 27 kB, so all blobs of a call share one keystream: the IV of each one is the
 * counter at which the one before it ended, and all one-time keys come from one AES-128 call. To a reader they are
 * ordinary blobs with IVs of their own. Buffers are kept between calls.
 */
export const createBatchSealer = (key: MasterKey, poly1305: Poly1305): BatchSealer => {
  const halvesOf = createOneTimeHalves(key);
  const sealing: Sealing = {
    encrypt: key.encrypt,
    oneTimeHalves: (ivs) => {
      const halves = halvesOf(joined(ivs));
      return ivs.map((_, index) => halves.subarray(index * blockLength, (index + 1) * blockLength));
    },
    authenticate: createAuthenticate(key, poly1305),
    staging: new Uint8Array(stagingLength),
    opened: [],
  };
  return {
    sealBatch: (plaintexts, into) => seal(sealing, plaintexts, into),
    openBatch: (sealed, lengths) => open(sealing, sealed, lengths),
  };
};
