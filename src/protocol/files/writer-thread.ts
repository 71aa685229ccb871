import { parentPort, workerData } from 'node:worker_threads';
import { loadPosix } from '../../system/posix.ts';
import { createFileWriter } from './file-writer.ts';
import type { WriterBatch, WriterReply, WriterSetup } from './writer-job.ts';

/** Runs in a thread of its own: takes batches from its parent, answers each. */
const work = async (port: NonNullable<typeof parentPort>, setup: WriterSetup): Promise<void> => {
  const write = createFileWriter(setup.posix ? await loadPosix() : undefined);
  port.on('message', ({ id, bytes, jobs }: WriterBatch) => {
    const reply: WriterReply = { id, outcomes: write(bytes, jobs) };
    port.postMessage(reply);
  });
};

const isSetup = (data: unknown): data is WriterSetup =>
  typeof data === 'object' && data !== null && 'posix' in data && typeof data.posix === 'boolean';

const given: unknown = workerData;
if (parentPort !== null && isSetup(given)) await work(parentPort, given);
