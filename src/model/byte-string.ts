declare const byteString: unique symbol;

/**
 * A name or path as the file system has it: one JavaScript character (0 to 255) for each byte.
 *
 * File names are bytes, not text: a Maildir may hold names in any encoding or none. As a latin1 string a name stays
 * exact, costs one byte a character in V8, serves as a Map key, and `<` compares it in byte order, which is the order
 * of nodes in a tree.
 */
export type ByteString = string & { readonly [byteString]: true };

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const isByteString = (text: string): text is ByteString => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
  return true;
};

/** Takes a string that already holds one byte a character, such as `buffer.latin1Slice()`. Throws a RangeError otherwise. */
export const byteStringOfLatin1 = (latin1: string): ByteString => {
  if (isByteString(latin1)) return latin1;
  throw new RangeError('a byte string holds only characters 0 to 255');
};

/** The bytes themselves, read as a byte string. */
export const byteStringOfBytes = (bytes: Uint8Array): ByteString => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return byteStringOfLatin1(text);
};

/** A text (a command-line argument, a configured path) as the bytes of its UTF-8 form. */
export const byteStringOfText = (text: string): ByteString => {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return byteStringOfBytes(encoder.encode(text));
  }
  return byteStringOfLatin1(text);
};

/** The bytes of a byte string. */
export const bytesOf = (name: ByteString): Uint8Array => {
  const bytes = new Uint8Array(name.length);
  for (let at = 0; at < name.length; at++) bytes[at] = name.charCodeAt(at);
  return bytes;
};

/** What a person reads: UTF-8 where the bytes are UTF-8, otherwise `\xNN` for every byte above 0x7f; control bytes always escaped. */
export const displayText = (name: ByteString): string => {
  let text: string;
  try {
    text = strictDecoder.decode(bytesOf(name));
  } catch {
    text = name.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
  }
  return text.replace(/[\x00-\x1f\x7f]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
};

/** Byte order, for `Array.sort`. */
export const compareBytes = (left: ByteString, right: ByteString): number => (left < right ? -1 : left > right ? 1 : 0);
