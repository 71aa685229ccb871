import type { Run } from '../../../contract/run.ts';
import type { Content, Delivery, ReadRequest, Source, Verdict } from '../../../contract/source.ts';
import type { Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { FileStamp } from './file-content.ts';
import { revivedFault } from '../plain-fault.ts';
import type { FileTask, StreamPiece } from './writer-messages.ts';
import type { BatchResult, WriterPool } from './writer-pool.ts';

/** What became of a content. */
export type StoredContent =
  | {
      readonly kind: 'stored';
      /** Ids of its blobs, 32 bytes each. */
      readonly ids: Uint8Array;
      readonly bytes: number;
      /** Of a local file: what fstat said after it was read, where that is not what the listing said. */
      readonly stamp: FileStamp | undefined;
      readonly changed: boolean;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: Fault };

interface Pending {
  readonly entry: Entry;
  readonly content: Content;
  readonly resolve: (stored: StoredContent) => void;
  readonly reject: (fault: unknown) => void;
}

interface Stream {
  readonly thread: number;
  readonly stream: number;
}

interface Ending {
  readonly pending: Pending;
  readonly verdict: Verdict;
}

interface PieceGroup {
  readonly pieces: StreamPiece[];
  readonly endings: Ending[];
}

const filesPerBatch = 128;
const bytesPerBatch = 4 * 1_048_576;
/** A source that is asked for many entries at once can find its own best order. */
const requestsPerRead = 2000;

const taskOf = ({ entry, content }: Pending): FileTask => ({
  file: content.kind === 'local-file' ? content.file : '',
  size: entry.size,
  mtime: entry.mtime,
  ctime: entry.ctime,
  inode: entry.inode,
});

/** Contents on their way to the writer threads: local files in batches, others as the source delivers them. */
export class ContentQueue {
  readonly #pool: WriterPool;
  readonly #source: Source;
  readonly #run: Run;
  #files: Pending[] = [];
  #deliveries: Pending[] = [];
  readonly #last: Pending[] = [];
  #streams = 0;

  constructor(pool: WriterPool, source: Source, run: Run) {
    this.#pool = pool;
    this.#source = source;
    this.#run = run;
  }

  /** Queues a content. It is worked on once `drain` or `flush` comes to it. */
  add(entry: Entry, content: Content): Promise<StoredContent> {
    return new Promise((resolve, reject) => {
      this.#queueOf(content).push({ entry, content, resolve, reject });
    });
  }

  #queueOf(content: Content): Pending[] {
    if (content.kind === 'local-file') return this.#files;
    return content.kind === 'delivered' && content.last === true ? this.#last : this.#deliveries;
  }

  /** The same at once and alone: for an entry that has moved while its batch was on the way. */
  async addNow(entry: Entry, content: Content): Promise<StoredContent> {
    const stored = new Promise<StoredContent>((resolve, reject) => {
      const pending = { entry, content, resolve, reject };
      if (content.kind === 'local-file') this.#submit([pending]);
      else void this.#deliver([pending]).catch(reject);
    });
    return stored;
  }

  /** Hands out all full batches, as the threads can take them. */
  async drain(): Promise<void> {
    for (let batch = this.#fullBatch(false); batch.length > 0; batch = this.#fullBatch(false)) {
      await this.#pool.ready();
      this.#submit(batch);
    }
    while (this.#deliveries.length >= requestsPerRead) await this.#deliver(this.#deliveries.splice(0, requestsPerRead));
  }

  /** Hands out everything that is queued. */
  async flush(): Promise<void> {
    for (let batch = this.#fullBatch(true); batch.length > 0; batch = this.#fullBatch(true)) {
      await this.#pool.ready();
      this.#submit(batch);
    }
    while (this.#deliveries.length > 0) await this.#deliver(this.#deliveries.splice(0, requestsPerRead));
    while (this.#last.length > 0) await this.#deliver(this.#last.splice(0, requestsPerRead));
  }

  #fullBatch(anySize: boolean): Pending[] {
    let bytes = 0;
    let files = 0;
    while (files < this.#files.length && files < filesPerBatch && bytes < bytesPerBatch) {
      bytes += this.#files[files]?.entry.size ?? 0;
      files++;
    }
    const full = files === filesPerBatch || bytes >= bytesPerBatch;
    return full || anySize ? this.#files.splice(0, files) : [];
  }

  #submit(batch: readonly Pending[]): void {
    this.#pool.files(batch.map(taskOf)).then(
      (result) => settle(batch, result),
      (fault: unknown) => {
        for (const pending of batch) pending.reject(fault);
      },
    );
  }

  async #deliver(batch: readonly Pending[]): Promise<void> {
    const requests: ReadRequest[] = batch.map(({ entry, content }) => ({ entry, content }));
    const streams = new Map<number, Stream>();
    const open = new Set(batch);
    try {
      for await (const delivery of this.#source.read(requests, 'in-order', this.#run)) {
        await this.#pool.ready();
        this.#route(delivery, batch, streams);
        for (const { request } of delivery.verdicts) {
          const ended = batch[request];
          if (ended !== undefined) open.delete(ended);
        }
      }
    } catch (error) {
      for (const pending of open) pending.reject(error);
      throw error;
    }
    for (const { entry, reject } of open) reject(new Fault('internal', `the source gave no verdict on ${entry.name}`));
  }

  /** Pieces that begin in one delivery go to one thread, so that its bytes are handed on without a copy. */
  #route(delivery: Delivery, batch: readonly Pending[], streams: Map<number, Stream>): void {
    const newcomers = this.#pool.streamThread();
    const byThread = new Map<number, PieceGroup>();
    const groupOf = (thread: number): PieceGroup => {
      const group = byThread.get(thread) ?? { pieces: [], endings: [] };
      byThread.set(thread, group);
      return group;
    };
    const streamOf = (request: number): Stream => {
      const stream = streams.get(request) ?? { thread: newcomers, stream: ++this.#streams };
      streams.set(request, stream);
      return stream;
    };
    for (const piece of delivery.pieces) {
      const { thread, stream } = streamOf(piece.request);
      const { start, length, isLast = false } = piece;
      groupOf(thread).pieces.push({ stream, start, length, isLast, end: undefined });
    }
    for (const { request, verdict } of delivery.verdicts) {
      const pending = batch[request];
      if (pending === undefined) continue;
      const { thread, stream } = streamOf(request);
      const keep = verdict.kind === 'complete' || verdict.kind === 'changed';
      const group = groupOf(thread);
      group.pieces.push({ stream, start: 0, length: 0, isLast: false, end: keep ? 'keep' : 'drop' });
      if (keep) group.endings.push({ pending, verdict });
      else pending.resolve(verdict.kind === 'failed' ? { kind: 'failed', fault: verdict.fault } : { kind: 'gone' });
    }
    const shared = delivery.bytes.buffer instanceof SharedArrayBuffer;
    const done = [...byThread].map(([thread, group]) => {
      const given = shared ? delivery.bytes : ownBytes(delivery.bytes, byThread.size === 1);
      return this.#submitPieces(thread, given, group);
    });
    // Shared memory is lent until all threads are through with it; anything else was given away or copied.
    if (shared) void Promise.all(done).then(delivery.recycle);
    else delivery.recycle?.();
  }

  #submitPieces(thread: number, bytes: Uint8Array, { pieces, endings }: PieceGroup): Promise<void> {
    return this.#pool.pieces(thread, bytes, pieces).then(
      (result) => settleStreams(endings, result),
      (fault: unknown) => {
        for (const { pending } of endings) pending.reject(fault);
      },
    );
  }
}

/** What lies in a larger buffer may be one of many parts of it (Node's pool, the output of zlib), and is copied. */
const ownBytes = (bytes: Uint8Array, isAlone: boolean): Uint8Array => {
  const own = isAlone && bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return own ? bytes : new Uint8Array(bytes);
};

const settle = (batch: readonly Pending[], result: BatchResult): void => {
  let at = 0;
  for (const [number, pending] of batch.entries()) {
    const outcome = result.outcomes[number];
    if (outcome === undefined) pending.reject(new Fault('internal', 'a writer thread lost a file'));
    else if (outcome.kind === 'gone') pending.resolve({ kind: 'gone' });
    else if (outcome.kind === 'failed') pending.resolve({ kind: 'failed', fault: revivedFault(outcome.fault) });
    else {
      const ids = result.ids.subarray(at, at + outcome.blobs * 32);
      at += ids.length;
      pending.resolve({
        kind: 'stored',
        ids,
        bytes: outcome.bytes,
        stamp: outcome.stamp,
        changed: outcome.changed,
      });
    }
  }
};

const settleStreams = (endings: readonly Ending[], result: BatchResult): void => {
  let at = 0;
  for (const [number, { pending, verdict }] of endings.entries()) {
    const outcome = result.outcomes[number];
    if (outcome?.kind !== 'stored') {
      pending.reject(new Fault('internal', 'a writer thread lost a content'));
      continue;
    }
    const ids = result.ids.subarray(at, at + outcome.blobs * 32);
    at += ids.length;
    const expected = verdict.kind === 'complete' || verdict.kind === 'changed' ? verdict.bytes : -1;
    if (outcome.bytes === expected) {
      pending.resolve({ kind: 'stored', ids, bytes: expected, stamp: undefined, changed: verdict.kind === 'changed' });
    } else {
      const message = `the source delivered ${outcome.bytes} bytes and called it ${expected}`;
      pending.resolve({ kind: 'failed', fault: new Fault('entry-unreadable', message) });
    }
  }
};
