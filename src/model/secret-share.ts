import { Fault } from './fault.ts';

/*
 * Shamir's secret sharing (1979) over GF(256) with the polynomial of AES (x⁸+x⁴+x³+x+1): for each byte a random polynomial of degree
 * K-1 whose value at 0 is the byte. Any K values give it back; K-1 fit every byte equally well.
 */

export interface Share {
  /** Random, the same in all shares that belong together. */
  readonly set: number;
  /** How many are needed. */
  readonly needed: number;
  /** 1 to 255: where the polynomials were evaluated. */
  readonly at: number;
  readonly values: Uint8Array;
}

/** Bytes from a cryptographic source. */
export type RandomBytes = (count: number) => Uint8Array;

const logarithms = new Uint8Array(256);
const powers = new Uint8Array(510);
let value = 1;
for (let power = 0; power < 255; power++) {
  powers[power] = value;
  powers[power + 255] = value;
  logarithms[value] = power;
  // Times 3, which generates the group.
  value ^= (value << 1) ^ (value & 0x80 ? 0x11b : 0);
  value &= 0xff;
}

const times = (left: number, right: number): number =>
  left === 0 || right === 0 ? 0 : (powers[(logarithms[left] ?? 0) + (logarithms[right] ?? 0)] ?? 0);

const over = (left: number, right: number): number =>
  left === 0 ? 0 : (powers[(logarithms[left] ?? 0) + 255 - (logarithms[right] ?? 0)] ?? 0);

/** CRC-32 (IEEE 802.3), as gzip has it. */
export const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
};

const numberBytes = (number: number): readonly number[] => [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);

const block = 16;

/** Length, secret, checksum, zeros: so that the length of a share tells little of that of the secret. */
const framed = (secret: Uint8Array): Uint8Array => {
  const body = [secret.length >> 8, secret.length & 0xff, ...secret, ...numberBytes(crc32(secret))];
  return Uint8Array.from({ length: Math.ceil(body.length / block) * block }, (_, at) => body[at] ?? 0);
};

const unframed = (frame: Uint8Array): Uint8Array | undefined => {
  const length = ((frame[0] ?? 0) << 8) | (frame[1] ?? 0);
  const [secret, sum] = [frame.slice(2, 2 + length), frame.slice(2 + length, 6 + length)];
  return sum.length === 4 && numberBytes(crc32(secret)).every((byte, at) => sum[at] === byte) ? secret : undefined;
};

/** Fault `usage` for numbers that make no sense. `secret`: at most 200 bytes. */
export const splitSecret = (
  secret: Uint8Array,
  { shares, needed }: { readonly shares: number; readonly needed: number },
  random: RandomBytes,
): readonly Share[] => {
  if (needed < 2 || shares < needed || shares > 255 || secret.length === 0 || secret.length > 200) {
    throw new Fault('usage', `a secret cannot be split into ${shares} shares of which ${needed} are needed`, {
      hint: 'At least two must be needed, and no more than there are: --shares 5:3.',
    });
  }
  const frame = framed(secret);
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  const set = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const coefficients = Array.from({ length: needed - 1 }, () => random(frame.length));
  return Array.from({ length: shares }, (_, number): Share => {
    const at = number + 1;
    const values = frame.map((byte, place) => {
      let sum = 0;
      for (const coefficient of coefficients) sum = times(sum, at) ^ (coefficient[place] ?? 0);
      return times(sum, at) ^ byte;
    });
    return { set, needed, at, values };
  });
};

const refused = (message: string, hint: string): Fault => new Fault('usage', message, { hint });

/** Faults `usage`: too few, of different sets, or not what was split. */
export const joinShares = (given: readonly Share[]): Uint8Array => {
  const shares = [...new Map(given.map((share) => [share.at, share])).values()];
  const [first] = shares;
  if (first === undefined) throw refused('there is no share', 'Give the files, or type them.');
  const stranger = given.find(
    ({ set, needed, values }) => set !== first.set || needed !== first.needed || values.length !== first.values.length,
  );
  if (stranger !== undefined) {
    throw refused(
      `share ${stranger.at} and share ${first.at} do not belong together`,
      'They are of two kits. Take all of the same.',
    );
  }
  if (shares.length < first.needed) {
    throw refused(`${first.needed} shares are needed, and ${shares.length} are there`, 'Ask the others who have one.');
  }
  const used = shares.slice(0, first.needed);
  const frame = first.values.map((_, place) => {
    let sum = 0;
    for (const { at, values } of used) {
      let weight = 1;
      for (const other of used) if (other.at !== at) weight = times(weight, over(other.at, other.at ^ at));
      sum ^= times(values[place] ?? 0, weight);
    }
    return sum;
  });
  const secret = unframed(frame);
  if (secret !== undefined) return secret;
  throw refused('the shares give no secret', 'One of them was changed, checksums and all.');
};
