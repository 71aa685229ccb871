import type { Run } from '../../../contract/run.ts';
import { encodeIndexedPack, joinIndex } from '../format/index-format.ts';
import type { ObjectIo } from '../object-io.ts';
import type { PackedBlob } from '../format/pack-format.ts';

/** restic writes an index once it lists this many blobs. */
const blobsPerIndex = 50_000;

/** Gathers stored packs into index files. A pack may be added only when it is durable. */
export class IndexWriter {
  readonly #io: ObjectIo;
  readonly #run: Run;
  readonly #confirm: ((packs: readonly string[]) => Promise<void>) | undefined;
  #packs: { readonly id: string; readonly json: Uint8Array }[] = [];
  #blobs = 0;
  readonly written: string[] = [];
  /** The sizes of those that the storage was not asked for. */
  readonly unconfirmed = new Map<string, number>();

  /**
   * `confirm` is called with the packs that are about to be listed. With it the storage is not asked for the index files
   * either: that is then the caller's to do.
   */
  constructor(io: ObjectIo, run: Run, confirm?: (packs: readonly string[]) => Promise<void>) {
    this.#io = io;
    this.#run = run;
    this.#confirm = confirm;
  }

  async add(id: string, blobs: readonly PackedBlob[]): Promise<void> {
    this.#packs.push({ id, json: encodeIndexedPack({ id, blobs }) });
    this.#blobs += blobs.length;
    if (this.#blobs >= blobsPerIndex) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#packs.length === 0) return;
    const packs = this.#packs;
    this.#packs = [];
    this.#blobs = 0;
    const json = joinIndex(packs.map((pack) => pack.json));
    if (this.#confirm === undefined) {
      this.written.push(await this.#io.save('index', json, this.#run));
      return;
    }
    await this.#confirm(packs.map(({ id }) => id));
    const { name, size } = await this.#io.saveUnasked('index', json, this.#run);
    this.written.push(name);
    this.unconfirmed.set(name, size);
  }
}
