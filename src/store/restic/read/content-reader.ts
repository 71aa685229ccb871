import type { Backend } from '../../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { Delivery, Piece, Verdict } from '../../../contract/source.ts';
import { asFault } from '../../../model/fault.ts';
import { damagedBlob, loadFromPack, missingBlob, type BlobReader } from './blob-reader.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import { createMemoryPool, type MemoryPool, transferable } from '../../../system/memory-pool.ts';
import { planStretches, type Stretch } from './read-plan.ts';
import type { ReaderPool } from './reader-pool.ts';

/** Reads contents of snapshots. A content is the ids of its blobs, 32 bytes each. */
export interface ContentReader {
  read(contents: readonly Uint8Array[], pieces: 'in-order' | 'any-order', run: Run): AsyncIterable<Delivery>;
}

export interface ContentReaderParts {
  readonly backend: Backend;
  readonly index: RepositoryIndex;
  readonly blobs: BlobReader;
  readonly threads: ReaderPool;
  /** Stretches of packs that are read, opened or waiting to be taken at once; each is a few megabytes. */
  readonly stretchesInFlight: number;
  /** Sealed bytes of one. */
  readonly stretchSize: number;
  readonly memory: ReadingMemory;
}

/** Memory for stretches and for what is in them; one for all readers of a repository, as no collector sees how large it is. */
export interface ReadingMemory {
  readonly sealed: MemoryPool;
  readonly plain: MemoryPool;
}

type Verdicts = { readonly request: number; readonly verdict: Verdict }[];

/** Of its own each time, as the receiver may give it away. */
const noBytes = (): Uint8Array => new Uint8Array(0);

/** What is still to come of each request. */
class Progress {
  readonly #left: Uint32Array;
  readonly #bytes: Float64Array;
  readonly #ended: Uint8Array;

  constructor(contents: readonly Uint8Array[]) {
    this.#left = Uint32Array.from(contents, (content) => content.length / 32);
    this.#bytes = new Float64Array(contents.length);
    this.#ended = new Uint8Array(contents.length);
  }

  /** A request that has failed gets no more pieces. */
  ended(request: number): boolean {
    return this.#ended[request] === 1;
  }

  /** Notes one more blob of a request; the verdict if it was the last. */
  arrived(request: number, bytes: number, verdicts: Verdicts): void {
    this.#bytes[request] = (this.#bytes[request] ?? 0) + bytes;
    this.#left[request] = (this.#left[request] ?? 1) - 1;
    if (this.#left[request] !== 0 || this.#ended[request] === 1) return;
    this.#end(request, { kind: 'complete', bytes: this.#bytes[request] ?? 0 }, verdicts);
  }

  failed(request: number, fault: unknown, verdicts: Verdicts): void {
    if (this.#ended[request] === 0) this.#end(request, { kind: 'failed', fault: asFault(fault) }, verdicts);
  }

  #end(request: number, verdict: Verdict, verdicts: Verdicts): void {
    this.#ended[request] = 1;
    verdicts.push({ request, verdict });
  }
}

/** A stretch that was read and opened. */
interface ReadStretch {
  readonly stretch: Stretch;
  /** Plaintexts one after another. */
  readonly bytes: Uint8Array;
  /** Where each blob begins in `bytes`; -1: it could not be read. */
  readonly starts: readonly number[];
  /** Why not. */
  readonly faults: ReadonlyMap<number, unknown>;
  /** To be given back to the pool of plaintexts when the receiver is done. */
  readonly memory: Uint8Array<SharedArrayBuffer> | undefined;
}

const blobIdOf = ({ ids }: Stretch, blob: number): Uint8Array => ids.subarray(blob * 32, blob * 32 + 32);

/** Reads blobs that could not be read with the others one by one: they may lie in other packs too. */
const readElsewhere = async (read: ReadStretch, parts: ContentReaderParts, run: Run): Promise<ReadStretch> => {
  const { stretch } = read;
  const found: Uint8Array[] = [read.bytes];
  const starts = [...read.starts];
  const faults = new Map(read.faults);
  let end = read.bytes.length;
  for (const blob of read.faults.keys()) {
    const id = blobIdOf(stretch, blob);
    if (parts.index.table.places('data', id).length < 2) continue;
    try {
      const bytes = await parts.blobs.load('data', id, run);
      found.push(bytes);
      starts[blob] = end;
      end += bytes.length;
      faults.delete(blob);
    } catch (error) {
      throwIfInterrupted(run);
      faults.set(blob, error);
    }
  }
  if (found.length === 1) return read;
  const bytes = new Uint8Array(Buffer.concat(found));
  if (read.memory !== undefined) parts.memory.plain.give(read.memory);
  return { stretch, bytes, starts, faults, memory: undefined };
};

const readStretch = async (stretch: Stretch, parts: ContentReaderParts, run: Run): Promise<ReadStretch> => {
  const pack = parts.index.packs.idOf(stretch.pack) ?? '';
  const { ids, offsets, lengths, uncompressedLengths, start, length } = stretch;
  const into = parts.memory.sealed.take(length);
  let sealed: Uint8Array;
  try {
    sealed = await loadFromPack(parts.backend, pack, { start, length, into }, run);
  } catch (fault) {
    throwIfInterrupted(run);
    const faults = new Map(offsets.map((_, blob) => [blob, fault]));
    const starts = offsets.map(() => -1);
    return readElsewhere({ stretch, bytes: noBytes(), starts, faults, memory: undefined }, parts, run);
  }
  const room = parts.memory.plain.take(stretch.plainLengths.reduce((sum, plain) => sum + plain, 1));
  const job = { sealed, ids, offsets, lengths, uncompressedLengths, room };
  const opened = await parts.threads.submit((number) => ({ job: number, ...job }), transferable(sealed));
  parts.memory.sealed.give(into);
  const faults = new Map(
    opened.damage.map(({ blob, what }) => [blob, damagedBlob('data', blobIdOf(stretch, blob), pack, what)]),
  );
  const read = { stretch, bytes: opened.bytes, starts: opened.starts, faults, memory: room };
  return faults.size === 0 ? read : readElsewhere(read, parts, run);
};

/**
 * What the receiver gets of a stretch. Stretches are read out of order and delivered in order: only here, in the order of
 * delivery, is it counted what a request has, so that its verdict comes with or after its last piece.
 */
const deliveryOf = (
  { stretch, bytes, starts, faults, memory }: ReadStretch,
  progress: Progress,
  pool: MemoryPool,
): Delivery => {
  const verdicts: Verdicts = [];
  const pieces: Piece[] = [];
  for (const [blob, uses] of stretch.uses.entries()) {
    const start = starts[blob] ?? -1;
    const length = stretch.plainLengths[blob] ?? 0;
    for (const { request, position } of uses) {
      if (start < 0) {
        progress.failed(request, faults.get(blob), verdicts);
        continue;
      }
      if (progress.ended(request)) continue;
      pieces.push({ request, position, start, length });
      progress.arrived(request, length, verdicts);
    }
  }
  return { bytes, pieces, verdicts, ...(memory === undefined ? {} : { recycle: () => pool.give(memory) }) };
};

async function* readAnyOrder(
  contents: readonly Uint8Array[],
  parts: ContentReaderParts,
  run: Run,
): AsyncGenerator<Delivery> {
  const progress = new Progress(contents);
  const plan = planStretches(contents, parts.index, parts.stretchSize);
  const early: Verdicts = [];
  for (const [request, content] of contents.entries()) {
    if (content.length === 0) early.push({ request, verdict: { kind: 'complete', bytes: 0 } });
  }
  for (const { request, id } of plan.missing) progress.failed(request, missingBlob('data', id), early);
  if (early.length > 0) yield { bytes: noBytes(), pieces: [], verdicts: early };

  const pending: Promise<ReadStretch>[] = [];
  const stretches = plan.stretches[Symbol.iterator]();
  const startNext = (): boolean => {
    const next = stretches.next();
    if (next.done === true) return false;
    const promise = readStretch(next.value, parts, run);
    // Awaited below, in order; until then its failure must not count as unhandled.
    promise.catch(() => undefined);
    pending.push(promise);
    return true;
  };
  while (pending.length < parts.stretchesInFlight && startNext());
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    throwIfInterrupted(run);
    yield deliveryOf(await next, progress, parts.memory.plain);
    startNext();
  }
}

/** How many blobs are fetched ahead of the one that is delivered. */
const readAhead = 8;

async function* readInOrder(
  contents: readonly Uint8Array[],
  parts: ContentReaderParts,
  run: Run,
): AsyncGenerator<Delivery> {
  const wanted = contents.flatMap((content, request) =>
    Array.from({ length: Math.max(1, content.length / 32) }, (_, blob) => ({
      request,
      id: content.subarray(blob * 32, blob * 32 + 32),
      last: (blob + 1) * 32 >= content.length,
    })),
  );
  const ahead: Promise<Uint8Array>[] = [];
  const fetchNext = (): void => {
    const next = wanted[fetched++];
    if (next === undefined) return;
    const promise = next.id.length === 0 ? Promise.resolve(noBytes()) : parts.blobs.load('data', next.id, run);
    promise.catch(() => undefined);
    ahead.push(promise);
  };
  let fetched = 0;
  while (fetched < Math.min(readAhead, wanted.length)) fetchNext();
  let position = 0;
  let failed = -1;
  for (const { request, last } of wanted) {
    throwIfInterrupted(run);
    const promise = ahead.shift();
    if (promise === undefined) return;
    try {
      const bytes = await promise;
      if (failed !== request) {
        const verdicts: Verdicts = last
          ? [{ request, verdict: { kind: 'complete', bytes: position + bytes.length } }]
          : [];
        const pieces = bytes.length === 0 ? [] : [{ request, position, start: 0, length: bytes.length }];
        yield { bytes, pieces, verdicts };
      }
      position += bytes.length;
    } catch (error) {
      throwIfInterrupted(run);
      if (failed !== request)
        yield {
          bytes: noBytes(),
          pieces: [],
          verdicts: [{ request, verdict: { kind: 'failed', fault: asFault(error) } }],
        };
      failed = request;
    }
    if (last) position = 0;
    fetchNext();
  }
}

export const createContentReader = (parts: ContentReaderParts): ContentReader => ({
  read: (contents, pieces, run) =>
    pieces === 'any-order' ? readAnyOrder(contents, parts, run) : readInOrder(contents, parts, run),
});

/** For so many stretches in flight, and as many more that their receivers have not given back yet. */
export const createReadingMemory = ({
  stretchesInFlight,
  stretchSize,
}: Pick<ContentReaderParts, 'stretchesInFlight' | 'stretchSize'>): ReadingMemory => ({
  // With room for its last blob, and for what it commonly grows to.
  sealed: createMemoryPool({ standard: stretchSize + 1_048_576, kept: stretchesInFlight }),
  plain: createMemoryPool({ standard: 3 * stretchSize, kept: stretchesInFlight * 2 }),
});
