/** Bytes of all parts. */
export const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** Joins parts into bytes that are nobody else's. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Where so many bytes are read into: new memory costs as much as reading what is at hand. */
export const roomFor = (length: number, into: Uint8Array | undefined): Uint8Array =>
  into !== undefined && into.length >= length
    ? into.subarray(0, length)
    : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
