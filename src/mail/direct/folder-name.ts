import { type ByteString, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import type { NewHash } from './hash.ts';

const longestName = 200;
const cutMark = 17; // `%` and 16 hexadecimal digits

const escaped = (byte: string): string => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * The directory in which a folder lies in a snapshot: its raw name with every byte but letters, digits and
 * `& + , - _ @ space .` written `%XX`; so are a leading dot and the delimiter. A name that would be longer than 200 bytes
 * is cut and ends in `%` and 16 hexadecimal digits, in small letters, of the SHA-256 of the raw name.
 */
export const directoryOfFolder = (raw: ByteString, delimiter: string | undefined, newHash: NewHash): ByteString => {
  let name = raw.replace(/[^A-Za-z0-9&+,\-_@ .]/g, escaped).replace(/^\./, escaped);
  if (delimiter !== undefined && delimiter !== '%') name = name.replaceAll(delimiter, escaped(delimiter));
  if (name === '') name = '%';
  if (name.length <= longestName) return byteStringOfLatin1(name);
  const hash = newHash();
  hash.update(bytesOf(raw));
  const head = name.slice(0, longestName - cutMark).replace(/%[0-9A-F]?$/, '');
  return byteStringOfLatin1(`${head}%${hash.digest('hex').slice(0, 16)}`);
};

/** The raw name again; undefined where the directory's name was cut, or is none of ours. `mailbox.json` has it in any case. */
export const folderOfDirectory = (directory: ByteString): ByteString | undefined => {
  if (directory === '%') return byteStringOfLatin1('');
  if (!/^(?:[A-Za-z0-9&+,\-_@ .]|%[0-9A-F]{2})*$/.test(directory)) return undefined;
  if (/%(?=[0-9a-f]{16}$)(?=.*[a-f])/.test(directory)) return undefined;
  return byteStringOfLatin1(
    directory.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))),
  );
};
