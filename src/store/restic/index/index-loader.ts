import type { Backend } from '../../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { isFault } from '../../../model/fault.ts';
import { BlobTable } from './blob-table.ts';
import type { IndexCache } from './index-cache.ts';
import { decodeIndex } from '../format/index-format.ts';
import type { ObjectIo } from '../object-io.ts';
import { PackList } from './pack-list.ts';
import type { RepositoryIndex } from './repository-index.ts';

export interface IndexLoaderOptions {
  readonly backend: Backend;
  readonly io: ObjectIo;
  readonly cache: IndexCache | undefined;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

const attempts = 3;

export const listNames = async (
  backend: Backend,
  kind: 'index' | 'snapshot' | 'pack' | 'key' | 'lock',
  run: Run,
): Promise<string[]> => {
  const names: string[] = [];
  for await (const page of backend.list(kind, run)) for (const { name } of page) names.push(name);
  return names;
};

/** To read a blob from an index file takes about so many times as long as to write it into the cache. */
const worthSaving = 16;

/** Whether so many blobs are not in the cached index that it is worth being written anew. */
export const isWorthCaching = ({ known, added }: { readonly known: number; readonly added: number }): boolean =>
  added * worthSaving > known;

const nothing: ReadonlySet<number> = new Set();

/** Adds one index file's blobs, but those in the packs `except`; of a blob that is in several packs, each place. */
export const addIndex = (
  index: { table: BlobTable; packs: PackList },
  json: Uint8Array,
  except: ReadonlySet<number> = nothing,
): void => {
  let pack = 0;
  decodeIndex(
    json,
    (id) => {
      pack = index.packs.numberOf(hex(id));
    },
    (blob) => {
      if (except.has(pack)) return;
      const { type, id, offset, length, uncompressedLength } = blob;
      const location = { pack, offset, length, uncompressedLength };
      if (!index.table.add(type, id, location)) index.table.addPlace(type, id, location);
    },
  );
};

const readInto = async (
  index: { table: BlobTable; packs: PackList },
  names: readonly string[],
  options: IndexLoaderOptions,
  run: Run,
): Promise<void> => {
  const { backend, io } = options;
  const queue = [...names];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      throwIfInterrupted(run);
      addIndex(index, await io.load('index', name, run));
    }
  };
  await Promise.all(Array.from({ length: Math.min(backend.capabilities.connections, names.length) }, work));
};

const attempt = async (options: IndexLoaderOptions, run: Run): Promise<RepositoryIndex> => {
  const names = await listNames(options.backend, 'index', run);
  const cached = await options.cache?.load(new Set(names));
  const table = cached?.table ?? new BlobTable();
  const packs = cached?.packs ?? new PackList();
  const fresh = names.filter((name) => cached?.indexIds.has(name) !== true);
  const known = table.size();
  await readInto({ table, packs }, fresh, options, run);
  const index = { table, packs, indexIds: new Set(names) };
  // A few small index files are read faster than the whole cache is written.
  const isToBeCached = fresh.length >= 8 || isWorthCaching({ known, added: table.size() - known });
  if (cached === undefined || isToBeCached) await options.cache?.save(index, run);
  return index;
};

/** Reads all index files. One that vanishes meanwhile was replaced by another program: then all is read again. */
export const loadIndex = async (options: IndexLoaderOptions, run: Run): Promise<RepositoryIndex> => {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt(options, run);
    } catch (error) {
      if (!isFault(error, 'object-missing') || tried === attempts) throw error;
    }
  }
};

/** Ids of the packs that are not in a listing, or end before what the index says lies in them. */
export const lostPacks = (index: RepositoryIndex, sizes: ReadonlyMap<string, number>): readonly string[] => {
  const ends = index.table.packEnds();
  return index.packs.ids().filter((id, number) => (sizes.get(id) ?? -1) < (ends.get(number) ?? 0));
};

/**
 * Takes packs that are gone out of a loaded index: a blob of theirs that lies in another pack as well is found there
 * from now on, every other one is no longer held.
 */
export const dropPacks = async (
  index: RepositoryIndex,
  gone: ReadonlySet<number>,
  io: ObjectIo,
  run: Run,
): Promise<void> => {
  index.table.dropPacks(gone);
  for (const name of index.indexIds) {
    throwIfInterrupted(run);
    addIndex(index, await io.load('index', name, run), gone);
  }
};
