import { chmod, mkdir, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import type { ByteRange, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import type { Run } from '../contract/run.ts';
import type { ByteString } from '../model/byte-string.ts';
import { Fault, isFault } from '../model/fault.ts';
import { errnoCode } from '../system/errno.ts';
import { nativePath, readablePath } from '../system/native-path.ts';
import { below, isTemporaryName, packFolders, parentOf } from './local-layout.ts';
import { readObject } from './local-read.ts';
import { writeBeside } from './local-write.ts';
import { isObjectName } from './object-name.ts';

/** The kinds that restic keeps, and the folder of each. */
export const cachedFolder = { index: 'index', snapshot: 'snapshots', pack: 'data' } as const;
export type CachedKind = keyof typeof cachedFolder;
export const isCachedKind = (kind: ObjectKind): kind is CachedKind => kind in cachedFolder;
const cachedKinds: readonly CachedKind[] = ['index', 'snapshot', 'pack'];

/** The first line that the Cache Directory Tagging Specification asks for (bford.info/cachedir). */
const tag = 'Signature: 8a477f597d28d172789f06886806bc55\n';
const day = 86_400_000;

export interface CachedHandle extends ObjectHandle {
  readonly kind: CachedKind;
}

/** One repository's part of restic's cache. Every call may reject with the system's error. */
export interface CacheFolder {
  has(handle: CachedHandle): boolean;
  names(kind: CachedKind): readonly string[];
  /** The whole file, or undefined when there is none. */
  read(handle: CachedHandle): Promise<Uint8Array | undefined>;
  /** A part of the file, or undefined when there is none or it is too short. */
  readRange(handle: CachedHandle, range: ByteRange, run: Run): Promise<Uint8Array | undefined>;
  /** Writes atomically, over what is there, and makes room by dropping what was not used for longest. */
  write(handle: CachedHandle, bytes: Uint8Array, run: Run): Promise<void>;
  drop(handle: CachedHandle): Promise<void>;
}

export interface CacheFolderOptions {
  /** The cache of all repositories, such as `~/.cache/restic`. */
  readonly folder: ByteString;
  /** The id of the config: 64 hexadecimal digits. */
  readonly repositoryId: string;
  readonly maximumBytes: number;
}

const ignoring = async (step: Promise<unknown>, ...codes: readonly string[]): Promise<void> => {
  try {
    await step;
  } catch (error) {
    if (!codes.includes(errnoCode(error) ?? '')) throw error;
  }
};

const namesIn = async (folder: ByteString): Promise<readonly string[]> => {
  try {
    return await readdir(nativePath(folder));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Makes the folders and the marks that restic expects, and refuses a cache of a later version. */
const prepare = async (base: ByteString, home: ByteString, run: Run): Promise<void> => {
  await mkdir(nativePath(base), { recursive: true, mode: 0o700 });
  await ignoring(writeFile(nativePath(below(base, 'CACHEDIR.TAG')), tag, { mode: 0o600, flag: 'wx' }), 'EEXIST');
  await ignoring(mkdir(nativePath(home), 0o700), 'EEXIST');
  await chmod(nativePath(home), 0o700);
  const version = below(home, 'version');
  await ignoring(writeFile(nativePath(version), '1', { mode: 0o600, flag: 'wx' }), 'EEXIST');
  const found = (await readFile(nativePath(version), 'latin1')).trim();
  if (found !== '1') throw new Fault('unsupported', `the cache in ${readablePath(home)} has version ${found}, not 1`);
  for (const kind of cachedKinds) await ignoring(mkdir(nativePath(below(home, cachedFolder[kind])), 0o700), 'EEXIST');
  // restic drops caches whose folder was not touched for a month.
  const seconds = Number(run.now() / 1_000_000n) / 1000;
  await utimes(nativePath(home), seconds, seconds);
};

interface Held {
  readonly handle: CachedHandle;
  readonly size: number;
  readonly used: number;
}

const keyOf = ({ kind, name }: CachedHandle): string => `${kind} ${name}`;
const pathIn = (home: ByteString, { kind, name }: CachedHandle): ByteString =>
  below(home, cachedFolder[kind], name.slice(0, 2), name);

/** What lies in the cache; files of writes that died more than a day ago are removed on the way. */
const takeStock = async (home: ByteString, run: Run): Promise<Held[]> => {
  const now = Number(run.now() / 1_000_000n);
  const held: Held[] = [];
  for (const kind of cachedKinds) {
    const present = new Set(await namesIn(below(home, cachedFolder[kind])));
    for (const prefix of packFolders.filter((folder) => present.has(folder))) {
      const folder = below(home, cachedFolder[kind], prefix);
      for (const name of await namesIn(folder)) {
        const path = nativePath(below(folder, name));
        const found = await stat(path);
        if (isTemporaryName(name) && now - found.mtimeMs > day) await ignoring(unlink(path), 'ENOENT');
        if (!isObjectName(kind, name) || !name.startsWith(prefix) || !found.isFile()) continue;
        held.push({ handle: { kind, name }, size: found.size, used: Math.max(found.atimeMs, found.mtimeMs) });
      }
    }
  }
  return held.toSorted((left, right) => left.used - right.used);
};

/** What is held, in the order of use, the longest unused first: a Map keeps the order in which keys were set. */
const createLedger = () => {
  const sizes = new Map<string, { readonly handle: CachedHandle; readonly size: number }>();
  let total = 0;
  const forget = (handle: CachedHandle): void => {
    total -= sizes.get(keyOf(handle))?.size ?? 0;
    sizes.delete(keyOf(handle));
  };
  return {
    forget,
    note: (handle: CachedHandle, size: number): void => {
      forget(handle);
      sizes.set(keyOf(handle), { handle, size });
      total += size;
    },
    has: (handle: CachedHandle): boolean => sizes.has(keyOf(handle)),
    handles: (): readonly CachedHandle[] => [...sizes.values()].map(({ handle }) => handle),
    total: (): number => total,
  };
};

/** Opens or makes the cache. Rejects with the system's error, or `unsupported` for a later version. */
export const openCacheFolder = async (options: CacheFolderOptions, run: Run): Promise<CacheFolder> => {
  const { folder: base, repositoryId, maximumBytes } = options;
  if (!isObjectName('pack', repositoryId)) throw new Fault('internal', 'the id of the repository is no id');
  const home = below(base, repositoryId);
  await prepare(base, home, run);
  const ledger = createLedger();
  const drop = async (handle: CachedHandle): Promise<void> => {
    ledger.forget(handle);
    await ignoring(unlink(nativePath(pathIn(home, handle))), 'ENOENT');
  };
  const makeRoom = async (bytes: number): Promise<void> => {
    for (const handle of ledger.handles()) {
      if (ledger.total() + bytes <= maximumBytes) return;
      await drop(handle);
    }
  };
  for (const { handle, size } of await takeStock(home, run)) ledger.note(handle, size);

  return {
    has: ledger.has,
    names: (kind) => {
      const ofKind = ledger.handles().filter((handle) => handle.kind === kind);
      return ofKind.map(({ name }) => name);
    },
    read: async (handle) => {
      try {
        const bytes = await readFile(nativePath(pathIn(home, handle)));
        ledger.note(handle, bytes.length);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      } catch (error) {
        if (errnoCode(error) !== 'ENOENT') throw error;
        ledger.forget(handle);
        return undefined;
      }
    },
    readRange: async (handle, range, run) => {
      try {
        return await readObject(pathIn(home, handle), { handle, range }, run);
      } catch (error) {
        if (errnoCode(error) !== 'ENOENT' && !isFault(error, 'object-missing', 'backend-misbehaved')) throw error;
        return undefined;
      }
    },
    write: async (handle, bytes, run) => {
      if (bytes.length > maximumBytes) return;
      await makeRoom(bytes.length);
      const path = pathIn(home, handle);
      await ignoring(mkdir(nativePath(parentOf(path)), 0o700), 'EEXIST');
      const temporary = await writeBeside(path, [bytes], run, { durable: false });
      try {
        await rename(nativePath(temporary), nativePath(path));
      } catch (error) {
        await ignoring(unlink(nativePath(temporary)), 'ENOENT');
        throw error;
      }
      ledger.note(handle, bytes.length);
    },
    drop,
  };
};
