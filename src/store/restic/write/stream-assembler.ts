import { Fault } from '../../../model/fault.ts';
import type { BlobWriter } from './blob-writer.ts';
import { wholeFileLimit } from './file-content.ts';
import { IdList } from './id-list.ts';

/**
 * Two sizes of memory, and how many pieces of each are kept: what most messages fit into, and what is enough for any, where what
 * is not written to takes nothing.
 */
const standard = { bytes: 256 * 1024, mostKept: 8 };
const large = { bytes: wholeFileLimit + 1_048_576, mostKept: 1 };

/** Memory in which contents are put together, used again: fresh memory is filled with zeros first, and is garbage soon. */
export class AssemblyMemory {
  readonly #free = { standard: new Array<Uint8Array<ArrayBuffer>>(), large: new Array<Uint8Array<ArrayBuffer>>() };

  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes <= standard.bytes) return this.#free.standard.pop() ?? new Uint8Array(standard.bytes);
    return bytes <= large.bytes ? (this.#free.large.pop() ?? new Uint8Array(large.bytes)) : new Uint8Array(bytes);
  }

  give(memory: Uint8Array<ArrayBuffer>): void {
    const { length } = memory;
    if (length === standard.bytes && this.#free.standard.length < standard.mostKept) this.#free.standard.push(memory);
    if (length === large.bytes && this.#free.large.length < large.mostKept) this.#free.large.push(memory);
  }
}

const nothing = new Uint8Array(0);

/**
 * One content that arrives in pieces, in order. Up to `wholeFileLimit` it is kept whole, so that mail is cut as mail;
 * past that only a window of it is in memory. One whose end is known to have come is cut at once, where it lies.
 */
export class StreamAssembler {
  readonly #writer: BlobWriter;
  readonly #memory: AssemblyMemory;
  readonly ids = new IdList();
  #buffer: Uint8Array<ArrayBuffer> = nothing;
  #filled = 0;
  #taken = 0;
  #windowed = false;
  #ended = false;

  constructor(writer: BlobWriter, memory: AssemblyMemory) {
    this.#writer = writer;
    this.#memory = memory;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#taken + this.#filled;
  }

  /** `bytes` may be overwritten afterwards. */
  push(bytes: Uint8Array, isLast: boolean): void {
    if (this.#ended && bytes.length > 0) throw new Fault('internal', 'a content goes on after its end');
    if (isLast && this.#filled === 0 && !this.#windowed && bytes.length <= wholeFileLimit) {
      this.#finish(bytes);
      return;
    }
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    if (this.#filled > wholeFileLimit) {
      this.#windowed = true;
      this.#shift(this.#writer.take(this.#content(), { whole: false, last: false }, this.ids));
    }
    if (isLast) this.end();
  }

  end(): void {
    if (!this.#ended) this.#finish(this.#content());
  }

  /** It does not count after all. */
  drop(): void {
    this.#ended = true;
    this.#memory.give(this.#buffer);
    this.#buffer = nothing;
  }

  #finish(rest: Uint8Array): void {
    this.#writer.take(rest, { whole: !this.#windowed, last: true }, this.ids);
    this.#taken += rest.length;
    this.#filled = 0;
    this.drop();
  }

  #content(): Uint8Array {
    return this.#buffer.subarray(0, this.#filled);
  }

  #shift(used: number): void {
    this.#buffer.copyWithin(0, used, this.#filled);
    this.#filled -= used;
    this.#taken += used;
  }

  #room(bytes: number): void {
    const needed = this.#filled + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = this.#memory.take(needed);
    larger.set(this.#content());
    this.#memory.give(this.#buffer);
    this.#buffer = larger;
  }
}
