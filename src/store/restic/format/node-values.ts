import { byteStringOfText } from '../../../model/byte-string.ts';
import type { ExtendedAttribute } from '../../../model/entry.ts';
import type { JsonCursor } from './json-cursor.ts';

const hexValues = new Uint8Array(256).fill(0xff);
for (const [value, character] of Array.from('0123456789abcdef').entries()) {
  hexValues[character.charCodeAt(0)] = value;
  hexValues[character.toUpperCase().charCodeAt(0)] = value;
}

/** By search, not by one expression for the whole: V8 runs out of stack on that when the text has megabytes. */
const isBase64 = (text: string): boolean => {
  const other = text.search(/[^A-Za-z0-9+/]/);
  return text.length % 4 === 0 && (other < 0 || /^={1,2}$/.test(text.slice(other)));
};

const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
const colon = 0x3a;

/** Reads the bytes of a string in base64. */
export const readBase64 = (cursor: JsonCursor): Buffer => {
  const start = cursor.at;
  const text = cursor.string();
  if (!isBase64(text)) cursor.fail('a value is not in base64', start);
  return Buffer.from(text, 'base64');
};

const readAttribute = (cursor: JsonCursor): ExtendedAttribute => {
  let name = '';
  let value: Uint8Array | null = null;
  if (cursor.enter(openObject, closeObject)) {
    do {
      const key = cursor.string();
      cursor.expect(colon);
      if (cursor.takeNull()) continue;
      if (key === 'name') name = cursor.string();
      else if (key === 'value') value = new Uint8Array(readBase64(cursor));
      else cursor.skip();
    } while (cursor.another(closeObject));
  }
  return { name: byteStringOfText(name), value };
};

/** Reads the list of a node's extended attributes. */
export const readAttributes = (cursor: JsonCursor): readonly ExtendedAttribute[] => {
  const attributes: ExtendedAttribute[] = [];
  if (!cursor.enter(openList, closeList)) return attributes;
  do attributes.push(readAttribute(cursor));
  while (cursor.another(closeList));
  return attributes;
};

/** Reads an id's 64 digits as 32 bytes into `into`. */
export const readId = (cursor: JsonCursor, into: Uint8Array, position: number): void => {
  cursor.peek();
  const { bytes } = cursor;
  const start = cursor.at;
  let at = start;
  let seen = bytes[at++] === 0x22 ? 0 : 0xff;
  for (let index = position; index < position + 32; index++) {
    const high = hexValues[bytes[at++] ?? 0] ?? 0xff;
    const low = hexValues[bytes[at++] ?? 0] ?? 0xff;
    seen |= high | low;
    into[index] = (high << 4) | low;
  }
  if (seen > 15 || bytes[at] !== 0x22) cursor.fail('an id is not 64 hexadecimal digits', start);
  cursor.at = at + 1;
};

/** Remembers the last text of a field, because neighbours mostly have the same. */
export class RepeatedText {
  private bytes = new Uint8Array(0);
  private text = '';

  read(cursor: JsonCursor): string {
    cursor.peek();
    const start = cursor.at + 1;
    const { bytes } = this;
    let index = 0;
    while (index < bytes.length && cursor.bytes[start + index] === bytes[index]) index++;
    if (index === bytes.length && index > 0 && cursor.bytes[start + index] === 0x22) {
      cursor.at = start + index + 1;
      return this.text;
    }
    const end = cursor.passString();
    this.text = cursor.decodeString(start, Math.abs(end));
    this.bytes = end > 0 && end - start < 100 ? new Uint8Array(cursor.bytes.subarray(start, end)) : new Uint8Array(0);
    return this.text;
  }
}
