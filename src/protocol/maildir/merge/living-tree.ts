import { existsSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { readDirectoryNames } from '../../files/directory-names.ts';
import { lookAt } from '../../files/target-decision.ts';
import { childPath, joinedPath } from '../../files/target-name.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export type LivingDirectory =
  | { readonly kind: 'present'; readonly owner: Owner; readonly isMaildir: boolean }
  /** `depth`: how many names lead to the uppermost folder that is missing. `owner`: of the folder above that one. */
  | { readonly kind: 'missing'; readonly depth: number; readonly owner: Owner | undefined }
  /** Something that is no directory, such as a link to one, is in its place or above. */
  | { readonly kind: 'obstructed'; readonly depth: number };

/** What lies at the target as it was when it was first looked at: a few dozen bytes a directory. */
export interface LivingTree {
  at(path: Path): LivingDirectory;
}

const nobody: Owner = { uid: 0, gid: 0 };

/** Throws a Fault where it cannot be looked at. */
export const createLivingTree = (root: ByteString): LivingTree => {
  const known = new Map<ByteString, LivingDirectory>();

  const look = (path: Path): LivingDirectory => {
    const place = byteStringOfLatin1(path.length === 0 ? `${root}/.` : `${root}/${joinedPath(path)}`);
    const above = path.length === 0 ? undefined : at(path.slice(0, -1));
    if (above !== undefined && above.kind !== 'present') return above;
    const stats = lookAt(place);
    // The target itself is made by who writes into it.
    if (stats === undefined && path.length === 0) return { kind: 'present', owner: nobody, isMaildir: false };
    if (stats === undefined) return { kind: 'missing', depth: path.length, owner: above?.owner };
    if (!stats.isDirectory()) return { kind: 'obstructed', depth: path.length };
    const has = (name: string): boolean => existsSync(nativePath(childPath(place, byteStringOfLatin1(name))));
    const owner = { uid: Number(stats.uid), gid: Number(stats.gid) };
    return { kind: 'present', owner, isMaildir: ['cur', 'new', 'tmp'].every(has) };
  };

  const at = (path: Path): LivingDirectory => {
    const key = joinedPath(path);
    let directory = known.get(key);
    if (directory === undefined) known.set(key, (directory = look(path)));
    return directory;
  };
  return { at };
};

/** Whether messages are merged into it: the `cur` or `new` of a Maildir that is there. */
export const isLivingMessages = (tree: LivingTree, path: Path): boolean => {
  const name = path.at(-1);
  return (name === 'cur' || name === 'new') && isLivingMaildir(tree, path.slice(0, -1));
};

export const isLivingMaildir = (tree: LivingTree, path: Path): boolean => {
  const directory = tree.at(path);
  return directory.kind === 'present' && directory.isMaildir;
};

/** What lies in a directory, if it is there. */
export const namesIn = (directory: ByteString): ReadonlySet<ByteString> => {
  try {
    return new Set(readDirectoryNames(directory).names);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return new Set();
    throw errnoFault(error, 'list', directory);
  }
};
