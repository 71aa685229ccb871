import type { FolderDifference, ListedEntry } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import type { KnownBackup } from '../disk/list-backups.ts';
import { fieldOfLine, isDirectoryLine, nameOfLine, parseEntryLine } from '../manifest/entry-line.ts';
import type { ManifestFolder } from '../manifest/folder-line.ts';
import type { DatedReference } from '../manifest/manifest-base.ts';
import { within } from '../manifest/manifest-files.ts';
import { type Manifest, openManifest } from '../manifest/manifest-reader.ts';

export interface BackupPair {
  readonly older: KnownBackup;
  readonly newer: KnownBackup;
}

/** A component in one backup. */
interface Side {
  readonly root: ByteString;
  readonly manifest: Manifest;
}

/**
 * The folders of trees that both have, as their manifests describe them. A folder whose pages are the same is not taken apart, so that
 * a night in which little changed costs little. In memory are the names of one folder.
 */
export async function* backupDifferences(
  { older, newer }: BackupPair,
  isWanted: (path: Path) => boolean,
  run: Run,
): AsyncGenerator<FolderDifference> {
  for (const { name, form } of newer.description.components) {
    const before = older.description.components.find((one) => one.name === name);
    if (form !== 'tree' || before?.form !== 'tree') continue;
    const [left, right] = [sideOf(older, name), sideOf(newer, name)];
    try {
      for (const path of pathsOf(left.manifest, right.manifest)) {
        throwIfInterrupted(run);
        if (isWanted(path)) yield { component: name, path, ...(await differenceOf(left, right, path, run)) };
      }
    } finally {
      left.manifest.close();
      right.manifest.close();
    }
  }
}

const sideOf = ({ backup }: KnownBackup, component: string): Side => {
  const folder = byteStringOfText(backup.folder);
  return { root: within(folder, component), manifest: openManifest(folder, component) };
};

function* pathsOf(left: Manifest, right: Manifest): Generator<Path> {
  for (const { path } of right.subtree([])) yield path;
  for (const { path } of left.subtree([])) if (right.folder(path) === undefined) yield path;
}

type Difference = Omit<FolderDifference, 'component' | 'path'>;

const differenceOf = async (left: Side, right: Side, path: Path, run: Run): Promise<Difference> => {
  const [before, now] = [left.manifest.folder(path), right.manifest.folder(path)];
  if (before !== undefined && now !== undefined && isSame(left.manifest, before, right.manifest, now)) {
    const files = now.counts.files;
    return { before: files, now: files, gone: [], came: [] };
  }
  const old = await linesOf(left.manifest, before, run);
  const fresh = await linesOf(right.manifest, now, run);
  return {
    before: old.size,
    now: fresh.size,
    gone: missingIn(fresh, old).map((line) => listed(left, path, line)),
    came: missingIn(old, fresh).map((line) => listed(right, path, line)),
  };
};

const isSame = (left: Manifest, before: ManifestFolder, right: Manifest, now: ManifestFolder): boolean => {
  const lengths = ({ frames }: ManifestFolder): string => frames.map(({ length }) => length).join();
  if (lengths(before) !== lengths(now)) return false;
  const others = right.pages(now);
  for (const page of left.pages(before)) {
    const other = others.next().value;
    if (other === undefined || Buffer.compare(page, other) !== 0) return false;
  }
  return true;
};

/** Where in a line the SHA-256 stands. */
const sumField = 14;

/** By their names. */
const linesOf = async (
  manifest: Manifest,
  folder: ManifestFolder | undefined,
  run: Run,
): Promise<ReadonlyMap<string, string>> => {
  const all = new Map<string, string>();
  if (folder === undefined) return all;
  for await (const lines of manifest.lines(folder, run)) {
    for (const line of lines) if (line.startsWith('f') && !isDirectoryLine(line)) all.set(nameOfLine(line), line);
  }
  return all;
};

/** What of `all` is not among the others with the same bytes. */
const missingIn = (others: ReadonlyMap<string, string>, all: ReadonlyMap<string, string>): readonly string[] =>
  [...all].flatMap(([name, line]) => {
    const other = others.get(name);
    return other !== undefined && fieldOfLine(other, sumField) === fieldOfLine(line, sumField) ? [] : [line];
  });

const listed = ({ root }: Side, path: Path, line: string): ListedEntry => {
  const { entry, sha256 } = parseEntryLine(line);
  const place = { form: 'tree', root } as const;
  const reference: DatedReference = { kind: 'dated', place, path, line, sha256, position: undefined };
  return { entry, held: true, reference, sha256 };
};
