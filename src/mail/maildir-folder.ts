import { type ByteString, byteStringOfLatin1, bytesOf } from '../model/byte-string.ts';
import type { NewHash } from './direct/hash.ts';
import { encodeModifiedUtf7, isModifiedUtf7 } from './mailbox-name.ts';

/** With the dots in front of its levels; file systems take 255, and Dovecot wants room beside it. */
const longestName = 240;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const escaped = (text: string): string =>
  text.replace(/[\s\S]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The level in modified UTF-7; bytes that are no UTF-8 stay as they are, to be escaped. */
const asciiOf = (level: ByteString): string => {
  if (isModifiedUtf7(level)) return level;
  try {
    return encodeModifiedUtf7(strictDecoder.decode(bytesOf(level)));
  } catch {
    return level;
  }
};

const levelOf = (level: ByteString): string => {
  if (level === '') return '%';
  return asciiOf(level)
    .replace(/[^\x20-\x7e]|[%./"\\]/g, escaped)
    .replace(/^[~ ]/, escaped);
};

/**
 * The directory of a Maildir++ in which a folder lies, beside the inbox's own `cur`: a dot and the name, for each level of
 * it; empty for the inbox itself, which lies in the root.
 *
 * A level that Maildir++ cannot hold as it is has `%` and two hexadecimal digits in small letters for a dot, a slash, `%`,
 * a quotation mark, a backslash, a `~` or space in front, and every byte that is no text; that is what Dovecot shows as the
 * true name with `listescape_char = "%%"` (2.4: `mailbox_list_storage_escape_char = %`). An empty level is `%`. A name of
 * more than 240 bytes is cut and ends in `%` and 16 digits of the SHA-256 of the raw name.
 */
export const maildirFolder = (raw: ByteString, delimiter: string | undefined, newHash: NewHash): ByteString => {
  if (/^inbox$/i.test(raw)) return byteStringOfLatin1('');
  const levels = delimiter === undefined || delimiter === '' ? [raw] : raw.split(delimiter).map(byteStringOfLatin1);
  const name = levels.map((level) => `.${levelOf(level)}`).join('');
  if (name.length <= longestName) return byteStringOfLatin1(name);
  const hash = newHash();
  hash.update(bytesOf(raw));
  const head = name.slice(0, longestName - 17).replace(/(?:%[0-9a-f]?|&[^-]*|\.)$/, '');
  return byteStringOfLatin1(`${head}%${hash.digest('hex').slice(0, 16)}`);
};

/**
 * The levels of a folder from the name of its directory: escapes undone where they are ours. Modified UTF-7 stays as it is.
 * The inbox has none.
 */
export const levelsOfMaildirFolder = (directory: ByteString): readonly ByteString[] =>
  directory === ''
    ? []
    : directory
        .slice(1)
        .split('.')
        .map((level) => byteStringOfLatin1(level === '%' ? '' : unescaped(level)));

const unescaped = (level: string): string =>
  level.replace(/%([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));

/** The raw name that a server with this delimiter would give a folder of these levels. */
export const rawNameOf = (levels: readonly ByteString[], delimiter: string): ByteString =>
  levels.length === 0 ? byteStringOfLatin1('INBOX') : byteStringOfLatin1(levels.join(delimiter));
