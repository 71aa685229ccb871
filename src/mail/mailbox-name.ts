import { byteStringOfBytes, byteStringOfLatin1, displayText } from '../model/byte-string.ts';
import type { ByteString } from '../model/byte-string.ts';

const encoder = new TextEncoder();

/**
 * A folder's name for people: modified UTF-7 (RFC 3501 section 5.1.3) decoded where the name is that, otherwise the bytes
 * as UTF-8, which newer Dovecots write. Control characters are escaped.
 */
export const mailboxText = (name: ByteString): string => {
  const decoded = decodeModifiedUtf7(name);
  return displayText(decoded === undefined ? name : byteStringOfBytes(encoder.encode(decoded)));
};

/**
 * A name as people write it in modified UTF-7: printable ASCII stands for itself, `&` is `&-`, everything else is base64 of
 * UTF-16 between `&` and `-`. What is no well-formed text has U+FFFD for its lone surrogates.
 */
export const encodeModifiedUtf7 = (text: string): ByteString => {
  const encoded = text
    .toWellFormed()
    .replace(/&/g, '&-')
    .replace(/[^\x20-\x7e]+/g, (stretch) => `&${base64OfUtf16(stretch)}-`);
  return byteStringOfLatin1(encoded);
};

const base64OfUtf16 = (text: string): string => {
  let bytes = '';
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes += String.fromCharCode(unit >> 8, unit & 0xff);
  }
  return btoa(bytes).replaceAll('/', ',').replace(/=+$/, '');
};

/** Whether a name can stand where modified UTF-7 is asked for: printable ASCII in which every `&` begins what it should. */
export const isModifiedUtf7 = (name: ByteString): boolean =>
  /^[\x20-\x7e]*$/.test(name) && (!name.includes('&') || decodeModifiedUtf7(name) !== undefined);

/** Of a level whose directory was named by us: escapes of `maildirFolder` undone first. */
export const escapedLevelText = (level: ByteString): string =>
  mailboxText(
    byteStringOfLatin1(
      level.replace(/%([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))),
    ),
  );

/** Undefined if the name is no valid modified UTF-7, or holds nothing encoded. */
const decodeModifiedUtf7 = (name: ByteString): string | undefined => {
  if (!/^[\x20-\x7e]*$/.test(name) || !name.includes('&')) return undefined;
  let valid = true;
  const text = name.replace(/&([^-]*)(-?)/g, (_, encoded: string, end: string) => {
    if (encoded === '' && end === '-') return '&';
    const units = utf16Of(encoded);
    if (units === undefined || end === '') valid = false;
    return units ?? '';
  });
  return valid && text.isWellFormed() ? text : undefined;
};

/** Base64 with a comma for the slash and without padding, of UTF-16, big end first. */
const utf16Of = (encoded: string): string | undefined => {
  if (!/^[A-Za-z0-9+,]+$/.test(encoded) || encoded.length % 4 === 1) return undefined;
  const bytes = atob(encoded.replaceAll(',', '/'));
  if (bytes.length % 2 === 1) return undefined;
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    text += String.fromCharCode((bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1));
  }
  return text;
};
