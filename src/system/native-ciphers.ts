import { createCipheriv } from 'node:crypto';
import { loadOwnLibrary, type OwnLibrary } from './own-library.ts';

/** Turns `source` into as many bytes from the start of `into`, which may be the same memory. */
export type TurnBytes = (source: Uint8Array, into: Uint8Array) => void;

/**
 * OpenSSL called without Node's crypto in between: it writes into memory that is there already, and sets up a cipher once
 * and not for each message. That is a tenth of the time on a small message, and nothing is left to be collected.
 */
export interface NativeCiphers {
  /** AES-256-CTR under a key of 32 bytes; the counter begins at `iv` (16 bytes). */
  createCtr(key: Uint8Array): (iv: Uint8Array, source: Uint8Array, into: Uint8Array) => void;
  /** AES-128-ECB of whole blocks under a key of 16 bytes. */
  createEcb(key: Uint8Array): TurnBytes;
  /** Poly1305 (RFC 8439 section 2.5) under a one-time key of 32 bytes; 16 bytes, the caller's. */
  readonly poly1305: (message: Uint8Array, key: Uint8Array) => Uint8Array;
}

/** Bytes that are turned in one call: what OpenSSL takes as a length is an `int`. */
export const longestTurn = 2 ** 30;

const expect = (result: unknown): void => {
  if (result !== 1) throw new Error('OpenSSL refused a call');
};

const bindCipher = (library: OwnLibrary): Pick<NativeCiphers, 'createCtr' | 'createEcb'> => {
  const create: () => unknown = library.func('void *EVP_CIPHER_CTX_new()');
  const ctr: () => unknown = library.func('void *EVP_aes_256_ctr()');
  const ecb: () => unknown = library.func('void *EVP_aes_128_ecb()');
  const start: (
    context: unknown,
    type: unknown,
    engine: null,
    key: Uint8Array | null,
    iv: Uint8Array | null,
  ) => number = library.func(
    'int EVP_EncryptInit_ex(void *context, void *type, void *engine, const uint8_t *key, const uint8_t *iv)',
  );
  const padding: (context: unknown, on: number) => number = library.func(
    'int EVP_CIPHER_CTX_set_padding(void *context, int on)',
  );
  const update: (context: unknown, into: Uint8Array, length: Int32Array, source: Uint8Array, size: number) => number =
    library.func(
      'int EVP_EncryptUpdate(void *context, uint8_t *into, int32_t *length, const uint8_t *source, int32_t size)',
    );
  const length = new Int32Array(1);
  const turn = (context: unknown, source: Uint8Array, into: Uint8Array): void => {
    if (source.length > longestTurn || source.length > into.length) throw new RangeError('too long for one call');
    if (source.length === 0) return;
    expect(update(context, into, length, source, source.length));
    if (length[0] !== source.length) throw new Error('OpenSSL turned another number of bytes');
  };
  // A context has some hundred bytes, and is kept until the process ends: one for each key and thread.
  const contextFor = (type: unknown, key: Uint8Array): unknown => {
    const context = create();
    expect(start(context, type, null, key, null));
    expect(padding(context, 0));
    return context;
  };
  return {
    createCtr(key) {
      const context = contextFor(ctr(), key);
      return (iv, source, into) => {
        expect(start(context, null, null, null, iv));
        turn(context, source, into);
      };
    },
    createEcb(key) {
      const context = contextFor(ecb(), key);
      return (source, into) => turn(context, source, into);
    },
  };
};

const bindPoly1305 = (library: OwnLibrary): NativeCiphers['poly1305'] => {
  const fetch: (library: null, name: string, properties: null) => unknown = library.func(
    'void *EVP_MAC_fetch(void *library, const char *name, const char *properties)',
  );
  const create: (mac: unknown) => unknown = library.func('void *EVP_MAC_CTX_new(void *mac)');
  const start: (context: unknown, key: Uint8Array, size: number, parameters: null) => number = library.func(
    'int EVP_MAC_init(void *context, const uint8_t *key, size_t size, void *parameters)',
  );
  const update: (context: unknown, message: Uint8Array, size: number) => number = library.func(
    'int EVP_MAC_update(void *context, const uint8_t *message, size_t size)',
  );
  const finish: (context: unknown, into: Uint8Array, length: BigUint64Array, size: number) => number = library.func(
    'int EVP_MAC_final(void *context, uint8_t *into, uint64_t *length, size_t size)',
  );
  const context = create(fetch(null, 'POLY1305', null));
  const length = new BigUint64Array(1);
  return (message, key) => {
    const into = new Uint8Array(16);
    expect(start(context, key, key.length, null));
    if (message.length > 0) expect(update(context, message, message.length));
    expect(finish(context, into, length, into.length));
    return into;
  };
};

const patterned = (length: number, factor: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => 255 - at * factor);

/** The MAC of `patterned(1000, 7)` under `patterned(32, 3)`, by libsodium. */
const macOfPattern = '356c6c2919a2e3733d41066bf88a050e';

/** Whoever seals with these opens with these: that both are wrong alike must show here. */
const isRight = ({ createCtr, createEcb, poly1305 }: NativeCiphers): boolean => {
  const message = patterned(1000, 7);
  const key = patterned(32, 3);
  const iv = patterned(16, 1);
  const expected = [
    createCipheriv('aes-256-ctr', key, iv).update(message),
    createCipheriv('aes-128-ecb', iv, null).setAutoPadding(false).update(message.subarray(0, 992)),
    Buffer.from(macOfPattern, 'hex'),
  ];
  const [inPlace, blocks] = [message.slice(), new Uint8Array(992)];
  createCtr(key)(iv, inPlace, inPlace);
  createEcb(iv)(message.subarray(0, 992), blocks);
  return [inPlace, blocks, poly1305(message, key)].every((made, at) => Buffer.compare(made, expected[at] ?? key) === 0);
};

/** Undefined where Node's own functions cannot be called; `node:crypto` does the same then. */
export const loadNativeCiphers = async (): Promise<NativeCiphers | undefined> => {
  const library = await loadOwnLibrary();
  if (library === undefined) return undefined;
  try {
    const ciphers = { ...bindCipher(library), poly1305: bindPoly1305(library) };
    return isRight(ciphers) ? ciphers : undefined;
  } catch {
    // This Node keeps them to itself, or its OpenSSL may not do it: its own interface is there in any case.
    return undefined;
  }
};
