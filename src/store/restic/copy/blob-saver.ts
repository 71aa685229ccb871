import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { decodePackHeader, type BlobType } from '../format/pack-format.ts';
import { createCompressor, createDecompressor } from '../sealing/compression.ts';
import { confirmSaved } from '../save-checked.ts';
import type { Session } from '../session.ts';
import { PackBuilder, type SealedPack } from '../write/pack-builder.ts';
import { SavedPacks } from '../write/saved-packs.ts';

/** Finished packs wait for the storage in memory: not more of them than this. */
const inFlightBytes = 32 * 1_048_576;

/**
 * Stores blobs that are in memory: packs, each read back before it is let out, then the index files that list them. Made
 * for one piece of work, which ends with `finish`; without that, nothing of the last packs is stored.
 */
export class BlobSaver {
  readonly #session: Session;
  readonly #run: Run;
  readonly #builders: Readonly<Record<BlobType, PackBuilder>>;
  readonly #packs: SavedPacks;
  readonly #saving = new Set<Promise<void>>();
  /** Of packs that are stored, to be filled again. */
  readonly #free: ArrayBuffer[] = [];
  #failure: { readonly error: unknown } | undefined;
  #bytes = 0;

  /** `packsBefore`: how many packs there are already, about, where that is known. */
  constructor(session: Session, run: Run, packsBefore = Infinity) {
    this.#session = session;
    this.#run = run;
    this.#packs = new SavedPacks({ session, packsBefore }, run);
    const { config, options, sealer, envelope } = session;
    const shared = {
      targetSize: options.packSize,
      sealer,
      envelope,
      // Its own: what is added may be a view of what another one has opened.
      decompressor: createDecompressor(),
      compressor: createCompressor(options.compression === 'max' ? 'max' : 'auto'),
      takeBuffer: () => this.#free.pop(),
      onPack: (pack: SealedPack) => this.#save(pack),
    };
    const compresses = config.version !== 1;
    this.#builders = {
      data: new PackBuilder({ ...shared, type: 'data', compress: compresses && options.compression !== 'off' }),
      tree: new PackBuilder({ ...shared, type: 'tree', compress: compresses }),
    };
  }

  /** Packs stored so far. */
  get packIds(): readonly string[] {
    return this.#packs.ids;
  }

  get indexIds(): readonly string[] {
    return this.#packs.indexIds;
  }

  /** Bytes of the packs stored so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `id` is copied, `plain` is not kept. Waits while too much is on its way to the storage. */
  async add(type: BlobType, id: Uint8Array, plain: Uint8Array): Promise<void> {
    throwIfInterrupted(this.#run);
    this.#throwIfFailed();
    this.#builders[type].add(id.slice(), plain);
    const { packSize } = this.#session.options;
    const atOnce = Math.max(
      2,
      Math.min(this.#session.backend.capabilities.connections, Math.floor(inFlightBytes / packSize)),
    );
    while (this.#saving.size >= atOnce) await Promise.race(this.#saving);
    this.#throwIfFailed();
  }

  /** Closes the open packs; when it resolves, packs and index are durable. */
  async finish(): Promise<void> {
    this.#builders.data.finish();
    this.#builders.tree.finish();
    await Promise.all(this.#saving);
    this.#throwIfFailed();
    await this.#packs.finish();
    const { backend } = this.#session;
    const saved = this.#packs.unconfirmed;
    await confirmSaved(backend, 'index', { saved, others: saved.size }, this.#run);
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #save(pack: SealedPack): void {
    const saving = this.#store(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#saving.delete(saving));
    this.#saving.add(saving);
  }

  async #store({ type, id, bytes, header }: SealedPack): Promise<void> {
    await this.#packs.save({ id, type, bytes });
    this.#bytes += bytes.length;
    this.#free.push(bytes.buffer);
    await this.#packs.list(id, decodePackHeader(header));
  }
}
