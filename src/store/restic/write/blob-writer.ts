import { hash } from 'node:crypto';
import type { BlobTable } from '../index/blob-table.ts';
import { wholeFileChunks, windowChunks, type Cutting } from './content-chunks.ts';
import type { IdList } from './id-list.ts';
import type { PackBuilder } from './pack-builder.ts';

/** How much of a content is in sight. */
export interface Sight {
  /** The bytes are the entire file. */
  readonly whole: boolean;
  /** Nothing follows them. */
  readonly last: boolean;
}

/**
 * After so many new blobs in a row the next one is taken for new as well, and hashed only once, when it is read back. To be
 * wrong costs its compression; where one blob in ten is known, that happens to one of them in thirty.
 */
const certainlyNew = 32;

/** Turns contents into blobs: cuts, hashes, and hands those that the repository does not have to the pack builder. */
export class BlobWriter {
  readonly #table: BlobTable;
  readonly #packs: PackBuilder;
  readonly #cutting: Cutting;
  #newBlobs = 0;
  #newInARow = 0;

  constructor(table: BlobTable, packs: PackBuilder, cutting: Cutting) {
    this.#table = table;
    this.#packs = packs;
    this.#cutting = cutting;
  }

  /** Stores as much of `bytes` as can be cut by now, adds the ids to `ids`, and returns how many bytes that were. */
  take(bytes: Uint8Array, sight: Sight, ids: IdList): number {
    const ends = sight.whole
      ? wholeFileChunks(bytes, this.#cutting)
      : windowChunks(bytes, sight.last, this.#cutting.chunker);
    let start = 0;
    for (const end of ends) {
      ids.push(this.#store(bytes.subarray(start, end)));
      start = end;
    }
    return start;
  }

  /** How many blobs were new since the last call. */
  takeNewBlobs(): number {
    const count = this.#newBlobs;
    this.#newBlobs = 0;
    return count;
  }

  #store(chunk: Uint8Array): Uint8Array {
    if (this.#newInARow >= certainlyNew) return this.#packs.addUnseen(chunk, this.#claim);
    const id = hash('sha256', chunk, 'buffer');
    if (this.#claim(id)) this.#packs.add(id, chunk);
    return id;
  }

  readonly #claim = (id: Uint8Array): boolean => {
    const isNew = this.#table.claim('data', id);
    this.#newInARow = isNew ? this.#newInARow + 1 : 0;
    if (isNew) this.#newBlobs++;
    return isNew;
  };
}
