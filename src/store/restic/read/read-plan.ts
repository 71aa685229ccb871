import type { RepositoryIndex } from '../index/repository-index.ts';

/** Where one blob belongs: a request may use a blob more than once, and many requests the same one. */
export interface BlobUse {
  readonly request: number;
  readonly position: number;
}

/** A stretch of a pack that is read in one go. The arrays run in parallel, in ascending order of offset. */
export interface Stretch {
  readonly pack: number;
  readonly start: number;
  readonly length: number;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  /** From the beginning of the stretch. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly uncompressedLengths: readonly number[];
  readonly plainLengths: readonly number[];
  readonly uses: readonly (readonly BlobUse[])[];
}

export interface ReadPlan {
  readonly stretches: Iterable<Stretch>;
  readonly missing: readonly { readonly request: number; readonly id: Uint8Array }[];
}

/** Unneeded bytes between two blobs up to which reading on is cheaper than a second read. */
const bridgedGap = 64 * 1024;
/** A stretch ends once it holds this many sealed bytes. From afar fewer and larger ones cost fewer round trips. */
export const stretchSizes = { local: 2 * 1_048_576, remote: 4 * 1_048_576 };

interface Wanted {
  readonly id: Uint8Array;
  readonly offset: number;
  readonly length: number;
  readonly uncompressedLength: number;
  readonly uses: BlobUse[];
}

function* stretchesOf(pack: number, wanted: readonly Wanted[], stretchSize: number): Generator<Stretch> {
  for (let from = 0; from < wanted.length;) {
    const start = wanted[from]?.offset ?? 0;
    let end = from;
    let until = start;
    for (let blob = wanted[end]; blob !== undefined; blob = wanted[++end]) {
      if (end > from && (blob.offset - until > bridgedGap || until - start >= stretchSize)) break;
      until = Math.max(until, blob.offset + blob.length);
    }
    const blobs = wanted.slice(from, end);
    const ids = new Uint8Array(blobs.length * 32);
    for (const [number, blob] of blobs.entries()) ids.set(blob.id, number * 32);
    yield {
      pack,
      start,
      length: until - start,
      ids,
      offsets: blobs.map((blob) => blob.offset - start),
      lengths: blobs.map((blob) => blob.length),
      uncompressedLengths: blobs.map((blob) => blob.uncompressedLength),
      plainLengths: blobs.map((blob) => blob.uncompressedLength || blob.length - 32),
      uses: blobs.map((blob) => blob.uses),
    };
    from = end;
  }
}

/** Orders what is wanted by pack and offset, so that each part of a pack is read once, however many requests use it. */
export const planStretches = (
  contents: readonly Uint8Array[],
  index: RepositoryIndex,
  stretchSize: number = stretchSizes.local,
): ReadPlan => {
  const byPack = new Map<number, Map<number, Wanted>>();
  const missing: { request: number; id: Uint8Array }[] = [];
  for (const [request, content] of contents.entries()) {
    let position = 0;
    for (let at = 0; at < content.length; at += 32) {
      const slot = index.table.find('data', content, at);
      const location = slot === undefined ? undefined : index.table.location(slot);
      const id = content.subarray(at, at + 32);
      if (location === undefined) {
        missing.push({ request, id });
        break;
      }
      let wantedOfPack = byPack.get(location.pack);
      if (wantedOfPack === undefined) byPack.set(location.pack, (wantedOfPack = new Map<number, Wanted>()));
      const known = wantedOfPack.get(location.offset);
      if (known === undefined) wantedOfPack.set(location.offset, { ...location, id, uses: [{ request, position }] });
      else known.uses.push({ request, position });
      position += location.uncompressedLength || location.length - 32;
    }
  }
  return {
    missing,
    stretches: (function* () {
      for (const [pack, wantedOfPack] of byPack) {
        const wanted = [...wantedOfPack.values()].sort((left, right) => left.offset - right.offset);
        yield* stretchesOf(pack, wanted, stretchSize);
        byPack.delete(pack);
      }
    })(),
  };
};
