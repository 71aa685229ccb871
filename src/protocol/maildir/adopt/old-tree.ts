import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { folderKey } from '../../../mail/adopt/folder-key.ts';
import { type OldMark, parseOldMark } from '../../../mail/adopt/old-mark.ts';
import { type ByteString, byteStringOfLatin1, bytesOf } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** One mail folder of a tree that OfflineIMAP or mbsync has filled. */
export interface OldFolder {
  /** Below the root of the tree; empty for the root itself. */
  readonly path: ByteString;
  readonly directory: ByteString;
  /** Under what the folder of the server is looked for. */
  readonly key: string;
  /** `mbsync`: its UIDs are its own, and only its state says which ones they are on the server. */
  readonly program: 'offlineimap' | 'mbsync' | 'unknown';
  /** Paths of files below `directory` by the UIDs in their names, where one file alone has that UID. */
  readonly files: ReadonlyMap<number, ByteString>;
  /** Messages whose names tell no UID of this folder, or one that another file has, too. */
  readonly unmarked: number;
}

/** Deeper than this no mail folder lies. */
const deepest = 32;

export const joinBytes = (...parts: readonly ByteString[]): ByteString =>
  byteStringOfLatin1(parts.filter((part) => part !== '').join('/'));

const listed = async (directory: ByteString): Promise<readonly (readonly [ByteString, Dirent<Buffer>])[]> => {
  try {
    const entries = await readdir(nativePath(directory), { withFileTypes: true, encoding: 'buffer' });
    return entries
      .map((entry) => [byteStringOfLatin1(entry.name.toString('latin1')), entry] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1));
  } catch (error) {
    throw errnoFault(error, 'list', directory, { ENOENT: 'source-missing', ENOTDIR: 'source-missing' });
  }
};

/** Every Maildir in the tree, in whatever layout; links are not followed. Nothing is changed. */
export async function* oldFolders(root: ByteString, run: Run): AsyncGenerator<OldFolder, void> {
  yield* below(root, byteStringOfLatin1(''), 0, run);
}

async function* below(root: ByteString, path: ByteString, depth: number, run: Run): AsyncGenerator<OldFolder, void> {
  throwIfInterrupted(run);
  const directory = joinBytes(root, path);
  const entries = await listed(directory);
  const isFolder = (name: string): boolean => entries.some(([own, entry]) => own === name && entry.isDirectory());
  if (isFolder('cur') && isFolder('new')) {
    const isMbsync = entries.some(([name]) => name === '.uidvalidity' || name === '.mbsyncstate');
    yield await readFolder({ path, directory, isMbsync });
  }
  if (depth === deepest) return;
  for (const [name, entry] of entries) {
    if (!entry.isDirectory() || name === 'cur' || name === 'new' || name === 'tmp') continue;
    yield* below(root, joinBytes(path, name), depth + 1, run);
  }
}

interface FolderPlace {
  readonly path: ByteString;
  readonly directory: ByteString;
  readonly isMbsync: boolean;
}

const readFolder = async ({ path, directory, isMbsync }: FolderPlace): Promise<OldFolder> => {
  const marked: { readonly file: ByteString; readonly mark: OldMark }[] = [];
  let unmarked = 0;
  for (const place of ['new', 'cur'].map(byteStringOfLatin1)) {
    for (const [name, entry] of await listed(joinBytes(directory, place))) {
      if (name.startsWith('.') || !entry.isFile()) continue;
      const mark = parseOldMark(name);
      if (mark === undefined) unmarked++;
      else marked.push({ file: joinBytes(place, name), mark });
    }
  }
  const digest = folderDigest(path, marked);
  const files = new Map<number, ByteString>();
  const doubled = new Set<number>();
  for (const { file, mark } of marked) {
    // OfflineIMAP's digest of another folder: a mail program has moved the message here, and its UID is of where it was.
    if (mark.folderDigest !== digest) unmarked++;
    else if (files.has(mark.uid)) doubled.add(mark.uid);
    else files.set(mark.uid, file);
  }
  for (const uid of doubled) files.delete(uid);
  const program = isMbsync ? 'mbsync' : digest === undefined ? 'unknown' : 'offlineimap';
  return { path, directory, key: folderKey(path, undefined), program, files, unmarked: unmarked + doubled.size * 2 };
};

/**
 * The digest that OfflineIMAP gives this folder: of its name, unless the tree was moved since, then the one that most of its
 * messages have. Undefined where none has any.
 */
const folderDigest = (path: ByteString, marked: readonly { readonly mark: OldMark }[]): string | undefined => {
  const counts = new Map<string | undefined, number>();
  for (const { mark } of marked) counts.set(mark.folderDigest, (counts.get(mark.folderDigest) ?? 0) + 1);
  const own = createHash('md5').update(bytesOf(path)).digest('hex');
  if (counts.has(own)) return own;
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0];
};

const signs = new Set(['.uidvalidity', '.mbsyncstate', '.isyncuidmap.db']);

/** Whether a folder is one that OfflineIMAP or mbsync fills: a mirror of ours has no place in it. */
export const isOldTree = async (root: ByteString): Promise<boolean> => {
  const waiting = [root];
  for (let next = waiting.shift(), looks = 0; next !== undefined && looks < 100; next = waiting.shift(), looks++) {
    let entries;
    try {
      entries = await readdir(nativePath(next), { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') continue;
      throw errnoFault(error, 'list', next);
    }
    for (const entry of entries) {
      const name = byteStringOfLatin1(entry.name.toString('latin1'));
      if (signs.has(name) || (entry.isFile() && parseOldMark(name) !== undefined)) return true;
      if (entry.isDirectory()) waiting.push(joinBytes(next, name));
    }
  }
  return false;
};
