import { createCipheriv, createDecipheriv, type Decipher, randomBytes, timingSafeEqual } from 'node:crypto';
import { longestTurn, type NativeCiphers } from '../../../system/native-ciphers.ts';
import { byteView } from './byte-view.ts';
import type { Poly1305 } from './poly1305.ts';

/** The keys of a repository, or those derived from a password. */
export interface MasterKey {
  /** 32 bytes, for AES-256-CTR. */
  readonly encrypt: Uint8Array;
  /** 16 bytes: the AES-128 key that turns an IV into the second half of the one-time key. */
  readonly macK: Uint8Array;
  /** 16 bytes: the first half of the one-time key, stored unclamped. */
  readonly macR: Uint8Array;
}

/** What sealing adds: IV (16) in front, MAC (16) behind. */
export const envelopeOverhead = 32;

const ivLength = 16;
const macLength = 16;

/** Splits 64 bytes as scrypt yields them: 32 for encryption, 16 `k`, 16 `r`. The bytes are copied. */
export const masterKeyFromBytes = (bytes: Uint8Array): MasterKey => {
  if (bytes.length !== 64) throw new RangeError('a master key has 64 bytes');
  const copy = Uint8Array.from(bytes);
  return { encrypt: copy.subarray(0, 32), macK: copy.subarray(32, 48), macR: copy.subarray(48, 64) };
};

export const generateMasterKey = (): MasterKey => masterKeyFromBytes(randomBytes(64));

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** A fresh IV; restic refuses one of zeros only. */
const randomIv = (): Uint8Array => {
  const iv = randomBytes(ivLength);
  return isZero(iv) ? randomIv() : iv;
};

/** Gives the MAC of a ciphertext sealed under `iv`. */
export type Authenticate = (ciphertext: Uint8Array, oneTimeHalf: Uint8Array) => Uint8Array;

/** AES-128 of any number of whole blocks under `k`: the halves of the one-time keys that depend on the IVs. */
export const createOneTimeHalves = (key: MasterKey, native?: NativeCiphers): ((ivs: Uint8Array) => Uint8Array) => {
  const direct = native?.createEcb(key.macK);
  if (direct !== undefined) {
    return (ivs) => {
      const halves = new Uint8Array(ivs.length);
      direct(ivs, halves);
      return halves;
    };
  }
  // Without padding ECB keeps no state, so one cipher serves for ever.
  const cipher = createCipheriv('aes-128-ecb', key.macK, null).setAutoPadding(false);
  return (ivs) => byteView(cipher.update(ivs));
};

/** Poly1305 with the key `r ‖ oneTimeHalf`. */
export const createAuthenticate = (key: MasterKey, poly1305: Poly1305): Authenticate => {
  const oneTimeKey = new Uint8Array(32);
  oneTimeKey.set(key.macR);
  return (ciphertext, oneTimeHalf) => {
    oneTimeKey.set(oneTimeHalf, ivLength);
    return poly1305(ciphertext, oneTimeKey);
  };
};

/** restic's authenticated encryption of one object: IV ‖ AES-256-CTR ‖ Poly1305-AES over the ciphertext. */
export interface Envelope {
  /** Under a fresh random IV; the result is the caller's. */
  seal(plaintext: Uint8Array): Uint8Array;
  /** The plaintext, which is the caller's; undefined when the MAC is wrong or the bytes are too few. */
  open(sealed: Uint8Array): Uint8Array | undefined;
  /** As `open`, into memory that is there (`into`: 32 bytes less than `sealed`). False when nothing could be opened. */
  openInto(sealed: Uint8Array, into: Uint8Array): boolean;
}

/** Bytes that are deciphered at once into memory that is there: the cipher of Node gives each result in memory of its own. */
const deciphered = 1 << 20;

interface SealedParts {
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * One cipher object a call: for files of the repository; blobs go through `createBlobSealer`. With `native` what is opened into
 * memory that is there is deciphered there.
 */
export const createEnvelope = (key: MasterKey, poly1305: Poly1305, native?: NativeCiphers): Envelope => {
  const oneTimeHalves = createOneTimeHalves(key);
  const direct = native?.createCtr(key.encrypt);
  const authenticate = createAuthenticate(key, poly1305);
  const authentic = (sealed: Uint8Array): SealedParts | undefined => {
    if (sealed.length < envelopeOverhead) return undefined;
    const macAt = sealed.length - macLength;
    const iv = sealed.subarray(0, ivLength);
    const ciphertext = sealed.subarray(ivLength, macAt);
    const mac = authenticate(ciphertext, oneTimeHalves(iv));
    return isZero(iv) || !timingSafeEqual(mac, sealed.subarray(macAt)) ? undefined : { iv, ciphertext };
  };
  const decipherOf = ({ iv }: SealedParts): Decipher => createDecipheriv('aes-256-ctr', key.encrypt, iv);
  return {
    seal(plaintext) {
      const iv = randomIv();
      const sealed = new Uint8Array(plaintext.length + envelopeOverhead);
      sealed.set(iv);
      sealed.set(createCipheriv('aes-256-ctr', key.encrypt, iv).update(plaintext), ivLength);
      const macAt = sealed.length - macLength;
      sealed.set(authenticate(sealed.subarray(ivLength, macAt), oneTimeHalves(iv)), macAt);
      return sealed;
    },
    open(sealed) {
      const found = authentic(sealed);
      return found && byteView(decipherOf(found).update(found.ciphertext));
    },
    openInto(sealed, into) {
      const found = authentic(sealed);
      if (found === undefined) return false;
      const { iv, ciphertext } = found;
      if (direct !== undefined && ciphertext.length <= longestTurn) {
        direct(iv, ciphertext, into);
        return true;
      }
      const decipher = decipherOf(found);
      for (let at = 0; at < ciphertext.length; at += deciphered) {
        into.set(decipher.update(ciphertext.subarray(at, at + deciphered)), at);
      }
      return true;
    },
  };
};
