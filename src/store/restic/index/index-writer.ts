import type { Run } from '../../../contract/run.ts';
import { encodeIndex } from '../format/index-format.ts';
import type { ObjectIo } from '../object-io.ts';
import type { PackedBlob } from '../format/pack-format.ts';

/** restic writes an index once it lists this many blobs. */
const blobsPerIndex = 50_000;

/** Gathers stored packs into index files. A pack may be added only when it is durable. */
export class IndexWriter {
  readonly #io: ObjectIo;
  readonly #run: Run;
  #packs: { readonly id: string; readonly blobs: readonly PackedBlob[] }[] = [];
  #blobs = 0;
  readonly written: string[] = [];

  constructor(io: ObjectIo, run: Run) {
    this.#io = io;
    this.#run = run;
  }

  async add(id: string, blobs: readonly PackedBlob[]): Promise<void> {
    this.#packs.push({ id, blobs });
    this.#blobs += blobs.length;
    if (this.#blobs >= blobsPerIndex) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#packs.length === 0) return;
    const packs = this.#packs;
    this.#packs = [];
    this.#blobs = 0;
    this.written.push(await this.#io.save('index', encodeIndex(packs), this.#run));
  }
}
