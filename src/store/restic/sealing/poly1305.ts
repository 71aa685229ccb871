import { loadNativeCiphers } from '../../../system/native-ciphers.ts';

/** The Poly1305 authenticator (RFC 8439 section 2.5) of a message under a one-time key of 32 bytes; 16 bytes, the caller's. */
export type Poly1305 = (message: Uint8Array, key: Uint8Array) => Uint8Array;

/** Longer messages go through in pieces, so that libsodium's WebAssembly memory, which never shrinks, stays small. */
const pieceLength = 1024 * 1024;

/** libsodium as WebAssembly (10 ms to load). It runs at about 2.4 GB/s with its copies. */
export const loadSodiumPoly1305 = async (): Promise<Poly1305> => {
  const { default: sodium } = await import('libsodium-wrappers-sumo');
  await sodium.ready;
  return (message, key) => {
    if (message.length <= pieceLength) return sodium.crypto_onetimeauth(message, key);
    const state = sodium.crypto_onetimeauth_init(key);
    for (let at = 0; at < message.length; at += pieceLength) {
      sodium.crypto_onetimeauth_update(state, message.subarray(at, at + pieceLength));
    }
    return sodium.crypto_onetimeauth_final(state);
  };
};

/** Node itself has no Poly1305; the OpenSSL in it has, four times as fast as libsodium's, where it can be called. */
export const loadPoly1305 = async (): Promise<Poly1305> =>
  (await loadNativeCiphers())?.poly1305 ?? loadSodiumPoly1305();
