/** What is smaller never waits. */
const leastBytes = 256 * 1024;
/** Of a longer content whoever takes it holds no more than a window. */
const mostHeld = 17 * 1_048_576;
/** What all contents that come at once may hold together, unless it is a single one. */
const room = 20 * 1_048_576;

/** A content that comes, or waits for its turn to. */
export interface ContentTurn {
  readonly mayCome: boolean;
  /** It has come, or never will. May be called twice. */
  readonly end: () => void;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/**
 * Whoever takes mail puts each message together in memory. Over several connections large ones come one after another, in the
 * order in which the server has begun to send them; what is small goes past them.
 */
export class LargeContents {
  #held = 0;
  readonly #waiting = new Set<Waiting>();

  /** Of a content of so many bytes. `begin` is called if it may not come at once, as soon as it may. */
  enter(bytes: number, begin: () => void): ContentTurn {
    if (bytes <= leastBytes) return { mayCome: true, end: () => undefined };
    const content = { bytes: Math.min(bytes, mostHeld), begin };
    const mayCome = this.#waiting.size === 0 && this.#hasRoomFor(content);
    if (mayCome) this.#held += content.bytes;
    else this.#waiting.add(content);
    let hasEnded = false;
    const end = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      if (!this.#waiting.delete(content)) this.#held -= content.bytes;
      this.#beginNext();
    };
    return { mayCome, end };
  }

  #hasRoomFor({ bytes }: Waiting): boolean {
    return this.#held === 0 || this.#held + bytes <= room;
  }

  #beginNext(): void {
    for (const next of this.#waiting) {
      if (!this.#hasRoomFor(next)) return;
      this.#waiting.delete(next);
      this.#held += next.bytes;
      next.begin();
    }
  }
}
