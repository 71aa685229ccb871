import { type ByteString, byteStringOfLatin1, byteStringOfText, bytesOf, displayText } from '../model/byte-string.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A path that may come as text (from the command line, a configuration) or as bytes (from a directory listing), as bytes.
 * Text and byte string look alike at run time: where every character fits a byte, what reads as UTF-8 is taken for
 * bytes, and all else for text. Who knows which one it is says so with `byteStringOfText` or avoids this function.
 */
export const pathOf = (path: ByteString | string): ByteString => {
  if (!/[\x80-\uffff]/.test(path)) return byteStringOfLatin1(path);
  if (/[\u0100-\uffff]/.test(path)) return byteStringOfText(path);
  const bytes = byteStringOfLatin1(path);
  try {
    decoder.decode(bytesOf(bytes));
    return bytes;
  } catch {
    return byteStringOfText(path);
  }
};

/** A path as a person reads it. */
export const readablePath = (path: ByteString | string): string => displayText(pathOf(path));

/** What `node:fs` takes without changing a byte of it: text is quicker, and right as long as it is ASCII. */
export const nativePath = (path: ByteString): string | Buffer =>
  /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1') : path;
