import { byteStringOfText } from './byte-string.ts';
import type { Entry, EntryType, Nanoseconds } from './entry.ts';

/*
 * Headers of tar archives in the pax format (POSIX.1-2001, pax): names as the bytes they are, times to the nanosecond, owners by
 * number and name, extended attributes as GNU tar and bsdtar keep them (`SCHILY.xattr.`). The libraries for tar take names for
 * text; here they are bytes.
 */

export const tarBlockLength = 512;

const typeFlags: Readonly<Partial<Record<EntryType, string>>> = {
  file: '0',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

export interface TarOptions {
  /** The path of an entry that came before and is the same file: then no bytes follow. */
  readonly linkTo?: string;
}

/**
 * All that stands before an entry's bytes, of which a file has exactly `entry.size`. `path` is from the root of the archive,
 * without a `/` in front. Undefined for what tar cannot hold.
 */
export const tarHeader = (entry: Entry, path: string, { linkTo }: TarOptions = {}): Uint8Array | undefined => {
  const type = linkTo === undefined ? typeFlags[entry.type] : '1';
  if (type === undefined) return undefined;
  const name = entry.type === 'directory' ? `${path}/` : path;
  const size = type === '0' ? entry.size : 0;
  const target = linkTo ?? entry.linkTarget;
  const records = paxRecords(entry, { name, size, target });
  return joined([
    headerBlock({ name: 'PaxHeader', type: 'x', size: records.length, target: '', entry }),
    records,
    tarPadding(records.length),
    headerBlock({ name, type, size, target: target ?? '', entry }),
  ]);
};

/** What follows so many bytes, up to the next block. */
export const tarPadding = (length: number): Uint8Array =>
  new Uint8Array((tarBlockLength - (length % tarBlockLength)) % tarBlockLength);

/** What ends an archive. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * tarBlockLength);

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

interface Header {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly target: string;
  readonly entry: Entry;
}

const largestId = 0o7777777;
const largestSize = 0o77777777777;

/** What readers see that know nothing of pax, as far as a header of 1988 can say it. */
const headerBlock = ({ name, type, size, target, entry }: Header): Uint8Array => {
  const block = new Uint8Array(tarBlockLength);
  const text = (value: string, at: number, length: number): void => {
    for (let index = 0; index < Math.min(value.length, length); index++) block[at + index] = value.charCodeAt(index);
  };
  const octal = (value: number, at: number, length: number): void => {
    const largest = 8 ** (length - 1) - 1;
    text(
      Math.max(0, Math.min(value, largest))
        .toString(8)
        .padStart(length - 1, '0'),
      at,
      length,
    );
  };
  const device = entry.device ?? 0n;
  text(name.length > 100 ? name.slice(-100).replace(/^\/+/, '_') : name, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(size, 124, 12);
  octal(Number(entry.mtime / 1_000_000_000n), 136, 12);
  text(type, 156, 1);
  text(target, 157, 100);
  text('ustar\x0000', 257, 8);
  text(byteStringOfText(entry.user), 265, 31);
  text(byteStringOfText(entry.group), 297, 31);
  // Linux's makedev, as st_rdev has it.
  octal(Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)), 329, 8);
  octal(Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)), 337, 8);
  block.fill(0x20, 148, 156);
  text(`${tarHeaderSum(block).toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
};

/** The sum of a header's bytes, its own field taken for blanks. */
export const tarHeaderSum = (block: Uint8Array): number =>
  block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);

const timeOf = (nanoseconds: Nanoseconds): string => {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
};

const textOf = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** `LENGTH KEY=VALUE\n`, where the length counts itself. One character a byte. */
const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return length + rest;
};

interface Named {
  readonly name: string;
  readonly size: number;
  readonly target: string | undefined;
}

const paxRecords = (entry: Entry, { name, size, target }: Named): Uint8Array => {
  const records: [string, string][] = [
    ['path', name],
    ['mtime', timeOf(entry.mtime)],
    ['atime', timeOf(entry.atime)],
    ['ctime', timeOf(entry.ctime)],
  ];
  if (entry.uid > largestId) records.push(['uid', String(entry.uid)]);
  if (entry.gid > largestId) records.push(['gid', String(entry.gid)]);
  if (entry.user !== '') records.push(['uname', byteStringOfText(entry.user)]);
  if (entry.group !== '') records.push(['gname', byteStringOfText(entry.group)]);
  if (target !== undefined) records.push(['linkpath', target]);
  if (size > largestSize) records.push(['size', String(size)]);
  for (const { name: attribute, value } of entry.extendedAttributes ?? []) {
    records.push([`SCHILY.xattr.${attribute}`, textOf(value ?? new Uint8Array(0))]);
  }
  return bytesOfLatin1(records.map(([key, value]) => record(key, value)).join(''));
};

const bytesOfLatin1 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
};
