import type { Delivery, Piece, Verdict } from '../../../contract/source.ts';
import { createMemoryPool, type MemoryPool } from '../../../system/memory-pool.ts';

/** Bytes that wait for the receiver before the connections are held back. */
const mostWaiting = 4 * 1_048_576;
/** Bytes of one delivery. */
const deliveryBytes = 256 * 1024;

/** Pieces of memory that are kept for later deliveries: what the connections fill, and what waits. */
const mostKept = 24;

/** Memory for deliveries, from read to read. */
export const createDeliveryMemory = (): MemoryPool => createMemoryPool({ standard: deliveryBytes, kept: mostKept });

/** Deliveries from several connections to one receiver, who takes them one by one. */
export class DeliveryChannel {
  readonly #waiting: Delivery[] = [];
  #bytes = 0;
  #ended = false;
  #fault: Error | undefined;
  #wakeReceiver: (() => void) | undefined;
  readonly #blocked = new Set<() => void>();

  /** Called once when there is room again; true if there is room now. */
  hasRoom(wake: () => void): boolean {
    if (this.#bytes < mostWaiting || this.#ended) return true;
    this.#blocked.add(wake);
    return false;
  }

  put(delivery: Delivery): void {
    if (this.#ended) return;
    this.#waiting.push(delivery);
    this.#bytes += delivery.bytes.length;
    this.#wakeReceiver?.();
  }

  end(fault?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#fault = fault;
    this.#wakeReceiver?.();
    this.#unblock();
  }

  async *deliveries(): AsyncGenerator<Delivery, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#bytes -= next.bytes.length;
        if (this.#bytes < mostWaiting / 2) this.#unblock();
        yield next;
      } else if (this.#fault !== undefined) throw this.#fault;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReceiver = resolve;
        });
        this.#wakeReceiver = undefined;
      }
    }
  }

  #unblock(): void {
    const wakers = [...this.#blocked];
    this.#blocked.clear();
    for (const wake of wakers) wake();
  }
}

/** Gathers the pieces that one connection receives into deliveries of a good size. */
export class DeliveryWriter {
  readonly #channel: DeliveryChannel;
  readonly #memory: MemoryPool;
  #buffer: Uint8Array<SharedArrayBuffer> | undefined;
  #filled = 0;
  #pieces: Piece[] = [];
  #verdicts: { request: number; verdict: Verdict }[] = [];

  constructor(channel: DeliveryChannel, memory: MemoryPool) {
    this.#channel = channel;
    this.#memory = memory;
  }

  /** `isLast`: the content ends with these bytes. */
  piece(request: number, bytes: Uint8Array, { position, isLast }: { position: number; isLast: boolean }): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === deliveryBytes) this.flush();
      const buffer = (this.#buffer ??= this.#memory.take(deliveryBytes));
      const part = bytes.subarray(at, at + deliveryBytes - this.#filled);
      buffer.set(part, this.#filled);
      this.#note({ request, position: position + at, start: this.#filled, length: part.length });
      at += part.length;
    }
    const last = this.#pieces.at(-1);
    if (isLast && last?.request === request) this.#pieces[this.#pieces.length - 1] = { ...last, isLast };
  }

  verdict(request: number, verdict: Verdict): void {
    this.#verdicts.push({ request, verdict });
  }

  flush(): void {
    if (this.#filled === 0 && this.#verdicts.length === 0) return;
    this.#channel.put({ ...this.#given(), pieces: this.#pieces, verdicts: this.#verdicts });
    this.#filled = 0;
    this.#pieces = [];
    this.#verdicts = [];
  }

  /** A buffer that is hardly filled is not given away. */
  #given(): Pick<Delivery, 'bytes' | 'recycle'> {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#filled <= deliveryBytes / 2) {
      const bytes = new Uint8Array(this.#filled);
      if (buffer !== undefined) bytes.set(buffer.subarray(0, this.#filled));
      return { bytes };
    }
    this.#buffer = undefined;
    return { bytes: buffer.subarray(0, this.#filled), recycle: () => this.#memory.give(buffer) };
  }

  #note(piece: Piece): void {
    const last = this.#pieces.at(-1);
    if (last?.request === piece.request && last.position + last.length === piece.position) {
      this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + piece.length };
    } else this.#pieces.push(piece);
    this.#filled += piece.length;
  }
}
