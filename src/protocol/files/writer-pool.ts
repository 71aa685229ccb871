import { asFault, type Fault } from '../../model/fault.ts';
import { startThread, type Thread } from '../../system/thread.ts';
import type { WriterBatch, WriterJob, WriterOutcome, WriterReply, WriterSetup } from './writer-job.ts';

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
  const underWay = new Map<number, { readonly work: WriterWork; readonly writer: Writer }>();
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
    entry.writer.load -= cost(entry.work);
    entry.work.recycle?.();
    try {
      entry.work.done(outcomes);
    } catch (error) {
      fail(error);
    }
    awaken();
  };

  const crew = Array.from({ length: Math.max(1, threads) }, () => startWriter(setup, { answer, fail }));

  const until = async (ready: () => boolean): Promise<void> => {
    while (broken === undefined && !ready()) await new Promise<void>((resolve) => wake.push(resolve));
    if (broken !== undefined) throw broken;
  };

  return {
    write: async (work) => {
      if (broken !== undefined) throw broken;
      const writer = crew.reduce((least, candidate) => (candidate.load < least.load ? candidate : least));
      const batch: WriterBatch = { id: ++next, bytes: work.bytes, jobs: work.jobs };
      underWay.set(batch.id, { work, writer });
      weight += work.weight;
      writer.load += cost(work);
      const { buffer } = work.bytes;
      writer.thread.worker.postMessage(batch, buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : []);
      await until(() => weight < bytesUnderWay && underWay.size < batchesUnderWay);
    },
    settled: () => until(() => underWay.size === 0),
    stop: () => {
      Atomics.store(setup.stop, 0, 1);
    },
    close: async () => {
      await Promise.all(crew.map(({ thread }) => thread.end()));
    },
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

const startWriter = (setup: WriterSetup, { answer, fail }: Listeners): Writer => {
  const thread = startThread(entrance(), { setup, resourceLimits });
  thread.worker.on('message', answer);
  thread.worker.on('error', fail);
  thread.worker.on('messageerror', fail);
  return { thread, load: 0 };
};

interface Writer {
  readonly thread: Thread;
  load: number;
}

/** A file costs about as much as 64 kB of writing. */
const cost = ({ weight, jobs }: WriterWork): number => weight + jobs.length * 65_536;
