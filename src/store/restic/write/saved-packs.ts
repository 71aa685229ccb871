import type { Run } from '../../../contract/run.ts';
import type { BlobType, PackedBlob } from '../format/pack-format.ts';
import { IndexWriter } from '../index/index-writer.ts';
import { confirmSaved, type Saved } from '../save-checked.ts';
import type { Session } from '../session.ts';

export interface SavedPacksOptions {
  readonly session: Session;
  /** How many packs there were before, about. */
  readonly packsBefore: number;
}

export interface FinishedPack {
  readonly id: string;
  readonly type: BlobType;
  readonly bytes: Uint8Array;
}

/**
 * Saves packs and lists them in index files. The storage is asked whether it has the packs before an index lists them, for
 * many at once, as asking after each would cost a round trip each. For the index files `unconfirmed` is to be asked.
 */
export class SavedPacks {
  readonly #options: SavedPacksOptions;
  readonly #run: Run;
  readonly #index: IndexWriter;
  /** Packs that no index lists yet, with their sizes. */
  readonly #unlisted = new Map<string, number>();
  readonly #ids: string[] = [];

  constructor(options: SavedPacksOptions, run: Run) {
    this.#options = options;
    this.#run = run;
    this.#index = new IndexWriter(options.session.io, run, (packs) => this.#confirm(packs));
  }

  /** Packs saved so far. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  get indexIds(): readonly string[] {
    return this.#index.written;
  }

  /** The index files, which the storage was not asked for, with their sizes. */
  get unconfirmed(): Saved {
    return this.#index.unconfirmed;
  }

  async save({ id, type, bytes }: FinishedPack): Promise<void> {
    const handle = { kind: 'pack', name: id, holdsTrees: type === 'tree', isNamedByHash: true } as const;
    await this.#options.session.backend.save(handle, [bytes], this.#run);
    this.#ids.push(id);
    this.#unlisted.set(id, bytes.length);
  }

  /** Takes a saved pack into the index. */
  list(id: string, blobs: readonly PackedBlob[]): Promise<void> {
    return this.#index.add(id, blobs);
  }

  /** When it resolves, all packs are there and index files list them. */
  finish(): Promise<void> {
    return this.#index.flush();
  }

  async #confirm(packs: readonly string[]): Promise<void> {
    const saved = new Map(packs.map((id) => [id, this.#unlisted.get(id) ?? 0]));
    const others = this.#options.packsBefore + this.#ids.length - saved.size;
    await confirmSaved(this.#options.session.backend, 'pack', { saved, others }, this.#run);
    for (const id of packs) this.#unlisted.delete(id);
  }
}
