import { createDecompressor } from '../sealing/compression.ts';
import { createEnvelope } from '../sealing/envelope.ts';
import { verifyPack } from './pack-verifier.ts';
import { createBatchSealer } from '../sealing/seal-batch.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { answerJobs } from '../thread-answer.ts';
import type { VerifyJob } from './verify-messages.ts';

/* A verifying thread: whole packs come in, what is wrong with them goes out. */

await answerJobs(async ({ master }) => {
  const poly1305 = await loadPoly1305();
  const tools = {
    envelope: createEnvelope(master, poly1305),
    sealer: createBatchSealer(master, poly1305),
    decompressor: createDecompressor(),
  };
  return (job: VerifyJob) => ({ result: verifyPack(job, tools), transfer: [] });
});
