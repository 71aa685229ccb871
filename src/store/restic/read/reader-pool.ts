import type { MasterKey } from '../sealing/envelope.ts';
import { threadFile, ThreadPool } from '../thread-pool.ts';
import type { OpenedBlobs, OpenJob } from './reader-messages.ts';

export type ReaderPool = ThreadPool<OpenJob, OpenedBlobs>;

/** Threads that open blobs. */
export const createReaderPool = (master: MasterKey, threads: number): ReaderPool =>
  new ThreadPool(threadFile('reader-thread', import.meta.url), { threads, setup: { master } });
