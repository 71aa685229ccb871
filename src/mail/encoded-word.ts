import { decodeText } from './charset.ts';

interface EncodedWord {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly bytes: Uint8Array;
}

const form = /=\?([^?\s]{1,60})\?([bq])\?([^?]{0,4000}(?:\?(?!=)[^?]{0,400}){0,8})\?=/iy;

/**
 * Decodes the encoded words of RFC 2047 in a header value, wherever they stand. White space between two of them goes,
 * and characters that were split between words of one character set are put together. What is broken stays as it is.
 */
export const decodeWords = (text: string): string => {
  if (!text.includes('=?')) return text;
  let decoded = '';
  let at = 0;
  for (let run = nextRun(text, 0); run.length > 0; run = nextRun(text, at)) {
    decoded += text.slice(at, run[0]?.start ?? at) + decodeRun(run);
    at = run.at(-1)?.end ?? text.length;
  }
  return decoded + text.slice(at);
};

/** Encoded words that follow one another with nothing but white space between. */
const nextRun = (text: string, from: number): EncodedWord[] => {
  const run: EncodedWord[] = [];
  let at = text.indexOf('=?', from);
  while (at >= 0) {
    const word = wordAt(text, at);
    if (word !== undefined) {
      run.push(word);
      at = word.end;
      while (/\s/.test(text.charAt(at))) at++;
      if (!text.startsWith('=?', at)) break;
    } else if (run.length > 0) break;
    else at = text.indexOf('=?', at + 2);
  }
  return run;
};

const wordAt = (text: string, start: number): EncodedWord | undefined => {
  form.lastIndex = start;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [whole, label = '', method = '', content = ''] = match;
  const bytes = method.toLowerCase() === 'b' ? bytesOfBase64(content) : bytesOfQ(content);
  // RFC 2231 lets a language follow the character set.
  return { start, end: start + whole.length, charset: label.replace(/\*.*$/, '').toLowerCase(), bytes };
};

const decodeRun = (run: readonly EncodedWord[]): string => {
  let text = '';
  let at = 0;
  while (at < run.length) {
    const charset = run[at]?.charset ?? '';
    let end = at;
    while (run[end]?.charset === charset) end++;
    text += decodeText(concatenate(run.slice(at, end).map((word) => word.bytes)), charset);
    at = end;
  }
  return text;
};

const concatenate = (pieces: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

/** Base64 as it comes: other characters are passed over, padding may be missing. Never throws. */
export const bytesOfBase64 = (text: string): Uint8Array => {
  const clean = text.replace(/[^A-Za-z0-9+/]/g, '');
  const usable = clean.length % 4 === 1 ? clean.slice(0, -1) : clean;
  return bytesOfCharacters(atob(usable));
};

const bytesOfQ = (text: string): Uint8Array => bytesOfCharacters(decodeHexadecimal(text.replaceAll('_', ' ')));

/** Quoted-printable (RFC 2045 section 6.7), one character a byte; what is broken stays as it is. */
export const bytesOfQuotedPrintable = (text: string): Uint8Array =>
  bytesOfCharacters(decodeHexadecimal(text.replace(/=[ \t]{0,80}(?:\r\n|\r|\n|$)/g, '')));

const decodeHexadecimal = (text: string): string =>
  text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** One character, one byte; characters above 255, which no byte stands for, become question marks. */
export const bytesOfCharacters = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    bytes[at] = code > 0xff ? 0x3f : code;
  }
  return bytes;
};
