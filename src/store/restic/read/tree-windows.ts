import type { Backend } from '../../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, type Fault, isFault } from '../../../model/fault.ts';
import type { BlobLocation } from '../index/blob-segment.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import type { OpeningTools } from '../sealing/opening-tools.ts';
import { openEach } from './blob-opener.ts';
import { type BlobReader, loadFromPack } from './blob-reader.ts';

/** Neighbours are read together up to this many sealed bytes; a larger tree is read alone. */
const windowBytes = 256 * 1024;
/** Bytes between two trees up to which reading on is cheaper than a second read. */
const bridgedGap = 16 * 1024;
/** Sealed bytes that may be under way, unless one window has more. */
const underWayBytes = 2 * 1_048_576;

/** Few enough for memory where a cache fetches the whole pack for a window. */
const windowsUnderWay = { local: 2, remote: 4 };

/** A tree of those that were asked for. Its bytes may lie in memory that the next one is put into. */
export type ReadTree =
  | { readonly tree: number; readonly json: Uint8Array }
  | { readonly tree: number; readonly fault: Fault };

export interface TreeWindowsParts {
  readonly backend: Backend;
  readonly index: RepositoryIndex;
  readonly tools: OpeningTools;
  /** Reads alone what cannot be read in a window, from wherever it lies, and says what is wrong with it. */
  readonly blobs: BlobReader;
}

interface Wanted extends BlobLocation {
  readonly tree: number;
}

interface Window {
  readonly pack: number;
  readonly start: number;
  readonly length: number;
  /** By offset. */
  readonly wanted: readonly Wanted[];
}

const wantedTrees = (ids: readonly Uint8Array[], { table }: RepositoryIndex) => {
  const wanted: Wanted[] = [];
  const alone: number[] = [];
  for (const [tree, id] of ids.entries()) {
    const slot = table.find('tree', id);
    const location = slot === undefined ? undefined : table.location(slot);
    if (location === undefined) alone.push(tree);
    else wanted.push({ ...location, tree });
  }
  wanted.sort((left, right) => left.pack - right.pack || left.offset - right.offset);
  return { wanted, alone };
};

function* windowsOf(wanted: readonly Wanted[]): Generator<Window> {
  for (let from = 0; from < wanted.length;) {
    const { pack = 0, offset: start = 0, length: first = 0 } = wanted[from] ?? {};
    let until = start + first;
    let end = from + 1;
    for (let blob = wanted[end]; blob !== undefined; blob = wanted[++end]) {
      const blobEnd = blob.offset + blob.length;
      if (blob.pack !== pack || blob.offset - until > bridgedGap || blobEnd - start > windowBytes) break;
      until = Math.max(until, blobEnd);
    }
    yield { pack, start, length: until - start, wanted: wanted.slice(from, end) };
    from = end;
  }
}

type LoadedWindow = Window & { readonly sealed: Promise<Uint8Array | undefined> };

/** Windows in the order of storage, each with the bytes that are on their way. */
async function* loadWindows(
  windows: Iterable<Window>,
  { backend, index }: TreeWindowsParts,
  run: Run,
): AsyncGenerator<LoadedWindow> {
  const { connections, isRemote = false } = backend.capabilities;
  const most = isRemote
    ? Math.max(windowsUnderWay.local, Math.min(connections, windowsUnderWay.remote))
    : windowsUnderWay.local;
  const ahead: LoadedWindow[] = [];
  let bytes = 0;
  const start = (window: Window): void => {
    const range = { start: window.start, length: window.length };
    // What went wrong is found out, and told, for each tree of it.
    const sealed = loadFromPack(backend, index.packs.idOf(window.pack) ?? '', range, run, true).catch(() => undefined);
    ahead.push({ ...window, sealed });
    bytes += window.length;
  };
  const next = async function* (): AsyncGenerator<LoadedWindow> {
    const loaded = ahead.shift();
    if (loaded === undefined) return;
    await loaded.sealed;
    bytes -= loaded.length;
    yield loaded;
  };
  for (const window of windows) {
    while (ahead.length > 0 && (ahead.length >= most || bytes + window.length > underWayBytes)) yield* next();
    start(window);
  }
  while (ahead.length > 0) yield* next();
}

/**
 * Reads trees, neighbours in a pack together, several reads at once, and hands each to `got` in the order of storage: its
 * plaintext, checked against its id, or what is wrong with it. What is damaged in one place is looked for in all others.
 * Throws only when interrupted; what `got` throws goes through.
 */
export const readTrees = async (
  ids: readonly Uint8Array[],
  parts: TreeWindowsParts,
  got: (tree: ReadTree) => void,
  run: Run,
): Promise<void> => {
  const readAlone = async (tree: number): Promise<void> => {
    let json: Uint8Array;
    try {
      json = await parts.blobs.load('tree', ids[tree] ?? new Uint8Array(0), run);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      got({ tree, fault: asFault(error) });
      return;
    }
    got({ tree, json });
  };
  const { wanted, alone } = wantedTrees(ids, parts.index);
  for await (const window of loadWindows(windowsOf(wanted), parts, run)) {
    throwIfInterrupted(run);
    alone.push(...openWindow(ids, window, (await window.sealed) ?? new Uint8Array(0), { tools: parts.tools, got }));
  }
  for (const tree of alone) {
    throwIfInterrupted(run);
    await readAlone(tree);
  }
};

/** Returns the trees that could not be opened. */
const openWindow = (
  ids: readonly Uint8Array[],
  { start, wanted }: Window,
  sealed: Uint8Array,
  { tools, got }: { readonly tools: OpeningTools; readonly got: (tree: ReadTree) => void },
): number[] => {
  const job = {
    job: 0,
    sealed,
    ids: new Uint8Array(wanted.length * 32),
    offsets: wanted.map(({ offset }) => offset - start),
    lengths: wanted.map(({ length }) => length),
    uncompressedLengths: wanted.map(({ uncompressedLength }) => uncompressedLength),
  };
  for (const [number, { tree }] of wanted.entries()) job.ids.set(ids[tree] ?? [], number * 32);
  const left: number[] = [];
  for (const opened of openEach(job, tools)) {
    const tree = wanted[opened.blob]?.tree ?? 0;
    if ('plain' in opened) got({ tree, json: opened.plain });
    else left.push(tree);
  }
  return left;
};
