import type { BlobSlot } from './blob-table.ts';

/** A set of blobs of one table, as bits: a repository has many. */
export interface BlobSet {
  readonly size: number;
  has(slot: BlobSlot): boolean;
  /** False when it was there already. */
  add(slot: BlobSlot): boolean;
  values(): Generator<BlobSlot, void>;
}

const slotsPerPage = 65_536;

export const createBlobSet = (): BlobSet => {
  const pages = new Map<number, Uint32Array>();
  let size = 0;
  const place = (slot: BlobSlot): { page: number; word: number; bit: number } => {
    const offset = slot % slotsPerPage;
    return { page: Math.floor(slot / slotsPerPage), word: offset >>> 5, bit: 1 << (offset & 31) };
  };
  return {
    get size() {
      return size;
    },
    has: (slot) => {
      const { page, word, bit } = place(slot);
      return ((pages.get(page)?.[word] ?? 0) & bit) !== 0;
    },
    add: (slot) => {
      const { page, word, bit } = place(slot);
      let words = pages.get(page);
      if (words === undefined) pages.set(page, (words = new Uint32Array(slotsPerPage / 32)));
      const old = words[word] ?? 0;
      if ((old & bit) !== 0) return false;
      words[word] = old | bit;
      size++;
      return true;
    },
    values: function* () {
      for (const [page, words] of pages) {
        for (const [word, bits] of words.entries()) {
          for (let bit = 0; bits !== 0 && bit < 32; bit++) {
            if ((bits & (1 << bit)) !== 0) yield page * slotsPerPage + word * 32 + bit;
          }
        }
      }
    },
  };
};
