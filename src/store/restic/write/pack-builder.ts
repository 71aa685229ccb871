import { hash } from 'node:crypto';
import { Fault } from '../../../model/fault.ts';
import type { Compressor, Decompressor } from '../sealing/compression.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { encodePackHeader, type BlobType, type PackedBlob } from '../format/pack-format.ts';
import type { BatchSealer } from '../sealing/seal-batch.ts';

export interface SealedPack {
  readonly type: BlobType;
  /** The whole pack as it is stored, in a buffer of its own that may be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of `bytes`, hexadecimal. */
  readonly id: string;
  /** What is in it, as in its header (`decodePackHeader`). */
  readonly header: Uint8Array<ArrayBuffer>;
  /** Bytes of its blobs before compression. */
  readonly plainBytes: number;
}

export interface PackBuilderOptions {
  readonly type: BlobType;
  /** A pack is closed once it holds this many bytes. */
  readonly targetSize: number;
  readonly compress: boolean;
  readonly sealer: BatchSealer;
  readonly envelope: Envelope;
  readonly compressor: Compressor;
  readonly decompressor: Decompressor;
  /** A buffer of an earlier pack that is free again; using it spares the system from giving us fresh zeroed memory. */
  readonly takeBuffer: () => ArrayBuffer | undefined;
  /** Called synchronously for every finished pack. */
  readonly onPack: (pack: SealedPack) => void;
}

interface PendingBlob {
  readonly id: Uint8Array;
  readonly content: Uint8Array;
  /** Undefined: not compressed. */
  readonly uncompressedLength: number | undefined;
}

/** Blobs are sealed and read back in batches of about this size, so that both happen in the processor's cache. */
const batchSize = 1_048_576;
const sealOverhead = 32;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/**
 * Collects blobs of one type into packs: compressed, sealed, and, before a pack is let out, opened, decompressed and
 * hashed again from its final bytes. A pack that does not read back is never handed on (restic 0.16.4 learnt this from a
 * compressor that corrupted data).
 */
export class PackBuilder {
  readonly #options: PackBuilderOptions;
  #arena = new Uint8Array(batchSize + 65_536);
  #arenaUsed = 0;
  #pending: PendingBlob[] = [];
  #pack: Uint8Array<ArrayBuffer>;
  #packUsed = 0;
  #blobs: PackedBlob[] = [];
  #plainBytes = 0;

  constructor(options: PackBuilderOptions) {
    this.#options = options;
    this.#pack = new Uint8Array(0);
  }

  /** Adds a blob. `id` is kept; `plain` is not, its bytes may be overwritten afterwards. */
  add(id: Uint8Array, plain: Uint8Array): void {
    const { type, compress, compressor } = this.#options;
    // Tree blobs are always compressed: restic's prune would otherwise repack them.
    const compressed = compress ? compressor.compress(plain) : plain;
    const keep = compress && (type === 'tree' || compressed.length < plain.length);
    const content = this.#place(keep ? compressed : plain);
    this.#pending.push({ id, content, uncompressedLength: keep ? plain.length : undefined });
    this.#plainBytes += plain.length;
    const pendingBytes = this.#arenaUsed;
    if (pendingBytes >= batchSize || this.#packUsed + pendingBytes >= this.#options.targetSize) this.#sealPending();
    if (this.#packUsed >= this.#options.targetSize) this.#close();
  }

  /** Closes the open pack, however small. */
  finish(): void {
    this.#sealPending();
    if (this.#blobs.length > 0) this.#close();
  }

  #place(content: Uint8Array): Uint8Array {
    const from = this.#arenaUsed;
    this.#arenaUsed += content.length;
    if (this.#arenaUsed > this.#arena.length) return content.slice();
    this.#arena.set(content, from);
    return this.#arena.subarray(from, from + content.length);
  }

  #room(bytes: number): void {
    const needed = this.#packUsed + bytes;
    if (this.#pack.length === 0) this.#pack = new Uint8Array(this.#options.takeBuffer() ?? new ArrayBuffer(0));
    if (needed <= this.#pack.length) return;
    const grown = new Uint8Array(
      Math.max(needed, Math.min(this.#options.targetSize + batchSize * 2, this.#pack.length * 4), batchSize),
    );
    grown.set(this.#pack.subarray(0, this.#packUsed));
    this.#pack = grown;
  }

  #sealPending(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    const contents = pending.map((blob) => blob.content);
    const sealedBytes = contents.reduce((sum, content) => sum + content.length + sealOverhead, 0);
    this.#room(sealedBytes);
    const into = this.#pack.subarray(this.#packUsed, this.#packUsed + sealedBytes);
    const lengths = this.#options.sealer.sealBatch(contents, into);
    this.#verify(into, lengths);
    for (const [number, blob] of pending.entries()) {
      const length = lengths[number] ?? 0;
      this.#blobs.push({
        type: this.#options.type,
        id: blob.id,
        offset: this.#packUsed,
        length,
        uncompressedLength: blob.uncompressedLength,
      });
      this.#packUsed += length;
    }
    this.#pending = [];
    this.#arenaUsed = 0;
  }

  #verify(sealed: Uint8Array, lengths: readonly number[]): void {
    const opened = this.#options.sealer.openBatch(sealed, lengths);
    for (const [number, blob] of this.#pending.entries()) {
      const content = opened[number];
      const plain =
        content === undefined || blob.uncompressedLength === undefined
          ? content
          : this.#options.decompressor.decompress(content, blob.uncompressedLength);
      if (plain === undefined || !sameBytes(hash('sha256', plain, 'buffer'), blob.id)) {
        throw new Fault('internal', 'a block did not read back as it was written, so it was not stored', {
          hint: 'Memory or processor may be faulty; run a memory test. No snapshot was made and none is harmed.',
        });
      }
    }
  }

  #close(): void {
    const { type, envelope, onPack } = this.#options;
    const header = new Uint8Array(encodePackHeader(this.#blobs));
    const sealed = envelope.seal(header);
    this.#room(sealed.length + 4);
    this.#pack.set(sealed, this.#packUsed);
    new DataView(this.#pack.buffer).setUint32(this.#packUsed + sealed.length, sealed.length, true);
    const size = this.#packUsed + sealed.length + 4;
    const bytes = this.#pack.subarray(0, size);
    const pack = { type, bytes, id: hash('sha256', bytes, 'hex'), header, plainBytes: this.#plainBytes };
    this.#pack = new Uint8Array(0);
    this.#packUsed = 0;
    this.#blobs = [];
    this.#plainBytes = 0;
    onPack(pack);
  }
}
