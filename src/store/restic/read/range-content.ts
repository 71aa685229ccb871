import type { BrowsedContent } from '../../../contract/browse.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { type BlobReader, missingBlob } from './blob-reader.ts';

const idLength = 32;
/** Blobs that are fetched before they are asked for; each may be up to 8 MB. */
const readAhead = 2;

/** Where each blob of a content begins, and at last where it ends. Fault `blob-missing`. */
const startsOf = (ids: Uint8Array, table: BlobTable): Float64Array => {
  const count = ids.length / idLength;
  const starts = new Float64Array(count + 1);
  for (let blob = 0; blob < count; blob++) {
    const slot = table.find('data', ids, blob * idLength);
    const location = slot === undefined ? undefined : table.location(slot);
    if (location === undefined) throw missingBlob('data', ids.subarray(blob * idLength, (blob + 1) * idLength));
    starts[blob + 1] = (starts[blob] ?? 0) + (location.uncompressedLength || location.length - idLength);
  }
  return starts;
};

/** The last blob that begins at or before `position`. */
const blobAt = (starts: Float64Array, position: number): number => {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** A file's bytes from anywhere on; only the blobs that a range touches are read. Fault `blob-missing`. */
export const rangeContent = (ids: Uint8Array, table: BlobTable, blobs: BlobReader): BrowsedContent => {
  const starts = startsOf(ids, table);
  const size = starts.at(-1) ?? 0;
  const load = (blob: number, run: Run): Promise<Uint8Array> => {
    const loading = blobs.load('data', ids.subarray(blob * idLength, (blob + 1) * idLength), run);
    // Awaited when it is its turn; until then its failure must not count as unhandled.
    loading.catch(() => undefined);
    return loading;
  };
  return {
    size,
    async *read(start, end, run) {
      const until = Math.min(end, size);
      if (start >= until) return;
      const last = blobAt(starts, until - 1);
      const ahead: Promise<Uint8Array>[] = [];
      let next = blobAt(starts, start);
      for (let blob = next; blob <= last; blob++) {
        throwIfInterrupted(run);
        while (next <= last && next - blob <= readAhead) ahead.push(load(next++, run));
        const bytes = await ahead.shift();
        const from = starts[blob] ?? 0;
        if (bytes === undefined || bytes.length !== (starts[blob + 1] ?? 0) - from) {
          throw new Fault('blob-damaged', 'a blob has another length than its index says', {
            hint: 'Run `mailkeep check --read-data` to see how much is damaged.',
          });
        }
        const piece = bytes.subarray(Math.max(0, start - from), until - from);
        if (piece.length > 0) yield piece;
      }
    },
  };
};
