import { loadPosix } from '../../system/posix.ts';
import { serveThread } from '../../system/thread.ts';
import { createFileWriter } from './file-writer.ts';
import type { WriterBatch, WriterReply, WriterSetup } from './writer-job.ts';

const isSetup = (data: unknown): data is WriterSetup =>
  typeof data === 'object' && data !== null && 'posix' in data && 'stop' in data && data.stop instanceof Int32Array;

const isMessage = (data: unknown): data is WriterBatch => typeof data === 'object' && data !== null && 'jobs' in data;

/** Runs in a thread of its own: takes batches from its parent, answers each. */
await serveThread({ isSetup, isMessage }, async (setup, port) => {
  const stopped = (): boolean => Atomics.load(setup.stop, 0) !== 0;
  const write = createFileWriter(setup.posix ? await loadPosix() : undefined, stopped);
  return ({ id, bytes, jobs }) => {
    const reply: WriterReply = { id, outcomes: write(bytes, jobs) };
    // Lets go of the memory now; the collector of a thread that makes little garbage comes late.
    if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
    port.postMessage(reply);
  };
});
