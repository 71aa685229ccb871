/** Which half of 64 bits in memory is the lower one here: 0 or 1. */
export const lowWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Times beyond this many seconds from 1970 do not fit into 64 bits of nanoseconds. */
export const mostSeconds = 9_000_000_000;

/**
 * Writes seconds since 1970 (whole, at most `mostSeconds` before or after) and the nanoseconds that are left (0 to 999,999,999) as the
 * two words of a 64-bit number of nanoseconds, from `at` on. No bigint is made: that would cost more than all the rest.
 */
export const writeNanoseconds = (seconds: number, rest: number, into: Uint32Array, at: number): void => {
  const upper = Math.floor(seconds / 65_536);
  const lower = seconds - upper * 65_536;
  const scaled = upper * 1e9;
  const scaledUpper = Math.floor(scaled / 65_536);
  const low = (scaled - scaledUpper * 65_536) * 65_536 + lower * 1e9 + rest;
  const carry = Math.floor(low / 4_294_967_296);
  into[at + lowWord] = low - carry * 4_294_967_296;
  into[at + 1 - lowWord] = scaledUpper + carry;
};
