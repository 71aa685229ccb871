import { byteStringOfBytes, byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { isPrintableInGo } from './go-printable.ts';

const plainName = /^[ !#-%'-;=?-[\]-~]*$/;
const plainQuoted = /^[ !#-[\]-~]*$/;
const encoder = new TextEncoder();

const continuation = (bytes: ByteString, at: number): number => {
  const byte = bytes.charCodeAt(at);
  return (byte & 0xc0) === 0x80 ? byte & 0x3f : -1;
};

/** The code point whose UTF-8 form begins at `at`, or -1 where the bytes are not UTF-8. */
const codePointAt = (bytes: ByteString, at: number): number => {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return first;
  const second = continuation(bytes, at + 1);
  if (second < 0 || first < 0xc2) return -1;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = continuation(bytes, at + 2);
  if (third < 0) return -1;
  if (first < 0xf0) {
    const point = ((first & 0x0f) << 12) | (second << 6) | third;
    return point < 0x800 || (point >= 0xd800 && point < 0xe000) ? -1 : point;
  }
  const fourth = continuation(bytes, at + 3);
  if (fourth < 0 || first > 0xf4) return -1;
  const point = ((first & 0x07) << 18) | (second << 12) | (third << 6) | fourth;
  return point < 0x10000 || point > 0x10ffff ? -1 : point;
};

const widthOf = (point: number): number => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** A text as the characters between the quotes of Go's JSON: HTML characters and line separators escaped too. */
export const goJsonText = (text: string): string =>
  JSON.stringify(text.toWellFormed())
    .slice(1, -1)
    .replace(/[<>&\u2028\u2029]/g, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);

const mapCodePoints = (
  bytes: ByteString,
  ofPoint: (point: number) => string,
  ofInvalidByte: (byte: number) => string,
): string => {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const point = codePointAt(bytes, at);
    text += point < 0 ? ofInvalidByte(bytes.charCodeAt(at)) : ofPoint(point);
    at += point < 0 ? 1 : widthOf(point);
  }
  return text;
};

/** Whether the bytes are UTF-8 as Go sees it: shortest forms, no surrogates. */
export const isUtf8 = (bytes: ByteString): boolean => {
  for (let at = 0; at < bytes.length;) {
    const point = codePointAt(bytes, at);
    if (point < 0) return false;
    at += widthOf(point);
  }
  return true;
};

/** Bytes as the characters between the quotes of Go's JSON: a byte that is not UTF-8 becomes `\ufffd`, and is lost. */
export const goJsonTextOfBytes = (bytes: ByteString): string => {
  if (plainName.test(bytes)) return bytes;
  return mapCodePoints(
    bytes,
    (point) => goJsonText(String.fromCodePoint(point)),
    () => '\\ufffd',
  );
};

const shortEscapes = new Map([
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x5c, '\\'],
]);

const quotePoint = (point: number): string => {
  const short = shortEscapes.get(point);
  if (short !== undefined) return `\\${short}`;
  if (isPrintableInGo(point)) return String.fromCodePoint(point);
  if (point < 0x80) return `\\x${hex(point, 2)}`;
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
};

/**
 * A name as it stands between the quotes of a node's `name`: Go's `strconv.Quote` over the bytes, and the result again
 * as Go's JSON writes it. The characters are to be written as UTF-8.
 */
export const quoteName = (name: ByteString): string =>
  plainName.test(name) ? name : goJsonText(mapCodePoints(name, quotePoint, (byte) => `\\x${hex(byte, 2)}`));

const bytesOfShortEscape = new Map([...shortEscapes].map(([byte, letter]) => [letter, String.fromCharCode(byte)]));
const escape = /\\(?:([abtnvfr"\\])|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

const latin1OfText = (text: string): string => byteStringOfBytes(encoder.encode(text));

const isScalarValue = (point: number): boolean => point < 0xd800 || (point >= 0xe000 && point <= 0x10ffff);

const damagedName = (reason: string): Fault =>
  new Fault('tree-damaged', `a name in the tree is damaged: ${reason}`, {
    hint: 'The tree was not written by a sound program; see what `mailkeep check` says of the repository.',
  });

/** The latin1 form of one escape sequence; `match` is of the expression above. */
const bytesOfEscape = (match: RegExpExecArray): string => {
  const [, short, byte, octal, ...points] = match;
  if (short !== undefined) return bytesOfShortEscape.get(short) ?? '';
  if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const point = Number.parseInt(points[0] ?? points[1] ?? '', 16);
  if (!isScalarValue(point)) throw damagedName('it escapes what is no character');
  return latin1OfText(String.fromCodePoint(point));
};

/**
 * The bytes of a name from the value of a node's `name` as JSON has it, decoded: Go's `strconv.Unquote`.
 * Fault `tree-damaged` where Go would refuse it.
 */
export const unquoteName = (jsonStringValue: string): ByteString => {
  if (plainQuoted.test(jsonStringValue)) return byteStringOfLatin1(jsonStringValue);
  let name = '';
  for (let at = 0; at < jsonStringValue.length;) {
    const backslash = jsonStringValue.indexOf('\\', at);
    const end = backslash < 0 ? jsonStringValue.length : backslash;
    const literal = jsonStringValue.slice(at, end);
    if (/["\n]/.test(literal)) throw damagedName('a quote or line break in it is not escaped');
    name += latin1OfText(literal);
    if (backslash < 0) break;
    escape.lastIndex = backslash;
    const match = escape.exec(jsonStringValue);
    if (match === null) throw damagedName('it holds an unknown escape sequence');
    name += bytesOfEscape(match);
    at = escape.lastIndex;
  }
  return byteStringOfLatin1(name);
};
