import type { Run } from '../../../contract/run.ts';
import { type BlobReader, hexOf } from './blob-reader.ts';

/**
 * A reader of data blobs that keeps those read lately, up to `limit` bytes: readers of neighbouring ranges, and several of
 * one file, get a blob from one read. All who wait for a blob share the run of the first, so it must be one that they share.
 */
export const createBlobCache = (blobs: BlobReader, limit: number): BlobReader => {
  const kept = new Map<string, { readonly blob: Promise<Uint8Array>; bytes: number }>();
  let bytes = 0;
  const evict = (): void => {
    for (const [key, old] of kept) {
      if (bytes <= limit) return;
      // What is still on its way has no size yet, and somebody waits for it.
      if (old.bytes === 0) continue;
      kept.delete(key);
      bytes -= old.bytes;
    }
  };
  const start = (key: string, loading: Promise<Uint8Array>): Promise<Uint8Array> => {
    const entry = { blob: loading, bytes: 0 };
    kept.set(key, entry);
    const arrived = ({ length }: Uint8Array): void => {
      entry.bytes = length;
      bytes += length;
      evict();
    };
    loading.then(arrived, () => kept.delete(key));
    return loading;
  };
  return {
    load(type, id, run: Run) {
      const key = `${type} ${hexOf(id)}`;
      const known = kept.get(key);
      if (known === undefined) return start(key, blobs.load(type, id, run));
      kept.delete(key);
      kept.set(key, known);
      return known.blob;
    },
  };
};
