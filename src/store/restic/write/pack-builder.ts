import { hash } from 'node:crypto';
import { Fault } from '../../../model/fault.ts';
import type { BlobSealer } from '../sealing/blob-sealer.ts';
import { compressedBound, type Compressor, type Decompressor } from '../sealing/compression.ts';
import { envelopeOverhead, type Envelope } from '../sealing/envelope.ts';
import { maximumChunk } from './rabin.ts';
import { encodePackHeader, type BlobType, type PackedBlob } from '../format/pack-format.ts';

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
  readonly sealer: BlobSealer;
  readonly envelope: Envelope;
  readonly compressor: Compressor;
  readonly decompressor: Decompressor;
  /** A buffer of an earlier pack that is free again; using it spares the system from giving us fresh zeroed memory. */
  readonly takeBuffer: () => ArrayBuffer | undefined;
  /** Called synchronously for every finished pack. */
  readonly onPack: (pack: SealedPack) => void;
}

/** A blob behind the last one of the open pack that is not yet part of it. */
interface Candidate {
  /** SHA-256 of what the sealed bytes give back. */
  readonly id: Uint8Array;
  /** Sealed. */
  readonly length: number;
  /** Undefined: not compressed. */
  readonly uncompressedLength: number | undefined;
}

const ivLength = 16;
/** What the last blob of a pack can need beyond its size, but for a tree of extraordinary length. */
const lastBlob = compressedBound(maximumChunk) + 1_048_576;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/**
 * Collects blobs of one type into packs. Each is compressed and sealed where it will lie in the pack, and at once, while the
 * processor has it at hand, opened, decompressed, compared and hashed from these final bytes. What does not read back is
 * never handed on (restic 0.16.4 learnt this from a compressor that corrupted data).
 */
export class PackBuilder {
  readonly #options: PackBuilderOptions;
  #pack: Uint8Array<ArrayBuffer>;
  #packUsed = 0;
  #blobs: PackedBlob[] = [];
  #plainBytes = 0;

  constructor(options: PackBuilderOptions) {
    this.#options = options;
    this.#pack = new Uint8Array(0);
  }

  /** Adds a blob that was claimed. `id` is kept; `plain` is not, its bytes may be overwritten afterwards. */
  add(id: Uint8Array, plain: Uint8Array): void {
    const candidate = this.#seal(plain);
    if (!sameBytes(candidate.id, id)) throw notAsWritten();
    this.#keep(candidate, plain.length);
  }

  /**
   * The same for bytes whose id nobody knows yet: it is the hash of what the sealed blob gives back. Added only if `claim`
   * says so. Returns the id.
   */
  addUnseen(plain: Uint8Array, claim: (id: Uint8Array) => boolean): Uint8Array {
    const candidate = this.#seal(plain);
    if (claim(candidate.id)) this.#keep(candidate, plain.length);
    return candidate.id;
  }

  /**
   * Moves an open pack that has hardly begun into a buffer that is free again, so that not both are kept; false if it stays
   * where it is.
   */
  moveInto(buffer: ArrayBuffer): boolean {
    if (this.#packUsed === 0 || this.#packUsed > this.#options.targetSize / 8) return false;
    if (buffer.byteLength < this.#pack.length) return false;
    const moved = new Uint8Array(buffer);
    moved.set(this.#pack.subarray(0, this.#packUsed));
    this.#pack = moved;
    return true;
  }

  /** Closes the open pack, however small. */
  finish(): void {
    if (this.#blobs.length > 0) this.#close();
  }

  #keep(candidate: Candidate, plainLength: number): void {
    this.#blobs.push({ type: this.#options.type, offset: this.#packUsed, ...candidate });
    this.#packUsed += candidate.length;
    this.#plainBytes += plainLength;
    if (this.#packUsed >= this.#options.targetSize) this.#close();
  }

  /** Room behind what is there. Memory that is never written costs nothing, so the first piece is large. */
  #room(bytes: number): void {
    const needed = this.#packUsed + bytes;
    if (this.#pack.length === 0) this.#pack = new Uint8Array(this.#options.takeBuffer() ?? new ArrayBuffer(0));
    if (needed <= this.#pack.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#options.targetSize + lastBlob));
    grown.set(this.#pack.subarray(0, this.#packUsed));
    this.#pack = grown;
  }

  #seal(plain: Uint8Array): Candidate {
    const { type, compress, compressor, sealer } = this.#options;
    this.#room(compressedBound(plain.length) + envelopeOverhead);
    const contentAt = this.#packUsed + ivLength;
    const compressed = compress ? compressor.compress(plain, this.#pack.subarray(contentAt)) : plain;
    // Tree blobs are always compressed: restic's prune would otherwise repack them.
    const keep = compress && (type === 'tree' || compressed.length < plain.length);
    const content = keep ? compressed : plain;
    if (content.buffer !== this.#pack.buffer) this.#pack.set(content, contentAt);
    const length = content.length + envelopeOverhead;
    const sealed = this.#pack.subarray(this.#packUsed, this.#packUsed + length);
    sealer.seal(sealed);
    const uncompressedLength = keep ? plain.length : undefined;
    return { id: this.#readBack(sealed, uncompressedLength, plain), length, uncompressedLength };
  }

  #readBack(sealed: Uint8Array, uncompressedLength: number | undefined, expected: Uint8Array): Uint8Array {
    const { sealer, decompressor } = this.#options;
    const content = sealer.open(sealed);
    const plain =
      content === undefined || uncompressedLength === undefined
        ? content
        : decompressor.decompress(content, uncompressedLength);
    if (plain === undefined || !sameBytes(plain, expected)) throw notAsWritten();
    return hash('sha256', plain, 'buffer');
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

const notAsWritten = (): Fault =>
  new Fault('internal', 'a block did not read back as it was written, so it was not stored', {
    hint: 'Memory or processor may be faulty; run a memory test. No snapshot was made and none is harmed.',
  });
