import { openBlobs } from './blob-opener.ts';
import { createDecompressor } from '../sealing/compression.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { transferable } from './memory-pool.ts';
import type { OpenJob } from './reader-messages.ts';
import { createBatchSealer } from '../sealing/seal-batch.ts';
import { answerJobs } from '../thread-answer.ts';

/* A reader thread: sealed stretches of packs come in, checked plaintexts go out. It never touches storage. */

await answerJobs(async ({ master }) => {
  const tools = { sealer: createBatchSealer(master, await loadPoly1305()), decompressor: createDecompressor() };
  return (job: OpenJob) => {
    const result = openBlobs(job, tools);
    return { result, transfer: transferable(result.bytes) };
  };
});
