import { interrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import { startThread, type Thread } from '../../../system/thread.ts';
import type { BlobTable } from '../index/blob-table.ts';
import { minimumChunk } from './rabin.ts';
import { decodePackHeader, type PackedBlob } from '../format/pack-format.ts';
import { revivedFault } from '../plain-fault.ts';
import { threadFile } from '../thread-pool.ts';
import type {
  BatchDone,
  FileOutcome,
  FileTask,
  FromWriter,
  StreamPiece,
  ToWriter,
  WriterSetup,
} from './writer-messages.ts';

export interface ReadyPack {
  readonly type: 'data' | 'tree';
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly blobs: readonly PackedBlob[];
  readonly plainBytes: number;
}

export interface WriterPoolOptions {
  readonly threads: number;
  readonly setup: Omit<WriterSetup, 'segments' | 'packsAway'>;
  readonly table: BlobTable;
  /** Stores a pack. Its promise is the pool's back-pressure: with too many unsettled, no new work is handed out. */
  readonly storePack: (pack: ReadyPack) => Promise<void>;
  /** Packs that may be under way to storage at once. */
  readonly packsInFlight: number;
}

export interface BatchResult {
  readonly outcomes: readonly FileOutcome[];
  /** 32 bytes each, those of all stored outcomes one after another. */
  readonly ids: Uint8Array;
}

interface Writer {
  readonly thread: Thread;
  outstanding: number;
  segments: number;
}

interface Waiting {
  readonly writer: Writer;
  readonly blobs: number;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (fault: Fault) => void;
}

/** What a writer keeps lies outside the heap: a small young generation (in MiB) costs it nothing and saves 30 MiB each. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

const batchesPerThread = 2;
/** mail/mime-cuts promises no more cuts than this for one message. */
const cutsPerMessage = 128;

/** The most blobs that a file of this size can become. */
const blobBound = (size: number): number =>
  2 + Math.ceil(size / minimumChunk) + Math.min(cutsPerMessage, Math.floor(size / 1024));

/** Writer threads, started when the first work comes, and the packs on their way from them to storage. */
export class WriterPool {
  readonly #options: WriterPoolOptions;
  readonly #run: Run;
  #writers: Writer[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #batches = 0;
  #boundOutstanding = 0;
  #packs = 0;
  #wake: (() => void)[] = [];
  #failure: Fault | undefined;
  newBlobs = 0;

  constructor(options: WriterPoolOptions, run: Run) {
    this.#options = options;
    this.#run = run;
    run.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#fail(interrupted(this.#run.signal.reason));

  /** Whether anything was ever handed to it. */
  get started(): boolean {
    return this.#writers.length > 0;
  }

  /** How many blobs may yet be claimed by what is under way. */
  get claimsOutstanding(): number {
    return this.#boundOutstanding;
  }

  /** Resolves when the next batch can be taken without too much in flight. */
  async ready(): Promise<void> {
    while (
      this.#failure === undefined &&
      (this.#leastBusy() === undefined || this.#packs >= this.#options.packsInFlight)
    ) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    this.#throwIfFailed();
  }

  /** Local files, one outcome each. */
  files(tasks: readonly FileTask[]): Promise<BatchResult> {
    const bound = tasks.reduce((sum, task) => sum + blobBound(task.size), 0);
    return this.#submit(this.#writer(), bound, (batch) => ({ kind: 'files', batch, files: tasks }), []);
  }

  /** Which thread takes a new stream; to be given to `pieces`. */
  streamThread(): number {
    this.#start();
    return this.#writers.indexOf(this.#writer());
  }

  /**
   * Pieces of delivered contents; one outcome for each stream that ended as `keep`. `bytes` is given away, or, where its memory
   * is shared, lent until then.
   */
  pieces(thread: number, bytes: Uint8Array, pieces: readonly StreamPiece[]): Promise<BatchResult> {
    this.#start();
    const chosen = this.#writers[thread] ?? this.#writer();
    const bound = pieces.reduce((sum, piece) => sum + blobBound(piece.length), 64);
    const transfer = bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    return this.#submit(chosen, bound, (batch) => ({ kind: 'pieces', batch, bytes, pieces }), transfer);
  }

  /** A tree blob that was claimed. `bytes` is given away. Trees go to one thread, so that they share packs. */
  tree(id: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Promise<BatchResult> {
    this.#start();
    const writer = this.#writers[0] ?? this.#writer();
    return this.#submit(writer, 0, (batch) => ({ kind: 'tree', batch, id, bytes }), [bytes.buffer]);
  }

  /** Closes all open packs and waits until every pack is stored. */
  async finish(): Promise<void> {
    await Promise.all(
      this.#writers.map((writer) => this.#submit(writer, 0, (batch) => ({ kind: 'finish', batch }), [])),
    );
    while (this.#packs > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    this.#throwIfFailed();
  }

  /** Ends the threads; whatever they had open is gone. When it resolves nothing is on its way to the storage any more. */
  async close(): Promise<void> {
    this.#run.signal.removeEventListener('abort', this.#onAbort);
    const writers = this.#writers;
    this.#writers = [];
    await Promise.all(writers.map(({ thread }) => thread.end()));
    while (this.#packs > 0) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #start(): void {
    this.#throwIfFailed();
    if (this.#writers.length > 0) return;
    const segments = this.#options.table.segments();
    for (let number = 0; number < this.#options.threads; number++) {
      const setup: WriterSetup = { ...this.#options.setup, segments, packsAway: this.#options.packsInFlight };
      const thread = startThread(threadFile('writer-thread', import.meta.url), { setup, resourceLimits });
      const { worker } = thread;
      worker.on('message', (message: FromWriter) => this.#receive(message, thread));
      worker.on('error', (error) => this.#fail(asFault(error)));
      this.#writers.push({ thread, outstanding: 0, segments: segments.length });
    }
  }

  #leastBusy(): Writer | undefined {
    if (this.#writers.length === 0) this.#start();
    const least = this.#writers.reduce((best, writer) => (writer.outstanding < best.outstanding ? writer : best));
    return least.outstanding < batchesPerThread ? least : undefined;
  }

  #writer(): Writer {
    const writer = this.#leastBusy() ?? this.#writers[this.#batches % this.#writers.length];
    if (writer === undefined) throw new Fault('internal', 'no writer thread could be started');
    return writer;
  }

  #submit(
    writer: Writer,
    blobs: number,
    make: (batch: number) => ToWriter,
    transfer: readonly ArrayBuffer[],
  ): Promise<BatchResult> {
    this.#throwIfFailed();
    const batch = ++this.#batches;
    this.#boundOutstanding += blobs;
    this.#options.table.reserve(this.#boundOutstanding);
    const segments = this.#options.table.segments();
    if (writer.segments < segments.length) {
      writer.thread.worker.postMessage({ kind: 'segments', segments } satisfies ToWriter);
      writer.segments = segments.length;
    }
    writer.outstanding++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(batch, { writer, blobs, resolve, reject });
      writer.thread.worker.postMessage(make(batch), [...transfer]);
    });
  }

  #receive(message: FromWriter, from: Thread): void {
    switch (message.kind) {
      case 'done':
        return this.#settle(message);
      case 'pack':
        return this.#store(message, from);
      case 'failed':
        return this.#fail(revivedFault(message.fault));
    }
  }

  #settle(done: BatchDone): void {
    const waiting = this.#waiting.get(done.batch);
    if (waiting === undefined) return;
    this.#waiting.delete(done.batch);
    waiting.writer.outstanding--;
    this.#boundOutstanding -= waiting.blobs;
    this.newBlobs += done.newBlobs;
    waiting.resolve({ outcomes: done.outcomes, ids: done.ids });
    this.#wakeAll();
  }

  #store(message: Extract<FromWriter, { kind: 'pack' }>, from: Thread): void {
    if (this.#failure !== undefined) return;
    this.#packs++;
    const { type, id, bytes, plainBytes } = message;
    const pack = { type, id, bytes, plainBytes, blobs: decodePackHeader(message.header) };
    this.#options.storePack(pack).then(
      () => {
        this.#packs--;
        if (bytes.buffer instanceof ArrayBuffer) {
          from.worker.postMessage({ kind: 'recycle', buffer: bytes.buffer } satisfies ToWriter, [bytes.buffer]);
          from.call();
        }
        this.#wakeAll();
      },
      (error: unknown) => {
        this.#packs--;
        this.#fail(asFault(error));
      },
    );
  }

  #fail(fault: Fault): void {
    this.#failure ??= fault;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
    this.#wakeAll();
  }

  #wakeAll(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
