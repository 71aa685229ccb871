import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { NativeCiphers } from '../../../system/native-ciphers.ts';
import { byteView } from './byte-view.ts';
import { createAuthenticate, createOneTimeHalves, envelopeOverhead, isZero, type MasterKey } from './envelope.ts';
import { createRoom } from './kept-room.ts';
import { advance, blockLength, blocksOf, createKeystream } from './keystream.ts';
import type { Poly1305 } from './poly1305.ts';

/** Seals blobs where they lie, and opens them again; the bytes are those of `Envelope`. */
export interface BlobSealer {
  /** `sealed` has the plaintext between room for the IV (16 bytes) and the MAC (16), and is the sealed blob afterwards. */
  seal(sealed: Uint8Array): void;
  /** The plaintext: a view, valid until the next call. Undefined when the MAC is wrong or the bytes are too few. */
  open(sealed: Uint8Array): Uint8Array | undefined;
}

const macLength = 16;

/** A random first counter from which no writer gets to the end of the 128 bits (where an IV of zeros would follow). */
const randomCounter = (): Uint8Array => {
  const counter = byteView(randomBytes(blockLength));
  const top = counter.subarray(0, 4);
  return isZero(top) || top.every((byte) => byte === 0xff) ? randomCounter() : counter;
};

/**
 * One counter runs through all that a sealer ever seals: each IV is where the blob before it ended. To a reader they are
 * ordinary blobs with IVs of their own. Opening has a cipher of its own, and takes the IV from the sealed bytes.
 */
export const createBlobSealer = (key: MasterKey, poly1305: Poly1305, native?: NativeCiphers): BlobSealer => {
  const counter = randomCounter();
  const encrypt = createKeystream(key.encrypt, native);
  const decrypt = createKeystream(key.encrypt, native);
  const oneTimeHalf = createOneTimeHalves(key, native);
  const authenticate = createAuthenticate(key, poly1305);
  const room = createRoom();
  return {
    seal(sealed) {
      const iv = sealed.subarray(0, blockLength);
      const content = sealed.subarray(blockLength, sealed.length - macLength);
      iv.set(counter);
      advance(counter, blocksOf(content.length));
      encrypt(iv, content, content);
      sealed.set(authenticate(content, oneTimeHalf(iv)), sealed.length - macLength);
    },
    open(sealed) {
      if (sealed.length < envelopeOverhead) return undefined;
      const iv = sealed.subarray(0, blockLength);
      const content = sealed.subarray(blockLength, sealed.length - macLength);
      const mac = authenticate(content, oneTimeHalf(iv));
      if (isZero(iv) || !timingSafeEqual(mac, sealed.subarray(sealed.length - macLength))) return undefined;
      const plain = room(content.length).subarray(0, content.length);
      decrypt(iv, content, plain);
      return plain;
    },
  };
};
