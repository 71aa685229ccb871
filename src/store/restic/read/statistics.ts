import { hash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { createBlobSet, type BlobSet } from '../index/blob-set.ts';
import { hexOf } from './blob-reader.ts';
import { envelopeOverhead } from '../sealing/envelope.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { listNodes } from './tree-listing.ts';
import { readTree } from '../format/tree-reader.ts';
import { collectUsedBlobs, locate, plainLength, type UsedBlobsParts } from './used-blobs.ts';

export type StatisticsMode = 'restore-size' | 'files-by-contents' | 'raw-data' | 'blobs-per-file';

/** Sizes in bytes. What a mode does not count is 0. */
export interface Statistics {
  readonly totalSize: number;
  readonly totalFiles: number;
  readonly totalBlobs: number;
  /** Of `raw-data` in a repository of version 2: as if nothing were compressed. */
  readonly uncompressedSize: number;
  /** Of the blobs that are compressed: bytes before and after. */
  readonly compressedBlobs: { readonly before: number; readonly after: number };
}

const none: Statistics = {
  totalSize: 0,
  totalFiles: 0,
  totalBlobs: 0,
  uncompressedSize: 0,
  compressedBlobs: { before: 0, after: 0 },
};

/** Counts the trees one after another, each snapshot's root in its turn, as restic counts. */
export const countStatistics = async (
  mode: StatisticsMode,
  parts: UsedBlobsParts & { readonly version: 1 | 2 },
  roots: readonly Uint8Array[],
  run: Run,
): Promise<Statistics> => {
  switch (mode) {
    case 'restore-size':
      return countRestoreSize(parts, roots, run);
    case 'raw-data':
      return countRawData(parts, roots, run);
    case 'files-by-contents':
      return countContents(parts, roots, run);
    case 'blobs-per-file':
      return countBlobsPerFile(parts, roots, run);
  }
};

/** What a subtree amounts to; without hard links it is the same wherever the tree occurs. */
interface SubtreeSize {
  readonly files: number;
  readonly bytes: number;
  readonly hardLinks: boolean;
}

const isHardLink = ({ type, links }: Entry): boolean => type !== 'directory' && links !== 1;

const countRestoreSize = async (
  { trees }: UsedBlobsParts,
  roots: readonly Uint8Array[],
  run: Run,
): Promise<Statistics> => {
  const known = new Map<string, SubtreeSize>();
  const visit = async (tree: Uint8Array, seen: Set<string>): Promise<SubtreeSize> => {
    const key = hexOf(tree);
    const before = known.get(key);
    if (before !== undefined && !before.hardLinks) return before;
    throwIfInterrupted(run);
    let [files, bytes, hardLinks] = [0, 0, false];
    const below: Uint8Array[] = [];
    readTree(await trees.load(tree, run), ({ entry, subtree }) => {
      files++;
      if (subtree !== undefined) below.push(subtree);
      if (isHardLink(entry)) {
        hardLinks = true;
        const file = `${entry.deviceId}:${entry.inode}`;
        if (entry.inode !== 0n && seen.has(file)) return;
        seen.add(file);
      }
      bytes += entry.size;
    });
    for (const subtree of below) {
      const size = await visit(subtree, seen);
      files += size.files;
      bytes += size.bytes;
      hardLinks ||= size.hardLinks;
    }
    const size = { files, bytes, hardLinks };
    known.set(key, size);
    return size;
  };
  let [totalFiles, totalSize] = [0, 0];
  for (const root of roots) {
    const { files, bytes } = await visit(root, new Set());
    totalFiles += files;
    totalSize += bytes;
  }
  return { ...none, totalFiles, totalSize };
};

const countRawData = async (
  parts: UsedBlobsParts & { readonly version: 1 | 2 },
  roots: readonly Uint8Array[],
  run: Run,
): Promise<Statistics> => {
  const used = createBlobSet();
  for (const root of roots) await collectUsedBlobs(parts, root, used, run);
  let [totalSize, uncompressedSize, before, after] = [0, 0, 0, 0];
  for (const slot of used.values()) {
    const location = parts.table.location(slot);
    if (location === undefined) continue;
    const { length, uncompressedLength } = location;
    totalSize += length;
    const uncompressed = uncompressedLength === 0 ? length : uncompressedLength + envelopeOverhead;
    uncompressedSize += uncompressed;
    if (uncompressedLength === 0) continue;
    before += uncompressed;
    after += length;
  }
  const compressed = parts.version === 1 ? none : { uncompressedSize, compressedBlobs: { before, after } };
  return { ...none, ...compressed, totalSize, totalBlobs: used.size };
};

const noContent = new Uint8Array(0);
const root = byteStringOfLatin1('');

/** Entries whose content was not met before; everything that has none counts as one content. */
async function* newContents(
  { trees }: UsedBlobsParts,
  roots: readonly Uint8Array[],
  run: Run,
): AsyncGenerator<{ readonly path: ByteString; readonly entry: Entry; readonly content: Uint8Array }, void> {
  const met = new Set<string>();
  const visited = new Set<string>();
  for (const tree of roots) {
    // A snapshot of the same tree has nothing new.
    if (visited.has(hexOf(tree))) continue;
    visited.add(hexOf(tree));
    for await (const page of listNodes({ trees, tree, prefix: root }, () => true, run)) {
      for (const { path, node } of page) {
        const content = node.content ?? noContent;
        const key = hash('sha256', content, 'base64');
        if (met.has(key)) continue;
        met.add(key);
        yield { path, entry: node.entry, content };
      }
    }
  }
}

const countContents = async (parts: UsedBlobsParts, roots: readonly Uint8Array[], run: Run): Promise<Statistics> => {
  let [totalFiles, totalSize] = [0, 0];
  for await (const { entry } of newContents(parts, roots, run)) {
    totalFiles++;
    totalSize += entry.size;
  }
  return { ...none, totalFiles, totalSize };
};

const countBlobsPerFile = async (
  parts: UsedBlobsParts,
  roots: readonly Uint8Array[],
  run: Run,
): Promise<Statistics> => {
  const blobsOf = new Map<ByteString, BlobSet | number>();
  let [totalBlobs, totalSize] = [0, 0];
  for await (const { path, content } of newContents(parts, roots, run)) {
    for (let at = 0; at < content.length; at += 32) {
      const { slot, location } = locate(parts.table, 'data', content.subarray(at, at + 32));
      if (!noteBlob(blobsOf, path, slot)) continue;
      totalBlobs++;
      totalSize += plainLength(location);
    }
  }
  return { ...none, totalFiles: blobsOf.size, totalBlobs, totalSize };
};

/** False when the path had this blob already. Nearly all files have one blob: a number, not a set. */
const noteBlob = (blobsOf: Map<ByteString, BlobSet | number>, path: ByteString, slot: number): boolean => {
  const known = blobsOf.get(path);
  if (known === undefined) blobsOf.set(path, slot);
  if (known === undefined || known === slot) return known === undefined;
  if (typeof known !== 'number') return known.add(slot);
  const set = createBlobSet();
  set.add(known);
  set.add(slot);
  blobsOf.set(path, set);
  return true;
};
