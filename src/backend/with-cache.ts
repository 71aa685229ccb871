import { createHash } from 'node:crypto';
import type { Backend, ByteRange, ListedObject, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../contract/run.ts';
import { isFault } from '../model/fault.ts';
import { errnoFault } from '../system/errno.ts';
import {
  type CachedHandle,
  type CacheFolder,
  type CacheFolderOptions,
  isCachedKind,
  openCacheFolder,
} from './cache-folder.ts';
import { checkHandle, checkRange, tooShort } from './object-name.ts';
import { joined } from './parts.ts';
import { passThrough } from './pass-through.ts';

export interface CacheOptions extends Omit<CacheFolderOptions, 'maximumBytes'> {
  /** Whether this pack holds trees; asked at each save and load. Default: what the handle says. */
  readonly isTreePack?: (name: string) => boolean;
  /** Bytes of all cached files. Default 1 GiB. */
  readonly maximumBytes?: number;
}

const isIntact = (handle: ObjectHandle, bytes: Uint8Array): boolean =>
  createHash('sha256').update(bytes).digest('hex') === handle.name;

const cutOut = (handle: ObjectHandle, bytes: Uint8Array, range: ByteRange | undefined): Uint8Array => {
  if (range === undefined) return new Uint8Array(bytes);
  const found = new Uint8Array(bytes.subarray(range.start, range.start + range.length));
  if (found.length < range.length) throw tooShort(handle, range.length, found.length);
  return found;
};

/** The cache behind a curtain: whatever goes wrong with it is told once, and from then on there is none. */
const createShelf = (options: CacheOptions) => {
  let opening: Promise<CacheFolder> | undefined;
  let broken = false;
  const use = async <T>(run: Run, act: (cache: CacheFolder) => Promise<T>): Promise<T | undefined> => {
    if (broken) return undefined;
    try {
      opening ??= openCacheFolder({ maximumBytes: 2 ** 30, ...options }, run);
      return await act(await opening);
    } catch (error) {
      if (isFault(error, 'interrupted') || broken) return undefined;
      broken = true;
      const { message } = errnoFault(error, 'use the cache in', options.folder);
      run.emit({ kind: 'notice', message: `${message}; going on without a cache` });
      return undefined;
    }
  };
  return { use };
};

type Shelf = ReturnType<typeof createShelf>;

const keyOf = ({ kind, name }: ObjectHandle): string => `${kind} ${name}`;

/** Reads through the cache. */
const createReader = (inner: Backend, shelf: Shelf) => {
  const underWay = new Map<string, Promise<Uint8Array>>();
  /** What was hashed or written by us since we began: a part of it may be read alone. */
  const proven = new Set<string>();

  const keep = async (handle: CachedHandle, bytes: Uint8Array, run: Run): Promise<void> => {
    // What is damaged in the repository is for the caller to find; it must not stay here once it is mended.
    if (!isIntact(handle, bytes)) return;
    await shelf.use(run, (cache) => cache.write(handle, bytes, run));
    proven.add(keyOf(handle));
  };
  const drop = async ({ kind, name }: ObjectHandle, run: Run): Promise<void> => {
    if (!isCachedKind(kind)) return;
    proven.delete(keyOf({ kind, name }));
    await shelf.use(run, (cache) => cache.drop({ kind, name }));
  };
  const loadWhole = async (handle: CachedHandle, run: Run): Promise<Uint8Array> => {
    const cached = await shelf.use(run, (cache) => cache.read(handle));
    if (cached !== undefined) {
      if (isIntact(handle, cached)) {
        proven.add(keyOf(handle));
        return cached;
      }
      await drop(handle, run);
    }
    throwIfInterrupted(run);
    const bytes = await inner.load(handle, undefined, run);
    await keep(handle, bytes, run);
    return bytes;
  };
  /** Calls for one object at a time share one load; when it fails, everybody else tries for themselves. */
  const loadShared = async (handle: CachedHandle, run: Run): Promise<Uint8Array> => {
    const other = underWay.get(keyOf(handle));
    if (other !== undefined) {
      // Its caller is told; we load it ourselves.
      const bytes = await other.catch(() => undefined);
      throwIfInterrupted(run);
      return bytes ?? loadWhole(handle, run);
    }
    const own = loadWhole(handle, run);
    underWay.set(keyOf(handle), own);
    try {
      return await own;
    } finally {
      underWay.delete(keyOf(handle));
    }
  };
  const load = async (handle: CachedHandle, range: ByteRange | undefined, run: Run): Promise<Uint8Array> => {
    if (range !== undefined && proven.has(keyOf(handle))) {
      const part = await shelf.use(run, (cache) => cache.readRange(handle, range, run));
      if (part !== undefined) return part;
      throwIfInterrupted(run);
    }
    return cutOut(handle, await loadShared(handle, run), range);
  };
  return { keep, drop, load };
};

/**
 * Keeps snapshots, indexes and tree packs in restic's cache, byte for byte as stored. What is cached proves itself by
 * its name, the SHA-256 of its bytes; damaged files are loaded anew. A complete listing, and an object that turns out
 * to be missing, remove what the repository no longer has. A cache that fails is told as a notice and never matters.
 */
export const withCache = (inner: Backend, options: CacheOptions): Backend => {
  const shelf = createShelf(options);
  const reader = createReader(inner, shelf);

  const holdsTrees = ({ name, holdsTrees }: ObjectHandle): boolean => options.isTreePack?.(name) ?? holdsTrees === true;
  const asCached = (handle: ObjectHandle): CachedHandle | undefined => {
    const { kind, name } = handle;
    if (!isCachedKind(kind) || (kind === 'pack' && !holdsTrees(handle))) return undefined;
    return { kind, name };
  };
  const dropIfMissing = async (handle: ObjectHandle, run: Run, error: unknown): Promise<never> => {
    if (isFault(error, 'object-missing')) await reader.drop(handle, run);
    throw error;
  };

  async function* list(kind: ObjectKind, run: Run): AsyncGenerator<readonly ListedObject[]> {
    const gone = isCachedKind(kind) ? await shelf.use(run, async (cache) => new Set(cache.names(kind))) : undefined;
    for await (const page of inner.list(kind, run)) {
      for (const { name } of page) gone?.delete(name);
      yield page;
    }
    for (const name of gone ?? []) await reader.drop({ kind, name }, run);
  }

  return {
    ...passThrough(inner),
    size: async (handle, run) => inner.size(handle, run).catch((error: unknown) => dropIfMissing(handle, run, error)),
    save: async (handle, parts, run) => {
      const cached = asCached(handle);
      await inner.save(handle, parts, run);
      if (cached !== undefined) await reader.keep(cached, joined(parts), run);
    },
    load: async (handle, range, run) => {
      checkHandle(handle);
      checkRange(range);
      throwIfInterrupted(run);
      const cached = asCached(handle);
      try {
        if (cached === undefined) return await inner.load(handle, range, run);
        return await reader.load(cached, range, run);
      } catch (error) {
        return dropIfMissing(handle, run, error);
      }
    },
    list,
    remove: async (handle, run) => {
      await inner.remove(handle, run).catch((error: unknown) => dropIfMissing(handle, run, error));
      await reader.drop(handle, run);
    },
  };
};
