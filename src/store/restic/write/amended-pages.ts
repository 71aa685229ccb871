import { type PackedFiles, packedName, placeInPacked } from '../../../contract/packed-files.ts';
import type { Child, Listing } from '../../../contract/source.ts';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import type { Counts, Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { isStoredFiles, type StoredFiles } from '../read/stored-files.ts';

/** Nodes that follow each other in a tree of the base, and stay as they are. */
export interface CopiedNodes {
  /** Their bytes, with the commas between them. */
  readonly copied: Uint8Array;
  readonly first: ByteString;
  readonly last: ByteString;
  readonly counts: Counts;
  entries(): Generator<Entry>;
}

type Amended = Extract<Listing, { readonly kind: 'amended' }>;

/** The name under which something stands in a listing; of several, that of the first. */
export const listedName = (child: Child | CopiedNodes): ByteString => {
  if ('copied' in child) return child.first;
  return child.kind === 'fresh' || child.kind === 'same' ? child.entry.name : child.name;
};

const storedFiles = (packed: PackedFiles): StoredFiles => {
  if (isStoredFiles(packed)) return packed;
  throw new Fault('internal', 'the source refers to a base of another store');
};

/** What is added to a folder in a day is less than this part of it, as a rule. */
const growth = 1.05;

/** About how many bytes the tree of an amended listing will have. */
export const expectedBytes = (packed: PackedFiles): number =>
  Math.ceil(storedFiles(packed).json.length * growth) + 4096;

const nameAt = (files: StoredFiles, number: number): ByteString => byteStringOfLatin1(packedName(files, number));

const stretch = (files: StoredFiles, from: number, to: number): CopiedNodes => {
  let bytes = 0;
  for (let number = from; number < to; number++) bytes += files.sizes[number] ?? 0;
  return {
    copied: files.json.subarray(files.starts[from] ?? 0, files.ends[to - 1] ?? 0),
    first: nameAt(files, from),
    last: nameAt(files, to - 1),
    counts: { files: to - from, directories: 0, bytes },
    *entries() {
      for (let number = from; number < to; number++) yield files.entry(number).entry;
    },
  };
};

/** What stays of the files from one number to another, in stretches that lie in one piece in the tree. */
function* stretches(files: StoredFiles, removed: Uint8Array, from: number, to: number): Generator<CopiedNodes> {
  let start = from;
  for (let number = from; number < to; number++) {
    const isOut = removed[number] !== 0;
    const isApart = number > start && files.starts[number] !== (files.ends[number - 1] ?? 0) + 1;
    if ((isOut || isApart) && number > start) yield stretch(files, start, number);
    if (isOut) start = number + 1;
    else if (isApart) start = number;
  }
  if (to > start) yield stretch(files, start, to);
}

/** An amended listing in order, what stays of the base between what comes in. */
export async function* amendedPages({
  packed,
  removed,
  pages,
}: Amended): AsyncGenerator<readonly (Child | CopiedNodes)[], void> {
  const files = storedFiles(packed);
  let next = 0;
  for await (const page of pages) {
    const merged: (Child | CopiedNodes)[] = [];
    for (const child of page) {
      const place = placeInPacked(files, listedName(child), next);
      merged.push(...stretches(files, removed, next, place), child);
      next = place;
    }
    yield merged;
  }
  const rest = [...stretches(files, removed, next, files.count)];
  if (rest.length > 0) yield rest;
}
