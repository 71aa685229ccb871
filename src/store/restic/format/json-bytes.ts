const hexPairs = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  hexPairs[byte] = digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
}

/** 1 for the characters that stand in a name as they are. */
export const isPlain = new Uint8Array(256);
for (const character of " !#$%'()*+,-./0123456789:;=?@[]^_`{|}~") isPlain[character.charCodeAt(0)] = 1;
for (let letter = 0; letter < 26; letter++) isPlain[0x41 + letter] = isPlain[0x61 + letter] = 1;

/** A buffer that grows, and writes what a tree is made of. Only `text` and `base64` make room for themselves. */
export class JsonBytes {
  private bytes: Buffer;
  private length = 0;

  constructor(expected = 0) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(16_384, expected));
  }

  /** Makes sure that this many bytes can follow. */
  reserve(room: number): void {
    if (this.length + room <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + room));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** ASCII, for which room was reserved. */
  ascii(text: string): void {
    const { bytes, length } = this;
    for (let at = 0; at < text.length; at++) bytes[length + at] = text.charCodeAt(at);
    this.length = length + text.length;
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /** A name in which nothing needs escaping, if it is one. Room for it was reserved. */
  plainName(name: string): boolean {
    const { bytes, length } = this;
    for (let at = 0; at < name.length; at++) {
      const byte = name.charCodeAt(at);
      if (isPlain[byte] !== 1) return false;
      bytes[length + at] = byte;
    }
    this.length = length + name.length;
    return true;
  }

  /** A number without fraction from 0 to 2^53. */
  integer(value: number): void {
    const { bytes } = this;
    let digits = 1;
    for (let limit = 10; limit <= value; limit *= 10) digits++;
    let rest = value;
    let at = this.length + digits;
    this.length = at;
    while (rest > 0x7fff_ffff) {
      const upper = Math.floor(rest / 10);
      bytes[--at] = 0x30 + (rest - upper * 10);
      rest = upper;
    }
    let small = rest | 0;
    do {
      const upper = (small / 10) | 0;
      bytes[--at] = 0x30 + (small - upper * 10);
      small = upper;
    } while (small > 0);
  }

  uint64(value: bigint): void {
    if (value <= 9_007_199_254_740_991n) this.integer(Number(value));
    else this.ascii(value.toString());
  }

  /** `"<hex>"` of 32 bytes. */
  id(ids: Uint8Array, start: number): void {
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = 0x22;
    for (let index = start; index < start + 32; index++) {
      const pair = hexPairs[ids[index] ?? 0] ?? 0;
      bytes[at++] = pair;
      bytes[at++] = pair >> 8;
    }
    bytes[at++] = 0x22;
    this.length = at;
  }

  copied(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  base64(value: Uint8Array): void {
    this.reserve(Math.ceil(value.length / 3) * 4);
    const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.ascii(view.toString('base64'));
  }

  taken(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
