import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { type ByteString, compareBytes, displayText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { nameOfLine } from './entry-line.ts';
import { type Frame, keyOf, type ManifestFolder, parseFolderLine } from './folder-line.ts';
import { unpackLines } from './frame.ts';
import { entriesName, foldersName, manifestFolder, within } from './manifest-files.ts';

/** What a backup's manifest says of a component. The list of folders is in memory, about 500 bytes each; entries are read page by page. */
export interface Manifest {
  /** The file in which the pages lie. */
  readonly entriesFile: ByteString;
  folder(path: Path): ManifestFolder | undefined;
  /** Names of the directories in a directory, in byte order. */
  foldersIn(path: Path): readonly ByteString[];
  /** A directory and all below it, those below first. */
  subtree(path: Path): Generator<ManifestFolder>;
  /** The lines of a directory's entries, page by page, in byte order of the names. */
  lines(folder: ManifestFolder, run: Run): AsyncGenerator<readonly string[]>;
  /** The lines of one page. */
  unpack(frame: Frame): readonly string[];
  /** The pages of a directory as they lie there: equal ones have equal lines. */
  pages(folder: ManifestFolder): Generator<Uint8Array, void>;
  close(): void;
}

/** Faults: `verification-failed` for a manifest that is damaged or lost, and those of the file system. */
export const openManifest = (backup: ByteString, component: string): Manifest => {
  const folder = within(backup, manifestFolder(component));
  const entriesFile = within(folder, entriesName);
  const folders = readFolders(within(folder, foldersName));
  const below = namesBelow(folders);
  let descriptor: number | undefined;
  const guarded = <Result>(frame: Frame, take: (bytes: Uint8Array) => Result): Result => {
    try {
      descriptor ??= openSync(nativePath(entriesFile), 'r');
      return take(readAt(descriptor, frame));
    } catch (error) {
      throw damagedManifest(error, entriesFile);
    }
  };
  const readFrame = (frame: Frame): string[] => guarded(frame, unpackLines);
  const manifest: Manifest = {
    entriesFile,
    folder: (path) => folders.get(keyOf(path)),
    foldersIn: (path) => below.get(keyOf(path)) ?? [],
    subtree: function* (path) {
      for (const name of manifest.foldersIn(path)) yield* manifest.subtree([...path, name]);
      const own = manifest.folder(path);
      if (own !== undefined) yield own;
    },
    lines: async function* ({ frames, unsorted }, run) {
      if (unsorted) {
        yield sortedLines(frames.flatMap(readFrame));
        return;
      }
      for (const frame of frames) {
        throwIfInterrupted(run);
        yield readFrame(frame);
      }
    },
    unpack: readFrame,
    pages: function* ({ frames }) {
      for (const frame of frames) yield guarded(frame, (bytes) => bytes);
    },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
  return manifest;
};

/** Rare, and of one directory: a message that moved on while it was read came late. */
const sortedLines = (lines: readonly string[]): readonly string[] =>
  lines
    .map((line) => ({ line, name: nameOfLine(line) }))
    .sort((left, right) => compareBytes(left.name, right.name))
    .map(({ line }) => line);

const readAt = (descriptor: number, { offset, length }: Frame): Uint8Array => {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let read = 0; read < length;) {
    const more = readSync(descriptor, bytes, read, length - read, offset + read);
    if (more === 0) throw new RangeError(`the file ends after ${fstatSync(descriptor).size} bytes`);
    read += more;
  }
  return bytes;
};

const readFolders = (file: ByteString): ReadonlyMap<ByteString, ManifestFolder> => {
  const folders = new Map<ByteString, ManifestFolder>();
  try {
    const text = zstdDecompressSync(readFileSync(nativePath(file))).toString('latin1');
    for (let start = 0; start < text.length;) {
      const end = text.indexOf('\n', start);
      const folder = parseFolderLine(text.slice(start, end < 0 ? undefined : end));
      folders.set(keyOf(folder.path), folder);
      start = end < 0 ? text.length : end + 1;
    }
  } catch (error) {
    throw damagedManifest(error, file);
  }
  return folders;
};

const namesBelow = (folders: ReadonlyMap<ByteString, ManifestFolder>): ReadonlyMap<ByteString, ByteString[]> => {
  const below = new Map<ByteString, ByteString[]>();
  for (const { path } of folders.values()) {
    const name = path.at(-1);
    if (name === undefined) continue;
    const parent = keyOf(path.slice(0, -1));
    const names = below.get(parent);
    if (names === undefined) below.set(parent, [name]);
    else names.push(name);
  }
  for (const names of below.values()) names.sort(compareBytes);
  return below;
};

/** The system's failures as they are; all else is damage. */
export const damagedManifest = (error: unknown, file: ByteString): Fault => {
  if (error instanceof Fault) return error;
  const code = errnoCode(error);
  // Those of zlib and of Node itself have an underscore.
  if (code !== 'ENOENT' && /^E[A-Z\d]+$/.test(code ?? '')) return errnoFault(error, 'read', file);
  return new Fault('verification-failed', `the manifest ${displayText(file)} is damaged`, {
    hint: 'What it describes is still there as files; a newer backup does not need it.',
    context: { path: displayText(file) },
    cause: error,
  });
};
