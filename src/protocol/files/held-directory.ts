import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import type { Posix } from '../../system/posix.ts';
import { joinedPath, occupied, ownerOfTemporaryName, refusalOfName } from './target-name.ts';

/** A directory below the target that was opened, and so is neither a symlink nor reached through one. */
export interface HeldDirectory {
  readonly descriptor: number;
  /** What to put before `/name` to reach what lies in it. */
  readonly prefix: ByteString;
  /** It has a default access list, which everything new in it takes over. */
  readonly inheritsAccess: boolean;
}

/**
 * The directories of a target, each opened component by component from the target's root with O_NOFOLLOW.
 *
 * What holds: on Linux every path that is handed to the system below the target is `/proc/self/fd/N/name` with one
 * name, which is what openat(2) would do: no symlink in the tree, at the target, or slipped in while we work is ever
 * followed, as the descriptor stays with the directory that was checked. What does not: somebody who may rename a
 * directory while we fill it takes what we write along. Without /proc the directory is checked when it is opened and
 * reached by its path afterwards: no stronger than that.
 */
export interface HeldDirectories {
  /** Opens a directory, making it and those above it (0700) where they are missing. To be released. Throws a Fault. */
  hold(path: Path): HeldDirectory;
  release(path: Path): void;
  close(): void;
}

export interface HeldDirectoriesOptions {
  /** The target's root; made when it is missing. */
  readonly directory: ByteString;
  /** Whether something that is no directory may be replaced by one here. */
  readonly mayReplace: (path: Path) => boolean;
  readonly posix: Posix | undefined;
}

interface Holding {
  readonly directory: HeldDirectory;
  users: number;
}

const defaultAccessList = byteStringOfLatin1('system.posix_acl_default');
/** Descriptors that stay open without being used. */
const idleLimit = 128;
const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export const createHeldDirectories = (options: HeldDirectoriesOptions): HeldDirectories => {
  const { directory, mayReplace, posix } = options;
  const throughDescriptors = process.platform === 'linux' && existsSync('/proc/self/fd');
  // In order of last use: a Map keeps the order of insertion.
  const holdings = new Map<ByteString, Holding>();

  const opened = (descriptor: number, plain: ByteString): HeldDirectory => {
    const prefix = throughDescriptors ? byteStringOfLatin1(`/proc/self/fd/${descriptor}`) : plain;
    const inheritsAccess = posix?.listAttributes(itself(prefix)).includes(defaultAccessList) ?? false;
    return { descriptor, prefix, inheritsAccess };
  };

  const open = (path: Path): HeldDirectory => {
    const name = path.at(-1);
    if (name === undefined) return opened(openRoot(directory), directory);
    const plain = byteStringOfLatin1(`${directory}/${joinedPath(path)}`);
    const refusal = refusalOfName(name);
    if (refusal !== undefined) throw refusal;
    const above = path.slice(0, -1);
    const parent = hold(above);
    try {
      const place = byteStringOfLatin1(`${parent.prefix}/${name}`);
      return opened(openOrMake({ place, plain, mayReplace: () => mayReplace(path) }), plain);
    } finally {
      release(above);
    }
  };

  const hold = (path: Path): HeldDirectory => {
    const key = joinedPath(path);
    let holding = holdings.get(key);
    if (holding === undefined) holding = { directory: open(path), users: 0 };
    else holdings.delete(key);
    holding.users++;
    holdings.set(key, holding);
    return holding.directory;
  };

  const release = (path: Path): void => {
    const holding = holdings.get(joinedPath(path));
    if (holding !== undefined) holding.users--;
    for (const [key, candidate] of holdings) {
      if (holdings.size <= idleLimit) return;
      if (candidate.users > 0) continue;
      holdings.delete(key);
      closeSync(candidate.directory.descriptor);
    }
  };

  const close = (): void => {
    for (const holding of holdings.values()) closeSync(holding.directory.descriptor);
    holdings.clear();
  };
  return { hold, release, close };
};

/** The directory under a path that is not followed in its last place. */
export const itself = (prefix: ByteString): ByteString => byteStringOfLatin1(`${prefix}/.`);

/** The target itself may be reached through symlinks: the person who named it meant where they lead. */
const openRoot = (directory: ByteString): number => {
  try {
    mkdirSync(nativePath(directory), { recursive: true, mode: 0o700 });
    return openSync(nativePath(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw errnoFault(error, 'restore into', directory, { EEXIST: 'target-occupied', ENOTDIR: 'target-occupied' });
  }
};

interface Opening {
  readonly place: ByteString;
  /** For people. */
  readonly plain: ByteString;
  readonly mayReplace: () => boolean;
}

const openOrMake = ({ place, plain, mayReplace }: Opening): number => {
  const native = nativePath(place);
  for (let attempts = 0; ; attempts++) {
    try {
      return openSync(native, directoryFlags);
    } catch (error) {
      const code = errnoCode(error);
      const obstructed = code === 'ENOTDIR' || code === 'ELOOP';
      if (attempts >= 3 || (code !== 'ENOENT' && !obstructed)) throw errnoFault(error, 'open the directory', plain);
      if (obstructed && !mayReplace()) throw occupied('something that is no directory');
      if (obstructed) remove(native, plain);
      makeDirectory(native, plain);
    }
  }
};

const remove = (place: string | Buffer, plain: ByteString): void => {
  try {
    unlinkSync(place);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'replace', plain);
  }
};

const makeDirectory = (place: string | Buffer, plain: ByteString): void => {
  try {
    mkdirSync(place, { mode: 0o700 });
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw errnoFault(error, 'make the directory', plain);
  }
};

/** Removes what a restore that was killed left in a directory: files under our temporary names whose process is gone. */
export const removeLeftovers = ({ prefix }: HeldDirectory): void => {
  for (const name of readdirSync(itself(prefix), { encoding: 'latin1' })) {
    const owner = ownerOfTemporaryName(name);
    if (owner === undefined || isAlive(owner)) continue;
    const place = byteStringOfLatin1(`${prefix}/${name}`);
    remove(nativePath(place), place);
  }
};

const isAlive = (processId: number): boolean => {
  if (processId === process.pid) return true;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return errnoCode(error) !== 'ESRCH';
  }
};
