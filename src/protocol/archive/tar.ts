import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { Entry, EntryType, Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { ArchiveEntry, ArchiveSink } from './archive-entry.ts';

/**
 * Writes a tar archive in the pax format (POSIX.1-2001, pax): names as the bytes they are, times to the nanosecond,
 * owners by number and name, extended attributes as GNU tar and bsdtar keep them (`SCHILY.xattr.`). Sockets, which tar
 * cannot hold, are left out. Rejects with what the entries or the sink threw.
 *
 * The libraries for tar take names for text; here they are bytes.
 */
export const writeTar = async (
  entries: AsyncIterable<ArchiveEntry>,
  sink: ArchiveSink,
  run: Run,
): Promise<{ readonly leftOut: number }> => {
  let leftOut = 0;
  for await (const item of entries) {
    throwIfInterrupted(run);
    const type = typeFlags[item.entry.type];
    if (type === undefined) leftOut++;
    else await writeEntry(item, type, sink);
  }
  await sink(new Uint8Array(2 * blockLength));
  return { leftOut };
};

const typeFlags: Readonly<Partial<Record<EntryType, string>>> = {
  file: '0',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

const blockLength = 512;

const writeEntry = async (item: ArchiveEntry, type: string, sink: ArchiveSink): Promise<void> => {
  const { entry, path, bytes } = item;
  const name = entry.type === 'directory' ? `${path}/` : path;
  const size = entry.type === 'file' ? entry.size : 0;
  const records = paxRecords(entry, name);
  await sink(
    Buffer.concat([
      headerBlock({ name: 'PaxHeader', type: 'x', size: records.length, entry }),
      records,
      padding(records.length),
      headerBlock({ name, type, size, entry }),
    ]),
  );
  let written = 0;
  if (size > 0) {
    for await (const chunk of bytes) {
      await sink(chunk);
      written += chunk.length;
    }
  }
  if (written !== size) throw new Fault('internal', 'an entry of an archive had not as many bytes as was said');
  if (size % blockLength !== 0) await sink(padding(size));
};

const padding = (length: number): Uint8Array => new Uint8Array((blockLength - (length % blockLength)) % blockLength);

interface Header {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly entry: Entry;
}

const largestId = 0o7777777;
const largestSize = 0o77777777777;

/** What readers see that know nothing of pax, as far as a header of 1988 can say it. */
const headerBlock = ({ name, type, size, entry }: Header): Uint8Array => {
  const block = Buffer.alloc(blockLength);
  const octal = (value: number, at: number, length: number): void => {
    const largest = 8 ** (length - 1) - 1;
    block.write(
      Math.max(0, Math.min(value, largest))
        .toString(8)
        .padStart(length - 1, '0'),
      at,
      'latin1',
    );
  };
  const text = (value: string, at: number, length: number): void => {
    block.write(value.slice(0, length), at, 'latin1');
  };
  const device = entry.device ?? 0n;
  text(name.length > 100 ? name.slice(-100).replace(/^\/+/, '_') : name, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(size, 124, 12);
  octal(Number(entry.mtime / 1_000_000_000n), 136, 12);
  text(type, 156, 1);
  text(entry.linkTarget ?? '', 157, 100);
  text('ustar\x0000', 257, 8);
  text(byteStringOfText(entry.user), 265, 31);
  text(byteStringOfText(entry.group), 297, 31);
  // Linux's makedev, as st_rdev has it.
  octal(Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)), 329, 8);
  octal(Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)), 337, 8);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
};

const timeOf = (nanoseconds: Nanoseconds): string => {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
};

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** `LENGTH KEY=VALUE\n`, where the length counts itself. One character a byte. */
const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return length + rest;
};

const paxRecords = (entry: Entry, name: string): Uint8Array => {
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
  if (entry.linkTarget !== undefined) records.push(['linkpath', entry.linkTarget]);
  if (entry.type === 'file' && entry.size > largestSize) records.push(['size', String(entry.size)]);
  for (const { name: attribute, value } of entry.extendedAttributes ?? []) {
    records.push([`SCHILY.xattr.${attribute}`, latin1(value ?? new Uint8Array(0))]);
  }
  return bytesOfRecords(records);
};

const bytesOfRecords = (records: readonly (readonly [string, string])[]): Uint8Array => {
  const text = records.map(([key, value]) => record(key, value)).join('');
  return Uint8Array.from(Buffer.from(text, 'latin1'));
};
