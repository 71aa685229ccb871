import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import type { Entry, EntryType, ExtendedAttribute } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';

/*
 * One line of a manifest, fields between tabs, one character a byte:
 *
 *   type name mode uid gid size mtime atime ctime inode device links user group sha256 [key=value]…
 *
 * Times are nanoseconds since 1970; an atime that equals the mtime is left empty. Backslash, tab, line feed and carriage
 * return are written \\ \t \n \r. Keys: `l` target of a symlink, `r` device number, `x` extended attribute (name and
 * value in hexadecimal with a colon between; without one: there and empty), `p` where in the tar archive its bytes begin.
 */

/** What a manifest says of one entry. */
export interface ManifestEntry {
  readonly entry: Entry;
  /** Of the logical bytes, hexadecimal; '' for what has none. */
  readonly sha256: string;
  /** Where in the unpacked tar archive the bytes begin. */
  readonly position?: number;
}

const letters: Readonly<Record<EntryType, string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  'block-device': 'b',
  'character-device': 'c',
  fifo: 'p',
  socket: 's',
  irregular: 'i',
};

const types: ReadonlyMap<string, EntryType> = new Map(
  (Object.keys(letters) as EntryType[]).map((type) => [letters[type], type]),
);

const special = /[\\\t\n\r]/;

export const escapeField = (text: string): string =>
  special.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
    : text;

const unescaped: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

export const unescapeField = (text: string): ByteString =>
  byteStringOfLatin1(
    text.includes('\\') ? text.replace(/\\(.)/g, (_, letter: string) => unescaped[letter] ?? letter) : text,
  );

/** A name of an account is text; in a manifest it stands as the bytes of its UTF-8 form. */
const accountField = (name: string): string => escapeField(byteStringOfText(name));
const accountOf = (field: string): string => {
  const bytes = unescapeField(field);
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
};

const hexOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

const attributeField = ({ name, value }: ExtendedAttribute): string =>
  value === null ? `\tx=${hexOf(name)}` : `\tx=${hexOf(name)}:${Buffer.from(value).toString('hex')}`;

const attributeOf = (field: string): ExtendedAttribute => {
  const [name = '', value] = field.split(':');
  return {
    name: byteStringOfLatin1(Buffer.from(name, 'hex').toString('latin1')),
    value: value === undefined ? null : Uint8Array.from(Buffer.from(value, 'hex')),
  };
};

/** Without a line feed. */
export const formatEntryLine = ({ entry, sha256, position }: ManifestEntry): string => {
  const atime = entry.atime === entry.mtime ? '' : String(entry.atime);
  let line =
    `${letters[entry.type]}\t${escapeField(entry.name)}\t${entry.mode.toString(8)}\t${entry.uid}\t${entry.gid}\t${entry.size}\t` +
    `${entry.mtime}\t${atime}\t${entry.ctime}\t${entry.inode}\t${entry.deviceId}\t${entry.links}\t` +
    `${accountField(entry.user)}\t${accountField(entry.group)}\t${sha256}`;
  if (entry.linkTarget !== undefined) line += `\tl=${escapeField(entry.linkTarget)}`;
  if (entry.device !== undefined) line += `\tr=${entry.device}`;
  for (const attribute of entry.extendedAttributes ?? []) line += attributeField(attribute);
  if (position !== undefined) line += `\tp=${position}`;
  return line;
};

const malformed = (line: string): Fault =>
  new Fault('verification-failed', 'a manifest of the dated disk has a line that cannot be read', {
    hint: 'Verify this backup; the files that it describes are there all the same.',
    context: { line: line.slice(0, 200) },
  });

interface More {
  linkTarget?: ByteString;
  device?: bigint;
  extendedAttributes?: ExtendedAttribute[];
}

const readMore = (fields: readonly string[]): { readonly more: More; readonly position?: number } => {
  const more: More = {};
  let position: number | undefined;
  for (const field of fields) {
    const value = field.slice(2);
    if (field.startsWith('l=')) more.linkTarget = unescapeField(value);
    else if (field.startsWith('r=')) more.device = BigInt(value);
    else if (field.startsWith('x=')) (more.extendedAttributes ??= []).push(attributeOf(value));
    else if (field.startsWith('p=')) position = Number(value);
  }
  return position === undefined ? { more } : { more, position };
};

/** Fault `verification-failed` for what is no such line. */
export const parseEntryLine = (line: string): ManifestEntry => {
  const fields = line.split('\t');
  const [letter = '', name = '', mode = '', uid, gid, size, mtime, atime, ctime, inode, device, links] = fields;
  const [user = '', group = '', sha256] = fields.slice(12, 15);
  const type = types.get(letter);
  if (type === undefined || mtime === undefined || ctime === undefined || sha256 === undefined) throw malformed(line);
  try {
    const { more, position } = fields.length > 15 ? readMore(fields.slice(15)) : { more: {} };
    const modified = BigInt(mtime);
    const entry: Entry = {
      name: unescapeField(name),
      type,
      mode: Number.parseInt(mode, 8),
      mtime: modified,
      atime: atime === '' || atime === undefined ? modified : BigInt(atime),
      ctime: BigInt(ctime),
      uid: Number(uid),
      gid: Number(gid),
      user: accountOf(user),
      group: accountOf(group),
      inode: BigInt(inode ?? 0),
      deviceId: BigInt(device ?? 0),
      size: Number(size),
      links: Number(links),
      ...more,
    };
    return position === undefined ? { entry, sha256 } : { entry, sha256, position };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) throw malformed(line);
    throw error;
  }
};

/** The line of a directory in the listing of the one above it: all else stands in the list of folders. */
export const directoryLine = (name: ByteString): string => `d\t${escapeField(name)}`;

export const isDirectoryLine = (line: string): boolean => line.startsWith('d\t');

/** One field, without taking the line apart. */
export const fieldOfLine = (line: string, number: number): string => {
  let start = 0;
  for (let field = 0; field < number; field++) start = line.indexOf('\t', start) + 1;
  const end = line.indexOf('\t', start);
  return line.slice(start, end < 0 ? undefined : end);
};

export const nameOfLine = (line: string): ByteString => {
  const end = line.indexOf('\t', 2);
  return unescapeField(line.slice(2, end < 0 ? undefined : end));
};
