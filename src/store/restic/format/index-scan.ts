import { envelopeOverhead } from '../sealing/envelope.ts';
import { createIndexContent, type IndexContent } from './index-content.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const supersedesStart = ascii('{"supersedes":[');
const supersedesEnd = ascii('],"packs":[');
const packsStart = ascii('{"packs":[');
const packStart = ascii('{"id":"');
const blobsStart = ascii('","blobs":[');
const listEnd = ascii(']}');
const blobType = ascii('","type":"');
const dataOffset = ascii('data","offset":');
const treeOffset = ascii('tree","offset":');
const blobLength = ascii(',"length":');
const blobUncompressed = ascii(',"uncompressed_length":');
const comma = ascii(',');
const closingBrace = ascii('}');
const closingBracket = ascii(']');
const quote = ascii('"');

const notHex = 0xff;
const hexValues = new Uint8Array(256).fill(notHex);
for (const [value, digit] of ascii('0123456789abcdef').entries()) hexValues[digit] = value;

const largest = 0xffff_ffff;

/** Walks over bytes that are expected to be in exactly one shape; each step says whether they were. */
class Cursor {
  readonly #bytes: Uint8Array;
  at = 0;
  /** What `number` read last. */
  value = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Steps over `expected`, or stays. */
  skip(expected: Uint8Array): boolean {
    const { length } = expected;
    for (let index = 0; index < length; index++) {
      if (this.#bytes[this.at + index] !== expected[index]) return false;
    }
    this.at += length;
    return true;
  }

  /** 64 hexadecimal digits. */
  id(into: Uint8Array, index: number): boolean {
    let seen = 0;
    let { at } = this;
    const start = index * 32;
    for (let byte = start; byte < start + 32; byte++) {
      const high = hexValues[this.#bytes[at] ?? 0] ?? notHex;
      const low = hexValues[this.#bytes[at + 1] ?? 0] ?? notHex;
      seen |= high | low;
      into[byte] = (high << 4) | low;
      at += 2;
    }
    this.at = at;
    return seen <= 0x0f;
  }

  /** A whole number below 2^32 without leading zeros. */
  number(): boolean {
    const start = this.at;
    let value = 0;
    let digit = (this.#bytes[this.at] ?? 0) - 0x30;
    while (digit >= 0 && digit <= 9 && this.at - start < 11) {
      value = value * 10 + digit;
      this.at++;
      digit = (this.#bytes[this.at] ?? 0) - 0x30;
    }
    const digits = this.at - start;
    this.value = value;
    return digits > 0 && value <= largest && (digits === 1 || this.#bytes[start] !== 0x30);
  }

  /** Whether only white space is left. */
  ends(): boolean {
    for (let at = this.at; at < this.#bytes.length; at++) {
      const byte = this.#bytes[at] ?? 0;
      if (byte !== 0x0a && byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
    }
    return true;
  }
}

const scanBlob = (cursor: Cursor, content: IndexContent): boolean => {
  const index = content.blobs;
  if (!cursor.skip(packStart) || !cursor.id(content.blobIds, index) || !cursor.skip(blobType)) return false;
  const isTree = cursor.skip(treeOffset);
  if (!isTree && !cursor.skip(dataOffset)) return false;
  content.trees[index] = isTree ? 1 : 0;
  if (!cursor.number()) return false;
  content.offsets[index] = cursor.value;
  if (!cursor.skip(blobLength) || !cursor.number() || cursor.value < envelopeOverhead) return false;
  content.lengths[index] = cursor.value;
  if (cursor.skip(blobUncompressed)) {
    if (!cursor.number()) return false;
    content.uncompressedLengths[index] = cursor.value;
  }
  content.blobs++;
  return cursor.skip(closingBrace);
};

const scanPack = (cursor: Cursor, content: IndexContent): boolean => {
  if (!cursor.skip(packStart) || !cursor.id(content.packIds, content.packs) || !cursor.skip(blobsStart)) return false;
  content.packStarts[content.packs++] = content.blobs;
  return scanList(cursor, listEnd, () => scanBlob(cursor, content));
};

/** Elements with commas between them, up to and with `end`. */
const scanList = (cursor: Cursor, end: Uint8Array, element: () => boolean): boolean => {
  if (cursor.skip(end)) return true;
  do {
    if (!element()) return false;
  } while (cursor.skip(comma));
  return cursor.skip(end);
};

const scanSuperseded = (cursor: Cursor, content: IndexContent): boolean => {
  const id = new Uint8Array(32);
  if (!cursor.skip(quote) || !cursor.id(id, 0) || !cursor.skip(quote)) return false;
  content.supersedes.push(Buffer.from(id).toString('hex'));
  return true;
};

/** Reads an index in the exact form in which restic and we write it (no white space, fields in order); undefined for any other. */
export const scanIndex = (json: Uint8Array): IndexContent | undefined => {
  const content = createIndexContent(json.length);
  const cursor = new Cursor(json);
  const started = cursor.skip(supersedesStart)
    ? scanList(cursor, supersedesEnd, () => scanSuperseded(cursor, content))
    : cursor.skip(packsStart);
  if (!started) return undefined;
  if (!scanList(cursor, closingBracket, () => scanPack(cursor, content))) return undefined;
  return cursor.skip(closingBrace) && cursor.ends() ? content : undefined;
};
