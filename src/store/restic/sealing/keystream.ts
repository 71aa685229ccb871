import { createCipheriv } from 'node:crypto';
import type { NativeCiphers } from '../../../system/native-ciphers.ts';

/**
 * AES-256-CTR under one key: turns `source` into as many bytes from the start of `into`, which may be the same memory, with
 * the keystream whose counter begins at `iv`. The same both ways.
 */
export type Keystream = (iv: Uint8Array, source: Uint8Array, into: Uint8Array) => void;

export const blockLength = 16;

/**
 * The blocks of keystream that so many bytes occupy. None take one as well: two blobs with one IV would share their one-time
 * key, and a one-time key used twice gives the authenticator away.
 */
export const blocksOf = (length: number): number => Math.max(1, Math.ceil(length / blockLength));

/** Adds to a counter block as AES-CTR does: 128 bits, big-endian. */
export const advance = (counter: Uint8Array, blocks: number): void => {
  let carry = blocks;
  for (let at = blockLength - 1; at >= 0 && carry > 0; at--) {
    const sum = (counter[at] ?? 0) + carry;
    counter[at] = sum & 0xff;
    carry = Math.floor(sum / 256);
  }
};

/** Without native ciphers: one cipher object serves as long as each IV follows the blocks before it. Setting one up is dear. */
const nodeKeystream = (key: Uint8Array): Keystream => {
  const next = new Uint8Array(blockLength);
  let cipher: ReturnType<typeof createCipheriv> | undefined;
  return (iv, source, into) => {
    if (cipher === undefined || Buffer.compare(iv, next) !== 0) {
      cipher = createCipheriv('aes-256-ctr', key, iv);
      next.set(iv);
    }
    into.set(cipher.update(source));
    const blocks = blocksOf(source.length);
    // The rest of the last block's keystream is not used.
    const unused = blocks * blockLength - source.length;
    if (unused > 0) cipher.update(new Uint8Array(unused));
    advance(next, blocks);
  };
};

export const createKeystream = (key: Uint8Array, native: NativeCiphers | undefined): Keystream =>
  native?.createCtr(key) ?? nodeKeystream(key);
