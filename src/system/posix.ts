import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';
import type { Nanoseconds } from '../model/entry.ts';
import { type Caller, createCaller, cString, found, type Koffi, type Library } from './posix-call.ts';
import { bindEntries, type ListEntries } from './directory-entries.ts';
import { bindLinks, type LinkNames } from './link-names.ts';
import { bindStamps, type LookAtFiles, type StampFiles } from './stamp-files.ts';

/**
 * What a Unix system can do and Node cannot: extended attributes, times to the nanosecond, device nodes, and renames
 * that never replace. Never follows a symbolic link in the last place of a path.
 *
 * Synchronous and quick (about two microseconds a call). Every call throws a `PosixError`, which has the shape of
 * Node's own errors of `node:fs` (`code`, `syscall`), so one converter serves both.
 */
export interface Posix {
  /** Names of the extended attributes in the kernel's order, which is restic's. A file system without any gives none. */
  listAttributes(path: ByteString): readonly ByteString[];
  /** Undefined when there is no attribute of this name (any more). */
  readAttribute(path: ByteString, name: ByteString): Uint8Array | undefined;
  writeAttribute(path: ByteString, name: ByteString, value: Uint8Array): void;
  removeAttribute(path: ByteString, name: ByteString): void;
  setTimes(path: ByteString, times: FileTimes): void;
  setTimesOfOpenFile(descriptor: number, times: FileTimes): void;
  /** `mode` includes the type (S_IFBLK, S_IFCHR …); `device` is `st_rdev`. */
  makeNode(path: ByteString, mode: number, device: bigint): void;
  makeFifo(path: ByteString, mode: number): void;
  /** Renames, unless something of the new name is there: then `EEXIST`, and nothing has changed. */
  renameWithoutReplacing(from: ByteString, to: ByteString): void;
  /** `f_type` of statfs(2): the file system's magic number. */
  fileSystemType(path: ByteString): bigint;
  /** Asks the system to let go of what it has of an open file in memory (posix_fadvise), so that the disk itself is read. It need not. */
  forgetPages(descriptor: number): void;
  readonly stampFiles: StampFiles;
  readonly lookAtFiles: LookAtFiles;
  readonly listEntries: ListEntries;
  readonly linkNames: LinkNames;
}

export interface FileTimes {
  readonly atime: Nanoseconds;
  readonly mtime: Nanoseconds;
}

type Bytes = Uint8Array;

/**
 * Undefined where this is no 64-bit Linux with glibc, or where the optional package `koffi` is not installed or does
 * not load. Works in worker threads. What is lost without it is for the caller to count and to say.
 */
export const loadPosix = async (): Promise<Posix | undefined> => {
  if (process.platform !== 'linux' || !['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'].includes(process.arch)) {
    return undefined;
  }
  let koffi: Koffi;
  let library: Library;
  try {
    koffi = await import('koffi');
    library = koffi.load('libc.so.6');
  } catch {
    // An optional addon: that it is missing, or was built for another system, is no error.
    return undefined;
  }
  return bind(koffi, library);
};

const bind = (koffi: Koffi, library: Library): Posix => {
  const call = createCaller(koffi);
  return {
    ...bindAttributes(library, call),
    ...bindFiles(library, call),
    ...bindStamps(koffi, library),
    ...bindEntries(koffi, library, call),
    ...bindLinks(koffi, library, call),
  };
};

/** Symlinks and some file systems have no attributes; an SMB mount may say ENODATA of the whole file. */
const noAttributes = ['ENOTSUP', 'ENODATA'] as const;

type AttributeCalls = Pick<Posix, 'listAttributes' | 'readAttribute' | 'writeAttribute' | 'removeAttribute'>;

const bindAttributes = (library: Library, call: Caller): AttributeCalls => {
  const list: (path: Bytes, names: Bytes | null, size: number) => number = library.func(
    'int64_t llistxattr(const uint8_t *path, _Out_ uint8_t *names, size_t size)',
  );
  const read: (path: Bytes, name: Bytes, value: Bytes | null, size: number) => number = library.func(
    'int64_t lgetxattr(const uint8_t *path, const uint8_t *name, _Out_ uint8_t *value, size_t size)',
  );
  const write: (path: Bytes, name: Bytes, value: Bytes, size: number, flags: number) => number = library.func(
    'int lsetxattr(const uint8_t *path, const uint8_t *name, const uint8_t *value, size_t size, int flags)',
  );
  const remove: (path: Bytes, name: Bytes) => number = library.func(
    'int lremovexattr(const uint8_t *path, const uint8_t *name)',
  );
  return {
    listAttributes: (path) => {
      const target = cString(path);
      const names = sized(call, 'llistxattr', (buffer) => list(target, buffer, buffer?.length ?? 0));
      return names === undefined ? [] : splitNames(names);
    },
    readAttribute: (path, name) => {
      const target = cString(path);
      const attribute = cString(name);
      return sized(call, 'lgetxattr', (buffer) => read(target, attribute, buffer, buffer?.length ?? 0));
    },
    writeAttribute: (path, name, value) => {
      call(write(cString(path), cString(name), value, value.length, 0), 'lsetxattr');
    },
    removeAttribute: (path, name) => {
      call(remove(cString(path), cString(name)), 'lremovexattr', ['ENODATA']);
    },
  };
};

/** Asks for the size first: nearly every file has no attribute, and then one call is all. */
const sized = (call: Caller, syscall: string, ask: (buffer: Bytes | null) => number): Bytes | undefined => {
  for (;;) {
    const size = call(ask(null), syscall, noAttributes);
    if (size === undefined) return undefined;
    if (size === 0) return new Uint8Array(0);
    const buffer = new Uint8Array(size);
    // ERANGE: it has grown in between.
    const length = call(ask(buffer), syscall, [...noAttributes, 'ERANGE']);
    if (length !== undefined) return buffer.subarray(0, length);
  }
};

const splitNames = (names: Bytes): ByteString[] =>
  Buffer.from(names.buffer, names.byteOffset, names.length)
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => byteStringOfLatin1(name));

const atWorkingDirectory = -100;
/** POSIX_FADV_DONTNEED, the same on all of these. */
const dontNeed = 4;
const noFollow = 0x100;
const noReplace = 1;

type FileCalls = Omit<Posix, keyof AttributeCalls | 'stampFiles' | 'lookAtFiles' | 'listEntries' | 'linkNames'>;

const bindFiles = (library: Library, call: Caller): FileCalls => {
  const setTimes: (directory: number, path: Bytes, times: BigInt64Array, flags: number) => number = library.func(
    'int utimensat(int directory, const uint8_t *path, const int64_t *times, int flags)',
  );
  const setTimesOfOpenFile: (descriptor: number, times: BigInt64Array) => number = library.func(
    'int futimens(int descriptor, const int64_t *times)',
  );
  const makeFifo: (path: Bytes, mode: number) => number = library.func(
    'int mkfifo(const uint8_t *path, uint32_t mode)',
  );
  const advise: (descriptor: number, offset: number, length: number, advice: number) => number = library.func(
    'int posix_fadvise(int descriptor, int64_t offset, int64_t length, int advice)',
  );
  const statfs: (path: Bytes, into: BigInt64Array) => number = library.func(
    'int statfs(const uint8_t *path, _Out_ int64_t *into)',
  );
  return {
    setTimes: (path, times) => {
      call(setTimes(atWorkingDirectory, cString(path), timespecs(times), noFollow), 'utimensat');
    },
    setTimesOfOpenFile: (descriptor, times) => {
      call(setTimesOfOpenFile(descriptor, timespecs(times)), 'futimens');
    },
    makeFifo: (path, mode) => {
      call(makeFifo(cString(path), mode), 'mkfifo');
    },
    fileSystemType: (path) => {
      // struct statfs has 120 bytes on 64-bit Linux and begins with the type.
      const into = new BigInt64Array(32);
      call(statfs(cString(path), into), 'statfs');
      return into[0] ?? 0n;
    },
    forgetPages: (descriptor) => {
      // To the end of the file. Its result is only that it does not apply, to a pipe for instance.
      advise(descriptor, 0, 0, dontNeed);
    },
    ...bindNewerCalls(library, call),
  };
};

/** glibc has these as functions since 2.33 and 2.28; an older one gives `ENOSYS`. */
const bindNewerCalls = (library: Library, call: Caller): Pick<Posix, 'makeNode' | 'renameWithoutReplacing'> => {
  let makeNode: ((path: Bytes, mode: number, device: bigint) => number) | undefined;
  let rename: ((fromAt: number, from: Bytes, toAt: number, to: Bytes, flags: number) => number) | undefined;
  return {
    makeNode: (path, mode, device) => {
      makeNode ??= found(library, 'int mknod(const uint8_t *path, uint32_t mode, uint64_t device)', 'mknod');
      call(makeNode(cString(path), mode, device), 'mknod');
    },
    renameWithoutReplacing: (from, to) => {
      rename ??= found(
        library,
        'int renameat2(int fromAt, const uint8_t *from, int toAt, const uint8_t *to, uint32_t flags)',
        'renameat2',
      );
      call(rename(atWorkingDirectory, cString(from), atWorkingDirectory, cString(to), noReplace), 'renameat2');
    },
  };
};

/** Two `struct timespec`: seconds rounded down, and the nanoseconds that are left, which are never negative. */
const timespecs = ({ atime, mtime }: FileTimes): BigInt64Array => {
  const billion = 1_000_000_000n;
  const split = (time: Nanoseconds): [bigint, bigint] => {
    const rest = ((time % billion) + billion) % billion;
    return [(time - rest) / billion, rest];
  };
  return new BigInt64Array([...split(atime), ...split(mtime)]);
};
