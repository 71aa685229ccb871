import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { limits, misbehaved } from './limits.ts';

const space = 0x20;
const quote = 0x22;
const open = 0x28;
const close = 0x29;
const backslash = 0x5c;
const brace = 0x7b;
const bracket = 0x5b;
const closeBracket = 0x5d;
const tilde = 0x7e;

/**
 * Stands in a response where the content of a message was, which went on without being kept: this byte, the number of
 * bytes in decimals, and a space. It is a control character, which no other part of a response may hold.
 */
export const contentMark = 0x01;

/** A list in parentheses, as a tree. */
export type Value = ByteString | undefined | readonly Value[];

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
export const isText = (value: Value): value is ByteString => typeof value === 'string';

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** A place in the bytes of one response, with what can be read there. Literals lie in the bytes as on the wire. */
export class Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get ended(): boolean {
    return this.at >= this.end;
  }

  /** The byte at hand; -1 at the end. */
  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1;
  }

  skipSpaces(): void {
    while (this.at < this.end && this.bytes[this.at] === space) this.at++;
  }

  /** Takes this byte if it is at hand. */
  takes(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  expect(byte: number): void {
    if (!this.takes(byte)) throw misbehaved(`"${String.fromCharCode(byte)}" is missing in ${this.around()}`);
  }

  /** A number of at most 15 digits. */
  number(): number {
    let value = 0;
    const start = this.at;
    for (; this.at < this.end; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (!isDigit(byte)) break;
      value = value * 10 + byte - 0x30;
    }
    if (this.at === start || this.at - start > 15) throw misbehaved(`a number is missing in ${this.around()}`);
    return value;
  }

  /** A number of any size that 64 bits hold. */
  bigNumber(): bigint {
    const start = this.at;
    while (isDigit(this.peek())) this.at++;
    const digits = this.at - start;
    if (digits === 0 || digits > 20) throw misbehaved(`a number is missing in ${this.around()}`);
    return BigInt(this.bytes.toString('latin1', start, this.at));
  }

  /** Up to the next space, parenthesis or end. What stands in brackets belongs to it, spaces and all. */
  word(): ByteString {
    const start = this.at;
    let depth = 0;
    for (; this.at < this.end; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte === bracket) depth++;
      else if (byte === closeBracket) depth--;
      else if (depth <= 0 && (byte === space || byte === open || byte === close)) break;
    }
    return this.#text(start, this.at);
  }

  /** An atom, as the most tolerant reading has it: up to the next space or closing parenthesis. */
  atom(): ByteString {
    const start = this.at;
    while (this.at < this.end && this.bytes[this.at] !== space && this.bytes[this.at] !== close) this.at++;
    return this.#text(start, this.at);
  }

  /** An atom, a quoted string or a literal; undefined for NIL. */
  string(): ByteString | undefined {
    const first = this.peek();
    if (first === quote) return this.#quoted();
    if (first === brace || (first === tilde && this.bytes[this.at + 1] === brace)) return this.#literal();
    const atom = this.atom();
    return atom.length === 3 && atom.toUpperCase() === 'NIL' ? undefined : atom;
  }

  /** A string, NIL or a list of them. */
  value(depth = 0): Value {
    if (!this.takes(open)) return this.string();
    if (depth >= limits.nesting) throw misbehaved('lists within lists within lists');
    const values: Value[] = [];
    for (this.skipSpaces(); !this.takes(close); this.skipSpaces()) {
      if (this.ended) throw misbehaved(`a list does not end in ${this.around()}`);
      const before = this.at;
      values.push(this.value(depth + 1));
      if (this.at === before) throw misbehaved(`nothing can be read in ${this.around()}`);
    }
    return values;
  }

  /** What is left, as it stands. */
  rest(): ByteString {
    const text = this.#text(this.at, this.end);
    this.at = this.end;
    return text;
  }

  /** Whether the bytes from `start` until `end` are this word (upper case), in any case. */
  is(start: number, end: number, word: string): boolean {
    if (end - start !== word.length) return false;
    for (let index = 0; index < word.length; index++) {
      const byte = this.bytes[start + index] ?? 0;
      const upper = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
      if (upper !== word.charCodeAt(index)) return false;
    }
    return true;
  }

  /** For faults: what stands here, short, printable. */
  around(): string {
    const text = this.bytes.toString('latin1', Math.max(0, this.at - 30), Math.min(this.end, this.at + 30));
    return `"${text.replace(/[^\x20-\x7e]/g, '?')}"`;
  }

  #text(start: number, end: number): ByteString {
    return byteStringOfLatin1(this.bytes.toString('latin1', start, end));
  }

  #quoted(): ByteString {
    const start = this.at + 1;
    let hasEscapes = false;
    let at = start;
    for (; at < this.end; at++) {
      const byte = this.bytes[at];
      if (byte === quote) break;
      if (byte !== backslash) continue;
      hasEscapes = true;
      at++;
    }
    if (at >= this.end) throw misbehaved(`a quoted string does not end in ${this.around()}`);
    this.at = at + 1;
    const text = this.#text(start, at);
    return hasEscapes ? byteStringOfLatin1(text.replace(/\\([\s\S])/g, '$1')) : text;
  }

  /** As the reader has framed it: `{5}`, a line end, and that many bytes. */
  #literal(): ByteString {
    this.takes(tilde);
    this.expect(brace);
    const length = this.number();
    this.takes(0x2b);
    this.expect(0x7d);
    this.takes(0x0d);
    this.expect(0x0a);
    if (this.at + length > this.end) throw misbehaved('a literal ends before its length');
    const text = this.#text(this.at, this.at + length);
    this.at += length;
    return text;
  }
}
