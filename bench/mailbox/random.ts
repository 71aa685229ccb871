import { createCipheriv, createHash } from 'node:crypto';

/** A reproducible stream of numbers: the same names give the same stream on every machine. */
export interface Random {
  /** A number in [0, 1). */
  readonly unit: () => number;
  /** An integer in [0, limit). */
  readonly below: (limit: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
  /** A value with a log-normal distribution of this median. */
  readonly logNormal: (median: number, sigma: number) => number;
  /** Bytes that no compressor makes smaller and that occur nowhere else. */
  readonly bytes: (length: number) => Buffer<ArrayBuffer>;
}

/** A stream for these names, e.g. `randomFor(seed, 'folder', 12)`. */
export function randomFor(...names: readonly (string | number)[]): Random {
  const digest = createHash('sha256').update(names.join('\0')).digest();
  const unit = smallFastCounter(digest);
  const below = (limit: number): number => Math.floor(unit() * limit);
  return {
    unit,
    below,
    pick: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new RangeError('nothing to pick from');
      return choice;
    },
    logNormal: (median, sigma) => {
      const normal = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
      return median * Math.exp(sigma * normal);
    },
    bytes: (length) => {
      const key = Buffer.alloc(16);
      for (let at = 0; at < 16; at += 4) key.writeUInt32LE(below(2 ** 32), at);
      return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
    },
  };
}

/** Chris Doty-Humphrey's sfc32: small state, good quality, 5 ns a number. */
function smallFastCounter(state: Buffer): () => number {
  let a = state.readInt32LE(0);
  let b = state.readInt32LE(4);
  let c = state.readInt32LE(8);
  let counter = state.readInt32LE(12);
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}
