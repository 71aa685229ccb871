import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Entry, Path } from '../../../model/entry.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../model/tar-format.ts';
import { errnoFault } from '../../../system/errno.ts';
import { type Abilities, setMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { createAppendFile } from '../disk/append-file.ts';
import { createGzipFile, type GzipFile } from '../disk/gzip-file.ts';
import { onDisk } from '../threads/disk-metadata.ts';
import { makeSymlink } from '../threads/place-file.ts';
import type { PackingPlace } from './dump-packing.ts';
import { type Fill, lineOf, type Packing, placeIn } from './packed-capture.ts';
import { createSpool, type Spool } from './spool.ts';

/** The name under which a folder at the top lies on the disk. */
export const archiveName = (name: string): string => `${name}.tar.gz`;

/** An archive that is being written. */
interface OpenArchive {
  readonly name: string;
  readonly gzip: GzipFile;
  /** By device, inode, size and time: where the bytes of a file lie that has more names. */
  readonly linked: Map<string, Member>;
}

interface Member {
  readonly path: string;
  readonly position: number;
  readonly sha256: string;
}

export interface ArchivePlace extends PackingPlace {
  /** A file that is not there, for contents that are too long for memory. */
  readonly spool: ByteString;
  readonly abilities: Abilities;
}

/** Each folder at the top as `NAME.tar.gz`; what else lies at the top as it is. */
export const createArchivePacking = (place: ArchivePlace): Packing => {
  const spool = createSpool(place.spool);
  let archive: OpenArchive | undefined;
  return {
    enter: async ([top]) => {
      if (top === undefined || archive?.name === top) return;
      archive = { name: top, gzip: createGzipFile(placeIn(place.target, [], archiveName(top))), linked: new Map() };
    },
    add: async (path, entry, fill) => {
      try {
        if (path.length === 0 || archive === undefined) return await addAtTop(place, entry, fill);
        return await addMember({ archive, spool }, { path, entry }, fill);
      } finally {
        spool.clear();
      }
    },
    leave: async (path, entry) => {
      if (archive === undefined || path.length === 0) return;
      if (entry !== undefined) await archive.gzip.write(tarHeader(entry, path.join('/')) ?? new Uint8Array(0));
      if (path.length > 1) return;
      await archive.gzip.write(tarEnd());
      const written = await archive.gzip.finish();
      place.onFile(placeIn(place.component, [], archiveName(archive.name)), written);
      archive = undefined;
    },
    abandon: () => archive?.gzip.abandon(),
  };
};

const keyOfFile = ({ deviceId, inode, size, mtime }: Entry): string => `${deviceId}:${inode}:${size}:${mtime}`;

const addMember = async (
  { archive, spool }: { readonly archive: OpenArchive; readonly spool: Spool },
  { path, entry }: { readonly path: Path; readonly entry: Entry },
  fill: Fill,
): Promise<string | undefined> => {
  const { gzip, linked } = archive;
  const place = [...path, entry.name].join('/');
  const isLinked = entry.type === 'file' && entry.links > 1 && entry.inode !== 0n;
  const first = isLinked ? linked.get(keyOfFile(entry)) : undefined;
  if (first !== undefined) {
    await gzip.write(tarHeader(entry, place, { linkTo: first.path }) ?? new Uint8Array(0));
    return lineOf({ entry, sha256: first.sha256 }, first.position);
  }
  if (entry.type !== 'file') {
    const header = tarHeader(entry, place);
    if (header !== undefined) await gzip.write(header);
    return lineOf({ entry, sha256: '' });
  }
  const filled = await fill({ begin: () => spool.clear(), take: (bytes) => spool.add(bytes) });
  if (filled === undefined) return undefined;
  await gzip.write(tarHeader(filled.entry, place) ?? new Uint8Array(0));
  const { position } = gzip;
  for (const chunk of spool.chunks()) await gzip.write(chunk);
  const padding = tarPadding(filled.entry.size);
  if (padding.length > 0) await gzip.write(padding);
  if (isLinked) linked.set(keyOfFile(entry), { path: place, position, sha256: filled.sha256 });
  return lineOf(filled, position);
};

/** A file at the top lies beside the archives. */
const addAtTop = async (
  { target, component, onFile, abilities }: ArchivePlace,
  entry: Entry,
  fill: Fill,
): Promise<string | undefined> => {
  const to = placeIn(target, [], entry.name);
  if (entry.type === 'symlink') makeSymlink(to, entry, { abilities });
  if (entry.type !== 'file') return lineOf({ entry, sha256: '' });
  let file: ReturnType<typeof createAppendFile> | undefined;
  const remove = (): void => {
    file?.finish();
    if (file !== undefined) unlinkSync(nativePath(to));
    file = undefined;
  };
  const begin = (): void => {
    remove();
    file = createAppendFile(to);
  };
  let whole = false;
  try {
    const filled = await fill({ begin, take: (bytes) => void file?.append(bytes) });
    if (filled === undefined || file === undefined) return undefined;
    onFile(placeIn(component, [], entry.name), file.finish());
    describe(to, filled.entry, abilities);
    whole = true;
    return lineOf(filled);
  } finally {
    if (!whole) remove();
  }
};

const describe = (path: ByteString, entry: Entry, abilities: Abilities): void => {
  try {
    const descriptor = openSync(nativePath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { metadata } = onDisk(entry, abilities);
      setMetadata({ descriptor, path, metadata, tidy: false }, abilities.posix);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw errnoFault(error, 'set the metadata of', path);
  }
};
