import { existsSync } from 'node:fs';
import type { Run } from '../../../contract/run.ts';
import type { Base, BaseDirectory, BaseEntry, Delivery } from '../../../contract/source.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { bareDirectory, type Entry, type Nanoseconds, type Path } from '../../../model/entry.ts';
import { nativePath } from '../../../system/native-path.ts';
import { isDirectoryLine, nameOfLine, parseEntryLine } from './entry-line.ts';
import { keyOf, type ManifestFolder } from './folder-line.ts';
import type { Manifest } from './manifest-reader.ts';
import { packFrames, type PackedLines } from './packed-lines.ts';
import type { StoredPlace } from './stored-place.ts';

/** How the store recognises its own entries when a source hands them back. */
export interface DatedReference {
  readonly kind: 'dated';
  readonly place: StoredPlace;
  /** Of the directory that has it. */
  readonly path: Path;
  readonly line: string;
  readonly sha256: string;
  readonly position: number | undefined;
}

export const isDatedReference = (reference: unknown): reference is DatedReference =>
  typeof reference === 'object' && reference !== null && 'kind' in reference && reference.kind === 'dated';

export interface DatedDirectory extends BaseDirectory {
  readonly folder: ManifestFolder;
}

export const isDatedDirectory = (directory: BaseDirectory): directory is DatedDirectory => 'folder' in directory;

export interface ManifestBaseOptions {
  readonly manifest: Manifest;
  readonly place: StoredPlace;
  readonly scannedAt: Nanoseconds;
  /** Whether folders may be taken over unseen: the backup is complete, and was made with the same filters. */
  readonly trusted: boolean;
  /** Paths of files that turned out to be gone from the disk. */
  readonly lost: ReadonlySet<string>;
  readonly contents: (entries: readonly BaseEntry[], run: Run) => AsyncIterable<Delivery>;
}

/** A component of an earlier backup as the base of the next. */
export const createManifestBase = (options: ManifestBaseOptions): Base => {
  const { manifest, place, scannedAt, trusted, lost, contents } = options;
  return {
    scannedAt,
    directory: async (path): Promise<DatedDirectory | undefined> => {
      const folder = manifest.folder(path);
      if (folder === undefined) return undefined;
      return {
        path,
        metadata: folder.metadata,
        folder,
        settled: trusted && folder.settled,
        ...(trusted && folder.settled && folder.look !== undefined ? { look: folder.look } : {}),
        held: async () => isHeld(place, path, lost),
        counts: async () => folder.counts,
      };
    },
    children: async function* (path, run) {
      const folder = manifest.folder(path);
      if (folder === undefined) return;
      const key = keyOf(path);
      const there = isThere(place, path);
      for await (const lines of manifest.lines(folder, run)) {
        yield lines.map((line) => baseEntry({ manifest, place, path, key, line, lost, there }));
      }
    },
    contents,
    ...(place.form === 'tree' ? { packed: async (path: Path) => packedIn(options, path) } : {}),
  };
};

/** Only trees are amended, and only lists that are in order can be. */
const packedIn = ({ manifest, place, lost }: ManifestBaseOptions, path: Path): PackedLines | undefined => {
  const folder = manifest.folder(path);
  if (folder === undefined || folder.unsorted) return undefined;
  const key = keyOf(path);
  const there = isThere(place, path);
  return packFrames({
    frames: folder.frames,
    unpack: (frame) => manifest.unpack(frame),
    entryOf: (line) => baseEntry({ manifest, place, path, key, line, lost, there }),
    isHeld: (name) => there && !isLostIn(lost, key, name),
  });
};

const isLostIn = (lost: ReadonlySet<string>, key: string, name: ByteString): boolean =>
  lost.size > 0 && lost.has(key === '' ? name : `${key}/${name}`);

/** Whether that in which a directory's entries lie is on the disk. */
const isThere = ({ form, root }: StoredPlace, path: Path): boolean => {
  const [top] = path;
  const file = form === 'archive' && top !== undefined ? `${root}/${top}.tar.gz` : [root, ...path].join('/');
  return existsSync(nativePath(byteStringOfLatin1(file)));
};

/** What was lost is found out when it is linked; then the source is asked once more. */
const isHeld = (place: StoredPlace, path: Path, lost: ReadonlySet<string>): boolean => {
  if (!isThere(place, path)) return false;
  const key = keyOf(path);
  for (const file of lost) if (key === '' || file.startsWith(`${key}/`)) return false;
  return true;
};

interface BaseLine {
  readonly manifest: Manifest;
  readonly place: StoredPlace;
  readonly path: Path;
  readonly key: string;
  readonly line: string;
  readonly lost: ReadonlySet<string>;
  readonly there: boolean;
}

const baseEntry = ({ manifest, place, path, key, line, lost, there }: BaseLine): BaseEntry => {
  if (isDirectoryLine(line)) {
    const name = nameOfLine(line);
    const entry = directoryEntry(manifest, path, name);
    return {
      entry,
      held: there,
      reference: { kind: 'dated', place, path, line, sha256: '', position: undefined } satisfies DatedReference,
    };
  }
  const { entry, sha256, position } = parseEntryLine(line);
  const isLost = isLostIn(lost, key, entry.name);
  return {
    entry,
    held: there && !isLost,
    reference: { kind: 'dated', place, path, line, sha256, position } satisfies DatedReference,
  };
};

/** The metadata of a directory stands in the list of folders. */
export const directoryEntry = (manifest: Manifest, path: Path, name: ByteString): Entry => {
  const metadata = manifest.folder([...path, name])?.metadata;
  return { ...(metadata ?? bareDirectory), name };
};
