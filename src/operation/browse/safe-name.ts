import { type ByteString, byteStringOfText } from '../../model/byte-string.ts';

const encoder = new TextEncoder();

/** Cuts a text to so many bytes of UTF-8, between characters. */
const cutTo = (text: string, bytes: number): string => {
  if (text.length * 3 <= bytes || encoder.encode(text).length <= bytes) return text;
  let cut = '';
  let length = 0;
  for (const character of text) {
    length += encoder.encode(character).length;
    if (length > bytes - 3) break;
    cut += character;
  }
  return `${cut.trimEnd()}…`;
};

/**
 * A text from anywhere as a part of a file name that every system takes and no eye is deceived by: on one line, without
 * separators, wild cards, control characters and marks that turn the direction of writing; at most `bytes` bytes of UTF-8.
 * May be empty.
 */
export const safeText = (text: string, bytes: number): string => {
  const plain = text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}\ufffc\ufffd]/gu, '')
    .replace(/[/\\:*?"<>|]/g, '_')
    .trim();
  return cutTo(plain, bytes);
};

/** The longest name that we make: file systems take 255 bytes, and clients add something of their own. */
export const longestName = 200;

/** As `safeText`, as a whole name: never empty, never `.` or `..`, not hidden, no dot or blank at its end. */
export const safeName = (text: string): string => {
  const name = safeText(text, longestName)
    .replace(/^\.+/, '_')
    .replace(/[. ]+$/, '_');
  return name === '' ? '_' : name;
};

/** Whether two names are the same for a system that does not tell upper from lower case. */
const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();

/** Gives names that no earlier one equals, as any system compares them: `name`, else `name (2)` and so on. */
export const createUniqueNames = (): ((name: string) => ByteString) => {
  const taken = new Set<string>();
  const used = new Map<string, number>();
  return (name) => {
    let unique = name;
    let number = used.get(keyOf(name)) ?? 1;
    while (taken.has(keyOf(unique))) unique = `${name} (${++number})`;
    used.set(keyOf(name), number);
    taken.add(keyOf(unique));
    return byteStringOfText(unique);
  };
};
