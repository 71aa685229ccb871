import type { BlobWriter } from './blob-writer.ts';
import { wholeFileLimit } from './file-content.ts';
import { IdList } from './id-list.ts';

/**
 * One content that arrives in pieces, in order. Up to `wholeFileLimit` it is kept whole, so that mail is cut as mail;
 * past that only a window of it is in memory.
 */
export class StreamAssembler {
  readonly #writer: BlobWriter;
  readonly ids = new IdList();
  #buffer = new Uint8Array(0);
  #filled = 0;
  #taken = 0;
  #windowed = false;

  constructor(writer: BlobWriter) {
    this.#writer = writer;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#taken + this.#filled;
  }

  push(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    if (this.#filled <= wholeFileLimit) return;
    this.#windowed = true;
    this.#shift(this.#writer.take(this.#content(), { whole: false, last: false }, this.ids));
  }

  end(): void {
    this.#writer.take(this.#content(), { whole: !this.#windowed, last: true }, this.ids);
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
    const larger = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, wholeFileLimit)));
    larger.set(this.#content());
    this.#buffer = larger;
  }
}
