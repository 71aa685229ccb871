import { Worker } from 'node:worker_threads';
import { asFault, type Fault } from '../../model/fault.ts';
import {
  startedReply,
  type WriterBatch,
  type WriterJob,
  type WriterOutcome,
  type WriterReply,
  type WriterSetup,
} from './writer-job.ts';

/** Threads that write files. */
export interface WriterPool {
  /**
   * Hands jobs and the bytes they need to the thread with the least to do. The buffer under `bytes` goes along and is
   * gone here. Resolves when there is room for more, not when it is done.
   */
  write(batch: WriterWork): Promise<void>;
  /** Resolves when all that was handed over is done. Rejects when a thread broke. */
  settled(): Promise<void>;
  /** Ends copies that are under way; they count as failed. All else is short. */
  stop(): void;
  close(): Promise<void>;
}

export interface WriterWork {
  readonly bytes: Uint8Array;
  readonly jobs: readonly WriterJob[];
  /** Bytes that these jobs keep busy, for the bound on what is under way. */
  readonly weight: number;
  /** Called when `bytes` were written. */
  readonly recycle?: () => void;
  readonly done: (outcomes: readonly WriterOutcome[]) => void;
}

const bytesUnderWay = 16 << 20;
/** What a thread makes is garbage soon: a small nursery stays in the processor's cache and is no burden on memory. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };
/** Each holds up to 64 directories open; a thousand descriptors is all that some systems give. */
const batchesUnderWay = 12;

export const createWriterPool = (threads: number, { posix }: { readonly posix: boolean }): WriterPool => {
  const setup: WriterSetup = { posix, stop: new Int32Array(new SharedArrayBuffer(4)) };
  const underWay = new Map<number, { readonly work: WriterWork; readonly thread: Thread }>();
  let weight = 0;
  let next = 0;
  let broken: Fault | undefined;
  const wake: (() => void)[] = [];

  const awaken = (): void => {
    for (const sleeper of wake.splice(0)) sleeper();
  };
  const fail = (thrown: unknown): void => {
    broken ??= asFault(thrown);
    awaken();
  };
  const answer = ({ id, outcomes }: WriterReply): void => {
    const entry = underWay.get(id);
    if (entry === undefined) return;
    underWay.delete(id);
    weight -= entry.work.weight;
    entry.thread.load -= cost(entry.work);
    entry.work.recycle?.();
    try {
      entry.work.done(outcomes);
    } catch (error) {
      fail(error);
    }
    awaken();
  };

  const crew = Array.from({ length: Math.max(1, threads) }, () => startThread(setup, { answer, fail }));

  const until = async (ready: () => boolean): Promise<void> => {
    while (broken === undefined && !ready()) await new Promise<void>((resolve) => wake.push(resolve));
    if (broken !== undefined) throw broken;
  };

  return {
    write: async (work) => {
      if (broken !== undefined) throw broken;
      const thread = crew.reduce((least, candidate) => (candidate.load < least.load ? candidate : least));
      const batch: WriterBatch = { id: ++next, bytes: work.bytes, jobs: work.jobs };
      underWay.set(batch.id, { work, thread });
      weight += work.weight;
      thread.load += cost(work);
      const { buffer } = work.bytes;
      thread.worker.postMessage(batch, buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : []);
      await until(() => weight < bytesUnderWay && underWay.size < batchesUnderWay);
    },
    settled: () => until(() => underWay.size === 0),
    stop: () => {
      Atomics.store(setup.stop, 0, 1);
    },
    close: () => endAll(crew),
  };
};

/** Compiled, this file and its neighbour have another suffix. */
const entrance = (): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL('./writer-thread.ts', import.meta.url)
    : new URL('./writer-thread.js', import.meta.url);

interface Listeners {
  readonly answer: (reply: WriterReply) => void;
  readonly fail: (thrown: unknown) => void;
}

const startThread = (setup: WriterSetup, { answer, fail }: Listeners): Thread => {
  // Without the flags of this process: some, such as --input-type, are no good for a thread.
  const worker = new Worker(entrance(), { workerData: setup, execArgv: [], resourceLimits });
  const started = Promise.withResolvers<void>();
  worker.on('message', (message: WriterReply | typeof startedReply) => {
    if (message === startedReply) started.resolve();
    else answer(message);
  });
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', () => started.resolve());
  return { worker, started: started.promise, load: 0 };
};

/** A thread that is ended while the addon registers in it would take the whole process with it: each is let start first. */
const endAll = async (crew: readonly Thread[]): Promise<void> => {
  await Promise.all(
    crew.map(async ({ worker, started }) => {
      await started;
      await worker.terminate();
    }),
  );
};

interface Thread {
  readonly worker: Worker;
  /** Resolves when it may be ended, or has ended by itself. */
  readonly started: Promise<void>;
  load: number;
}

/** A file costs about as much as 64 kB of writing. */
const cost = ({ weight, jobs }: WriterWork): number => weight + jobs.length * 65_536;
