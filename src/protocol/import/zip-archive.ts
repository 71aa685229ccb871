import { open, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';

/** A file in a zip that is open. */
export interface ZipMember {
  /** Its folders and itself; none leads out of the zip. */
  readonly levels: readonly string[];
  /** Bytes, unpacked: what comes is never more. */
  readonly size: number;
  readonly modified: Date;
  /** Its bytes; rejects when they are not what the zip says of them. */
  bytes(): AsyncIterable<Uint8Array>;
}

export interface ZipArchive {
  /** In the order of their names. */
  readonly members: readonly ZipMember[];
  close(): void;
}

/** What no honest zip of mail exceeds: text is packed to a tenth, and a message of nothing but zeros is a rare one. */
const mostUnpacked = { times: 200, bytes: 1_073_741_824 } as const;

const refused = (path: string, why: string): Fault =>
  new Fault('entry-unsupported', `${path} is not taken: ${why}`, {
    hint: 'If you know where it comes from and trust it, unpack it with another program, and import the folder.',
    context: { path },
  });

/** Whether a file begins as a zip does. */
export const isZip = async (path: string): Promise<boolean> => {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return bytesRead === 4 && /^PK(?:\x03\x04|\x05\x06)$/.test(buffer.toString('latin1'));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
  }
};

/**
 * Opens a zip for the files whose names are wanted. Refused as a whole (`entry-unsupported`): names that lead out of it, files
 * that lie over one another, and what unpacks to so much more than it is that it can only be meant to do harm.
 */
export const openZip = async (path: string, wants: (name: string) => boolean, run: Run): Promise<ZipArchive> => {
  const { size } = await stat(path).catch((error: unknown) => {
    throw errnoFault(error, 'read', path, { ENOENT: 'source-missing' });
  });
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { autoClose: false });
  } catch (error) {
    throw foreign(error, path);
  }
  try {
    const entries: Entry[] = [];
    let unpacked = 0;
    for await (const entry of zip.eachEntry()) {
      throwIfInterrupted(run);
      if (!isFile(entry) || !wants(entry.fileName)) continue;
      entries.push(entry);
      unpacked += entry.uncompressedSize;
      if (unpacked > mostUnpacked.bytes && unpacked > size * mostUnpacked.times) {
        throw refused(path, 'it would unpack to more than two hundred times its size');
      }
    }
    if (overlap(entries)) throw refused(path, 'its files lie over one another');
    entries.sort((left, right) => (left.fileName < right.fileName ? -1 : 1));
    return { members: entries.map((entry) => memberOf(zip, entry, path)), close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw foreign(error, path);
  }
};

const localHeader = 30;

/** Whether the bytes of one file are those of another, too: many files that are one unpack to many times what is there. */
const overlap = (entries: readonly Entry[]): boolean => {
  let free = 0;
  const places = [...entries].sort(
    (left, right) => left.relativeOffsetOfLocalHeader - right.relativeOffsetOfLocalHeader,
  );
  return places.some(({ relativeOffsetOfLocalHeader: at, compressedSize }) => {
    const isTaken = at < free;
    free = at + localHeader + compressedSize;
    return isTaken;
  });
};

/** Neither a folder nor, as Unix programs write it, a link or a device. */
const isFile = ({ fileName, versionMadeBy, externalFileAttributes }: Entry): boolean => {
  if (fileName.endsWith('/')) return false;
  const kind = versionMadeBy >> 8 === 3 ? (externalFileAttributes >>> 28) & 0xf : 0;
  return kind === 0 || kind === 8;
};

const memberOf = (zip: ZipFile, entry: Entry, path: string): ZipMember => ({
  levels: entry.fileName.split('/').filter((level) => level !== '' && level !== '.'),
  size: entry.uncompressedSize,
  modified: entry.getLastModDate(),
  bytes: () => memberBytes(zip, entry, `${path}: ${entry.fileName}`),
});

async function* memberBytes(zip: ZipFile, entry: Entry, place: string): AsyncGenerator<Uint8Array, void> {
  if (entry.isEncrypted()) throw new Fault('entry-unsupported', `${place} is locked with a password`);
  let [sum, isWhole] = [0, false];
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const piece of stream) {
      if (!(piece instanceof Uint8Array)) continue;
      sum = crc32(piece, sum);
      yield piece;
    }
    isWhole = true;
  } catch (error) {
    throw foreign(error, place);
  }
  if (isWhole && sum !== entry.crc32)
    throw new Fault('entry-unreadable', `${place} is damaged: its checksum is another`);
}

/** yauzl says in its own words what is wrong with a zip; the file system's errors are ours to name. */
const foreign = (error: unknown, place: string): unknown => {
  if (error instanceof Fault || errnoCode(error)?.startsWith('E') === true) return errnoFault(error, 'read', place);
  const said = error instanceof Error ? error.message : String(error);
  return /relative path|absolute path|invalid characters/i.test(said)
    ? refused(place, 'a name in it leads out of it')
    : new Fault('entry-unreadable', `${place} is damaged: ${said}`, { cause: error });
};
