/**
 * The memory of the packs of one writer thread: it goes to the storage with a full pack and comes back when that is stored. While
 * `mostAway` packs are on their way no new one is begun, however long the file is that is being read.
 */
export class PackMemory {
  readonly #mostAway: number;
  readonly #awaitReturn: () => ArrayBuffer;
  readonly #free: ArrayBuffer[] = [];
  #away = 0;

  /** `awaitReturn` waits until a pack is stored, and gives back its memory. */
  constructor(mostAway: number, awaitReturn: () => ArrayBuffer) {
    this.#mostAway = mostAway;
    this.#awaitReturn = awaitReturn;
  }

  /** For a new pack; undefined: what is free does not suffice, and new memory may be taken. */
  take(): ArrayBuffer | undefined {
    while (this.#away >= this.#mostAway) this.giveBack(this.#awaitReturn());
    return this.#free.pop();
  }

  /** A pack was handed on. */
  sent(): void {
    this.#away++;
  }

  /** A pack is stored; its memory is taken for the next one, if it was not used for another meanwhile. */
  giveBack(memory: ArrayBuffer, isUsed = false): void {
    this.#away--;
    if (!isUsed) this.#free.push(memory);
  }
}
