/**
 * Memory for what goes from thread to thread, used again and again: taking a few megabytes from the system and giving them
 * back costs as much as filling them. It is shared, not transferred, so that no collector counts it as its own and is
 * driven by it to look for garbage all the time.
 */
export interface MemoryPool {
  /** At least so many bytes, with anything in them. */
  take(length: number): Uint8Array<SharedArrayBuffer>;
  /** Takes back what `take` gave. What does not come back is nobody's loss. */
  give(memory: Uint8Array<SharedArrayBuffer>): void;
}

export interface MemoryPoolOptions {
  /** Bytes of a piece, unless more are asked for. Those that are never touched cost nothing. */
  readonly standard: number;
  /** Pieces that are kept at most. */
  readonly kept: number;
}

/** A piece of more than this many times the standard is not kept. */
const largest = 4;

export const createMemoryPool = ({ standard, kept }: MemoryPoolOptions): MemoryPool => {
  const free: Uint8Array<SharedArrayBuffer>[] = [];
  return {
    take: (length) => {
      const found = free.findLastIndex((memory) => memory.length >= length);
      const [memory] = found < 0 ? [] : free.splice(found, 1);
      return memory ?? new Uint8Array(new SharedArrayBuffer(Math.max(length, standard)));
    },
    give: (memory) => {
      if (free.length < kept && memory.length <= largest * standard) free.push(memory);
    },
  };
};

/** What of these bytes may be transferred: memory that lies under others too (Node's pool) is copied, shared memory shared. */
export const transferable = ({ buffer, byteLength }: Uint8Array): ArrayBuffer[] =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
