const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Why a text is no JSON, or not the JSON that was expected, and at which byte. */
export class JsonProblem extends Error {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const deepest = 100;

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
/** A digit, a sign, a point or an exponent's letter. */
const isNumberByte = (byte: number | undefined): boolean =>
  isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 || byte === 0x65;
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const textOf = (bytes: Uint8Array, start: number, end: number): string => decoder.decode(bytes.subarray(start, end));

/**
 * Reads JSON (RFC 8259) from bytes, forwards, without building what is not asked for. Every method throws a
 * `JsonProblem`, and only that, for what is not JSON. Nothing is read deeper than 100 levels.
 */
export class JsonCursor {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  fail(reason: string, offset = this.at): never {
    throw new JsonProblem(reason, offset);
  }

  /** The next byte that is no white space, not consumed; undefined at the end. */
  peek(): number | undefined {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (isSpace(byte)) byte = bytes[++this.at];
    return byte;
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail(`expected ${JSON.stringify(String.fromCharCode(byte))}`);
    this.at++;
  }

  /** After a value in a list or object: whether another follows. Consumes the comma or the closing byte. */
  another(closing: number): boolean {
    const byte = this.peek();
    if (byte !== comma && byte !== closing) this.fail('expected a comma or the end of a list or object');
    this.at++;
    return byte === comma;
  }

  /** Consumes an opening byte; whether anything is inside. If not, the closing byte is consumed too. */
  enter(opening: number, closing: number): boolean {
    this.expect(opening);
    if (this.peek() !== closing) return true;
    this.at++;
    return false;
  }

  end(): void {
    if (this.peek() !== undefined) this.fail('expected nothing more');
  }

  /** Consumes `null`, if that is what comes. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.word('null');
    return true;
  }

  private word(word: string): void {
    for (let index = 0; index < word.length; index++) {
      if (this.bytes[this.at + index] !== word.charCodeAt(index)) this.fail('expected a value');
    }
    this.at += word.length;
  }

  /**
   * Passes over a string and leaves the cursor behind it. Positive: the end (of the closing quote) of one that is ASCII
   * without escapes; negative: minus the end of any other. It begins where the cursor stood, plus one.
   */
  passString(): number {
    if (this.peek() !== quote) this.fail('expected a string');
    const { bytes } = this;
    const start = this.at;
    let at = start + 1;
    let plain = true;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined) this.fail('a string does not end', start);
      if (byte === quote) break;
      if (byte < 0x20) this.fail('a control character stands in a string', at);
      if (byte === backslash) {
        plain = false;
        at++;
      } else if (byte >= 0x80) plain = false;
      at++;
    }
    this.at = at + 1;
    return plain ? at : -at;
  }

  /** The string between its quotes, `start` behind the first one. */
  decodeString(start: number, end: number): string {
    const text = textOf(this.bytes, start, end);
    if (!text.includes('\\')) return text;
    try {
      const value: unknown = JSON.parse(`"${text}"`);
      if (typeof value === 'string') return value.toWellFormed();
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
    return this.fail('a string holds an unknown escape sequence', start);
  }

  string(): string {
    this.peek();
    const start = this.at + 1;
    return this.decodeString(start, Math.abs(this.passString()));
  }

  /** What stands from `start` to the cursor, as text. */
  decodeRaw(start: number): string {
    return textOf(this.bytes, start, this.at);
  }

  /** A number without sign, fraction and exponent, as its digits' place: from the old position to the new one. */
  private digits(): void {
    const first = this.peek();
    if (!isDigit(first)) this.fail('expected a number without sign or fraction');
    const start = this.at;
    while (isDigit(this.bytes[this.at])) this.at++;
    const after = this.bytes[this.at];
    if (after === 0x2e || after === 0x45 || after === 0x65) this.fail('expected a number without fraction');
    if (first === 0x30 && this.at - start > 1) this.fail('a number begins with 0', start);
    if (this.at - start > 20) this.fail('a number is too large', start);
  }

  /** A number from 0 to `largest`, which is at most 2^53 - 1. */
  integer(largest: number): number {
    this.peek();
    const start = this.at;
    this.digits();
    let value = 0;
    for (let at = start; at < this.at; at++) value = value * 10 + ((this.bytes[at] ?? 0) - 0x30);
    if (value > largest) this.fail('a number is too large', start);
    return value;
  }

  /** A number from 0 to 2^64 - 1, exactly. */
  uint64(): bigint {
    this.peek();
    const start = this.at;
    this.digits();
    if (this.at - start <= 15) {
      this.at = start;
      return BigInt(this.integer(Number.MAX_SAFE_INTEGER));
    }
    const value = BigInt(textOf(this.bytes, start, this.at));
    if (value > 0xffff_ffff_ffff_ffffn) this.fail('a number is too large', start);
    return value;
  }

  private skipNumber(): void {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    while (isDigit(bytes[at])) at++;
    this.at = at;
    if (!isNumberByte(bytes[at]) && at > start && (bytes[start] !== 0x30 || at === start + 1)) return;
    while (isNumberByte(bytes[this.at])) this.at++;
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(this.decodeRaw(start))) {
      this.fail('expected a value', start);
    }
  }

  private skipString(): void {
    this.peek();
    const start = this.at + 1;
    const end = this.passString();
    if (end < 0) this.decodeString(start, -end);
  }

  /** Passes over any value, and checks that it is JSON. */
  skip(depth = 0): void {
    if (depth > deepest) this.fail('lists and objects lie too deep in one another');
    const byte = this.peek();
    if (byte === quote) return this.skipString();
    if (byte === 0x74) return this.word('true');
    if (byte === 0x66) return this.word('false');
    if (byte === 0x6e) return this.word('null');
    if (byte !== 0x7b && byte !== 0x5b) return this.skipNumber();
    const closing = byte + 2;
    if (!this.enter(byte, closing)) return;
    do {
      if (byte === 0x7b) {
        this.skipString();
        this.expect(0x3a);
      }
      this.skip(depth + 1);
    } while (this.another(closing));
  }
}

/** A member of an object: its name, and both name and value as they stand. */
export interface RawMember {
  readonly key: string;
  readonly raw: string;
}

/** The members of an object given as raw JSON without its braces. Throws a `JsonProblem`. */
export const membersOf = (rawMembers: string): RawMember[] => {
  const cursor = new JsonCursor(encoder.encode(`${rawMembers}}`));
  const members: RawMember[] = [];
  do {
    cursor.peek();
    const start = cursor.at;
    const key = cursor.string();
    cursor.expect(0x3a);
    cursor.skip();
    members.push({ key, raw: cursor.decodeRaw(start) });
  } while (cursor.another(0x7d));
  cursor.end();
  return members;
};
