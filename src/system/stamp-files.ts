import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import { lowWord, mostSeconds, writeNanoseconds } from '../model/nanosecond-words.ts';
import { nativePath } from './native-path.ts';
import { found, type Koffi, type Library, PosixError } from './posix-call.ts';

/** Numbers that are told of each file: inode, size, mtime and ctime, both in nanoseconds. */
export const stampLength = 4;

/** Numbers that are told besides. */
export const ownerLength = 6;

/** Where among them is what. `mode` is the whole `st_mode`, and 0 of what is not there or is no regular file. */
export const ownerPlace = { mode: 0, uid: 1, gid: 2, links: 3, deviceMajor: 4, deviceMinor: 5 } as const;

/** Names of one directory, each followed by a zero byte; one start more than there are names. */
export interface TerminatedNames {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/** What is told of each file of a range; the first of the range comes first. */
export interface FileLooks {
  /** `stampLength` numbers of each. */
  readonly stamps: BigInt64Array;
  /** `ownerLength` numbers of each. */
  readonly owners: Uint32Array;
}

/**
 * Looks at regular files of one directory, by their names from `first` to before `end`. False where the system does not let us
 * look this way. Never follows a link. Four times as quick as lstat of each by its path.
 */
export type LookAtFiles = (
  directory: ByteString,
  names: TerminatedNames,
  range: { readonly first: number; readonly end: number },
  looks: FileLooks,
) => boolean;

/**
 * Looks at regular files of one directory, by their names, and writes four numbers of each into `stamps`. False when that
 * cannot be done for all of them: one is gone, or no regular file, or the system does not let us. Never follows a link.
 */
export type StampFiles = (directory: ByteString, names: readonly ByteString[], stamps: BigInt64Array) => boolean;

/** The addresses of memory of ours as numbers: what koffi converts an array to costs as much as the call. */
type Statx = (directory: number, name: number, flags: number, mask: number, into: number) => number;

const noFollow = 0x100;

/** STATX_BASIC_STATS without STATX_ATIME and STATX_BLOCKS. */
const wanted = 0x3df;

/** Places in `struct statx` (statx(2)), which is the same on all architectures, in units of 4 or, for the mode, 2 bytes. */
const place = {
  mask: 0,
  links: 4,
  uid: 5,
  gid: 6,
  mode: 14,
  inode: 8,
  size: 10,
  ctime: 24,
  ctimeRest: 26,
  mtime: 28,
  mtimeRest: 30,
  deviceMajor: 34,
  deviceMinor: 35,
};

const typeBits = 0o170000;
const regular = 0o100000;

/** Names are handed over in memory that does not move. */
const mostNameBytes = 65_536;

interface Answer {
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
}

/** The seconds of a time, which may lie before 1970. */
const secondsAt = (words: Uint32Array, at: number): number =>
  ((words[at + 1 - lowWord] ?? 0) | 0) * 4_294_967_296 + (words[at + lowWord] ?? 0);

const copyAnswer = ({ words, halves }: Answer, number: number, stamps: Uint32Array, owners: Uint32Array): void => {
  const to = number * stampLength * 2;
  stamps[to] = words[place.inode] ?? 0;
  stamps[to + 1] = words[place.inode + 1] ?? 0;
  stamps[to + 2] = words[place.size] ?? 0;
  stamps[to + 3] = words[place.size + 1] ?? 0;
  const [mtime, ctime] = [secondsAt(words, place.mtime), secondsAt(words, place.ctime)];
  writeNanoseconds(mtime, words[place.mtimeRest] ?? 0, stamps, to + 4);
  writeNanoseconds(ctime, words[place.ctimeRest] ?? 0, stamps, to + 6);
  const at = number * ownerLength;
  const mode = halves[place.mode] ?? 0;
  const isRegular = ((words[place.mask] ?? 0) & wanted) === wanted && (mode & typeBits) === regular;
  const isKnown = isRegular && Math.abs(mtime) <= mostSeconds && Math.abs(ctime) <= mostSeconds;
  owners[at + ownerPlace.mode] = isKnown ? mode : 0;
  owners[at + ownerPlace.uid] = words[place.uid] ?? 0;
  owners[at + ownerPlace.gid] = words[place.gid] ?? 0;
  owners[at + ownerPlace.links] = words[place.links] ?? 0;
  owners[at + ownerPlace.deviceMajor] = words[place.deviceMajor] ?? 0;
  owners[at + ownerPlace.deviceMinor] = words[place.deviceMinor] ?? 0;
};

const bindLook = (koffi: Koffi, library: Library): LookAtFiles => {
  let statx: Statx | undefined;
  const answer = new ArrayBuffer(256);
  const [words, halves] = [new Uint32Array(answer), new Uint16Array(answer)];
  const scratch = Buffer.allocUnsafeSlow(mostNameBytes);
  const [answerAddress, scratchAddress] = [Number(koffi.address(words)), Number(koffi.address(scratch))];
  const lookOpened: (
    handle: number,
    ...rest: Parameters<LookAtFiles> extends [unknown, ...infer R] ? R : never
  ) => void = (handle, { bytes, starts }, { first, end }, looks) => {
    const look = (statx ??= bindStatx(library));
    const stamps = new Uint32Array(looks.stamps.buffer, looks.stamps.byteOffset, looks.stamps.length * 2);
    let [from, filled] = [0, 0];
    for (let number = first; number < end; number++) {
      const [start, next] = [starts[number] ?? 0, starts[number + 1] ?? 0];
      if (next > filled) {
        from = start;
        const part = bytes.subarray(start, Math.min(starts[end] ?? 0, start + mostNameBytes));
        scratch.set(part);
        filled = start + part.length;
      }
      if (look(handle, scratchAddress + start - from, noFollow, wanted, answerAddress) !== 0) words[place.mask] = 0;
      copyAnswer({ words, halves }, number - first, stamps, looks.owners);
    }
  };
  return (directory, names, range, looks) => {
    const handle = openSync(Buffer.from(directory, 'latin1'), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      lookOpened(handle, names, range, looks);
      return true;
    } catch (error) {
      if (error instanceof PosixError) return false;
      throw error;
    } finally {
      closeSync(handle);
    }
  };
};

const bindStatx = (library: Library): Statx =>
  found(library, 'int statx(int directory, uintptr_t name, int flags, uint32_t mask, uintptr_t into)', 'statx');

export const terminated = (names: readonly ByteString[]): TerminatedNames => {
  const bytes = Buffer.from(`${names.join('\0')}\0`, 'latin1');
  const starts = new Uint32Array(names.length + 1);
  for (const [at, name] of names.entries()) starts[at + 1] = (starts[at] ?? 0) + name.length + 1;
  return { bytes, starts };
};

/** statx(2) is in glibc since 2.28; without it every answer is false. */
export const bindStamps = (
  koffi: Koffi,
  library: Library,
): { readonly stampFiles: StampFiles; readonly lookAtFiles: LookAtFiles } => {
  const lookAtFiles = bindLook(koffi, library);
  let owners = new Uint32Array(0);
  return {
    lookAtFiles,
    stampFiles: (directory, names, stamps) => {
      if (owners.length < names.length * ownerLength) owners = new Uint32Array(names.length * ownerLength);
      const range = { first: 0, end: names.length };
      if (!lookAtFiles(directory, terminated(names), range, { stamps, owners })) return false;
      for (let at = 0; at < names.length; at++) if (owners[at * ownerLength + ownerPlace.mode] === 0) return false;
      return true;
    },
  };
};

/** With what Node itself has. */
export const stampFilesOneByOne: StampFiles = (directory, names, stamps) => {
  for (const [at, name] of names.entries()) {
    const file = nativePath(byteStringOfLatin1(`${directory}/${name}`));
    const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) return false;
    stamps.set([stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs], at * stampLength);
  }
  return true;
};
