import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { contentMark, Cursor } from './cursor.ts';
import { limits, misbehaved } from './limits.ts';
import { FetchParser } from './parse-fetch.ts';
import { parseTagged, parseUntagged } from './parse-response.ts';
import type { ResponseHandler } from './response.ts';

const lineFeed = 0x0a;
const star = 0x2a;
const plus = 0x2b;

/**
 * Bytes of a connection in, responses out; without IO. The contents of messages go through as they come and are never
 * held; everything else is kept until its response is whole, within `limits`.
 *
 * Throws the Fault `server-misbehaved` at what is no IMAP; the reader is of no use after that.
 */
export class ResponseReader {
  readonly #handler: ResponseHandler;
  readonly #fetch = new FetchParser();
  /** Of the line that has not ended. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** Of the response whose lines before had literals. */
  #response: Buffer[] = [];
  #responseBytes = 0;
  /** Bytes that the literal still lacks; -1 outside one. */
  #lacking = -1;
  #isContent = false;
  #held = false;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  /** Whether nothing of a response has come since the last one ended. */
  get idle(): boolean {
    return this.#lacking < 0 && this.#lineBytes === 0 && this.#responseBytes === 0;
  }

  /** To be called by the handler: `push` returns after this response. */
  hold(): void {
    this.#held = true;
  }

  /** Takes the next bytes, all of them unless the handler holds; returns what is left then. */
  push(bytes: Uint8Array): Uint8Array {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#held = false;
    let at = 0;
    while (at < chunk.length && !this.#held) {
      at = this.#lacking >= 0 ? this.#literal(chunk, at) : this.#text(chunk, at);
    }
    return bytes.subarray(at);
  }

  #text(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(lineFeed, at);
    if (end >= 0 && this.#lineBytes === 0) {
      this.#endLine(chunk, at, end + 1);
      return end + 1;
    }
    const part = chunk.subarray(at, end < 0 ? chunk.length : end + 1);
    this.#lineBytes += part.length;
    if (this.#lineBytes > limits.responseBytes) throw misbehaved('a line does not end');
    // A copy: the chunk is the caller's.
    this.#line.push(Buffer.from(part));
    if (end < 0) return chunk.length;
    const line = Buffer.concat(this.#line, this.#lineBytes);
    this.#line = [];
    this.#lineBytes = 0;
    this.#endLine(line, 0, line.length);
    return end + 1;
  }

  /** A line from `start` until `end`, its line feed included. */
  #endLine(bytes: Buffer, start: number, end: number): void {
    let last = end - 1;
    if (last > start && bytes[last - 1] === 0x0d) last--;
    const brace = this.#lacksLiteral(bytes, start, last);
    if (brace >= 0) {
      this.#beginLiteral(bytes, { start, brace, last, end });
      return;
    }
    if (this.#responseBytes === 0) {
      this.#parse(new Cursor(bytes, start, last));
      return;
    }
    this.#keep(bytes.subarray(start, last));
    const response = Buffer.concat(this.#response, this.#responseBytes);
    this.#response = [];
    this.#responseBytes = 0;
    this.#parse(new Cursor(response));
  }

  /** Where the `{` of a literal stands that begins after this line; -1 when none does. */
  #lacksLiteral(bytes: Buffer, start: number, last: number): number {
    if (bytes[last - 1] !== 0x7d) return -1;
    let at = last - 2;
    if (bytes[at] === plus) at--;
    const digits = at;
    while (at >= start && isDigit(bytes[at])) at--;
    if (at === digits || at < start || bytes[at] !== 0x7b) return -1;
    // The text of a status may end in anything.
    if (this.#responseBytes === 0 && isStatusLine(bytes, start, last)) return -1;
    return at;
  }

  #beginLiteral(bytes: Buffer, line: LiteralLine): void {
    const { start, brace, last, end } = line;
    const length = Number.parseInt(bytes.toString('latin1', brace + 1, Math.min(last, brace + 16)), 10);
    if (!(length <= limits.messageBytes)) throw misbehaved('a literal is larger than any message');
    this.#isContent = endsInContent(bytes, start, brace) && isFetch(this.#response[0] ?? bytes.subarray(start, last));
    const isBinary = this.#isContent && bytes[brace - 1] === 0x7e;
    this.#keep(Buffer.from(bytes.subarray(start, isBinary ? brace - 1 : brace)));
    this.#lacking = length;
    if (this.#isContent) this.#beginContent(length);
    else if (length > limits.literalBytes) throw misbehaved('a literal is larger than it may be');
    else this.#keep(Buffer.from(bytes.subarray(brace, end)));
    if (length === 0) this.#endLiteral();
  }

  #beginContent(length: number): void {
    const cursor = new Cursor(Buffer.concat(this.#response, this.#responseBytes));
    cursor.at = 2;
    const sequence = cursor.number();
    cursor.skipSpaces();
    cursor.word();
    this.#handler.contentStart(this.#fetch.parse(cursor, sequence, true).message, length);
    this.#keep(Buffer.from(`${String.fromCharCode(contentMark)}${length} `, 'latin1'));
  }

  #literal(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#lacking);
    const part = chunk.subarray(at, end);
    this.#lacking -= part.length;
    if (this.#isContent) this.#handler.content(part);
    else this.#keep(Buffer.from(part));
    if (this.#lacking === 0) this.#endLiteral();
    return end;
  }

  #endLiteral(): void {
    this.#lacking = -1;
    if (this.#isContent) this.#handler.contentEnd();
  }

  #keep(part: Buffer): void {
    this.#responseBytes += part.length;
    if (this.#responseBytes > limits.responseBytes) throw misbehaved('a response does not end');
    this.#response.push(part);
  }

  #parse(cursor: Cursor): void {
    const first = cursor.peek();
    // An empty line between responses is no IMAP, and harmless.
    if (first === -1) return;
    if (first === plus) {
      cursor.at++;
      cursor.skipSpaces();
      this.#handler.response({ kind: 'continuation', text: cursor.rest() });
    } else if (first === star) this.#untagged(cursor);
    else this.#handler.response(parseTagged(cursor));
  }

  #untagged(cursor: Cursor): void {
    cursor.at++;
    cursor.skipSpaces();
    const start = cursor.at;
    const byte = cursor.peek();
    if (byte >= 0x30 && byte <= 0x39) {
      const sequence = cursor.number();
      cursor.skipSpaces();
      if (cursor.is(cursor.at, cursor.at + 5, 'FETCH')) {
        cursor.at += 5;
        this.#fetched(cursor, sequence);
        return;
      }
      cursor.at = start;
    }
    this.#handler.response(parseUntagged(cursor));
  }

  #fetched(cursor: Cursor, sequence: number): void {
    const { message, inline } = this.#fetch.parse(cursor, sequence, false);
    if (inline !== undefined) {
      this.#handler.contentStart(message, inline.length);
      if (inline.length > 0) this.#handler.content(Buffer.from(inline, 'latin1'));
      this.#handler.contentEnd();
    }
    this.#handler.fetched(message);
  }
}

interface LiteralLine {
  readonly start: number;
  readonly brace: number;
  readonly last: number;
  readonly end: number;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** `* OK …`, `A1 NO …`, `+ …`: what follows is text for people. */
const isStatusLine = (bytes: Buffer, start: number, last: number): boolean =>
  /^(?:\+|\S+ +(?:OK|NO|BAD|BYE|PREAUTH)(?: |$))/i.test(
    byteStringOfLatin1(bytes.toString('latin1', start, Math.min(last, start + 64))),
  );

/** Whether the item whose value begins at `brace` is the whole of a message. */
const endsInContent = (bytes: Buffer, start: number, brace: number): boolean =>
  /(?:[ (]BODY\[\](?:<\d+>)?|[ (]RFC822) *~?$/i.test(bytes.toString('latin1', Math.max(start, brace - 40), brace));

const isFetch = (line: Buffer): boolean => /^\* *\d+ +FETCH /i.test(line.toString('latin1', 0, 40));
