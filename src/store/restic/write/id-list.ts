/** A growing list of 32-byte ids, one after another in one buffer. */
export class IdList {
  #bytes = new Uint8Array(64 * 32);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(id: Uint8Array): void {
    if ((this.#count + 1) * 32 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(id, this.#count * 32);
    this.#count++;
  }

  append(other: IdList): void {
    for (let number = 0; number < other.count; number++)
      this.push(other.#bytes.subarray(number * 32, number * 32 + 32));
  }

  /** Forgets all but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** A copy of the ids. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#count * 32);
  }
}
