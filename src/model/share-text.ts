import { Fault } from './fault.ts';
import { crc32, type Share } from './secret-share.ts';

/*
 * A share as it is typed: groups of five characters of Crockford's base 32 (no I, L, O, U), of which the fifth is the check of the
 * other four and of the place of the group. In it: version, set, needed, at, values, CRC-32.
 */

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const version = 1;
const weights = [1, 3, 5, 7] as const;

const checkOf = (digits: readonly number[], group: number): number =>
  digits.reduce((sum, digit, at) => sum + digit * (weights[at] ?? 1), group * 9 + 1) % 32;

const digitsOf = (bytes: Uint8Array): number[] => {
  const digits: number[] = [];
  let [kept, bits] = [0, 0];
  for (const byte of bytes) {
    kept = (kept << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) digits.push((kept >> (bits - 5)) & 31);
    kept &= (1 << bits) - 1;
  }
  if (bits > 0) digits.push((kept << (5 - bits)) & 31);
  return digits;
};

const bytesOfDigits = (digits: readonly number[]): Uint8Array => {
  const bytes: number[] = [];
  let [kept, bits] = [0, 0];
  for (const digit of digits) {
    kept = (kept << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((kept >> bits) & 0xff);
    kept &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
};

const bigEndian = (number: number): readonly number[] => [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);

/** Lines of six groups. */
export const formatShare = ({ set, needed, at, values }: Share): readonly string[] => {
  const body = Uint8Array.from([version, ...bigEndian(set), needed, at, values.length, ...values]);
  const digits = digitsOf(Uint8Array.from([...body, ...bigEndian(crc32(body))]));
  while (digits.length % 4 !== 0) digits.push(0);
  const groups: string[] = [];
  for (let start = 0; start < digits.length; start += 4) {
    const four = digits.slice(start, start + 4);
    groups.push([...four, checkOf(four, start / 4)].map((digit) => alphabet[digit] ?? '').join(''));
  }
  return Array.from({ length: Math.ceil(groups.length / 6) }, (_, line) =>
    groups.slice(line * 6, line * 6 + 6).join('-'),
  );
};

const mistyped = (label: string, what: string): Fault =>
  new Fault('usage', `${label} is mistyped: ${what}`, {
    hint: 'Compare it with the paper, group by group; case does not matter.',
  });

const numberAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

/**
 * Reads a share; lines that begin with `#` are left out. `label` names it in faults. Fault `usage` tells which group was mistyped.
 */
export const parseShare = (text: string, label: string): Share => {
  const typed = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('')
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  const digits: number[] = [];
  for (let start = 0; start < typed.length; start += 5) {
    const group = typed.slice(start, start + 5);
    const five = [...group].map((character) => alphabet.indexOf(character));
    const four = five.slice(0, 4);
    const isGood = five.length === 5 && !five.includes(-1) && checkOf(four, start / 5) === five[4];
    if (!isGood) throw mistyped(label, `group ${start / 5 + 1}, ${group}`);
    digits.push(...four);
  }
  const bytes = bytesOfDigits(digits);
  const length = bytes[7] ?? 0;
  const body = bytes.slice(0, 8 + length);
  if (bytes.length < 12 + length || numberAt(bytes, 8 + length) !== crc32(body))
    throw mistyped(label, 'its end is missing, or groups are in another order');
  if (bytes[0] !== version)
    throw new Fault('unsupported', `${label} is of a later version`, { hint: 'Install a newer Mailkeep.' });
  return { set: numberAt(bytes, 1), needed: bytes[5] ?? 0, at: bytes[6] ?? 0, values: body.slice(8) };
};
