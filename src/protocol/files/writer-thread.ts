import { parentPort, workerData } from 'node:worker_threads';
import { loadPosix } from '../../system/posix.ts';
import { createFileWriter } from './file-writer.ts';
import { startedReply, type WriterBatch, type WriterReply, type WriterSetup } from './writer-job.ts';

/** Runs in a thread of its own: takes batches from its parent, answers each. */
const work = async (port: NonNullable<typeof parentPort>, setup: WriterSetup): Promise<void> => {
  const stopped = (): boolean => Atomics.load(setup.stop, 0) !== 0;
  const write = createFileWriter(setup.posix ? await loadPosix() : undefined, stopped);
  port.on('message', ({ id, bytes, jobs }: WriterBatch) => {
    const reply: WriterReply = { id, outcomes: write(bytes, jobs) };
    // Lets go of the memory now; the collector of a thread that makes little garbage comes late.
    if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
    port.postMessage(reply);
  });
  port.postMessage(startedReply);
};

const isSetup = (data: unknown): data is WriterSetup =>
  typeof data === 'object' && data !== null && 'posix' in data && 'stop' in data && data.stop instanceof Int32Array;

const given: unknown = workerData;
if (parentPort !== null && isSetup(given)) await work(parentPort, given);
