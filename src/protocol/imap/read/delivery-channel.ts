import type { Delivery, Piece, Verdict } from '../../../contract/source.ts';

/** Bytes that wait for the receiver before the connections are held back. */
const mostWaiting = 4 * 1_048_576;
/** Bytes of one delivery. */
const deliveryBytes = 256 * 1024;

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
  #buffer = new Uint8Array(deliveryBytes);
  #filled = 0;
  #pieces: Piece[] = [];
  #verdicts: { request: number; verdict: Verdict }[] = [];

  constructor(channel: DeliveryChannel) {
    this.#channel = channel;
  }

  piece(request: number, position: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === this.#buffer.length) this.flush();
      const part = bytes.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#note(request, position + at, part.length);
      at += part.length;
    }
  }

  verdict(request: number, verdict: Verdict): void {
    this.#verdicts.push({ request, verdict });
  }

  flush(): void {
    if (this.#filled === 0 && this.#verdicts.length === 0) return;
    // The receiver owns what it gets, so a buffer that is hardly filled is not given away.
    const isFull = this.#filled > this.#buffer.length / 2;
    const bytes = isFull ? this.#buffer.subarray(0, this.#filled) : this.#buffer.slice(0, this.#filled);
    if (isFull) this.#buffer = new Uint8Array(deliveryBytes);
    this.#channel.put({ bytes, pieces: this.#pieces, verdicts: this.#verdicts });
    this.#filled = 0;
    this.#pieces = [];
    this.#verdicts = [];
  }

  #note(request: number, position: number, length: number): void {
    const last = this.#pieces.at(-1);
    if (last?.request === request && last.position + last.length === position) {
      this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + length };
    } else this.#pieces.push({ request, position, start: this.#filled, length });
    this.#filled += length;
  }
}
