import { createEnvelope } from '../sealing/envelope.ts';
import { verifyPack } from './pack-verifier.ts';
import { loadOpeningTools } from '../sealing/opening-tools.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { answerJobs } from '../thread-answer.ts';
import type { VerifyJob } from './verify-messages.ts';

/* A verifying thread: whole packs come in, what is wrong with them goes out. */

await answerJobs(async ({ master }) => {
  const envelope = createEnvelope(master, await loadPoly1305());
  const tools = { ...(await loadOpeningTools(master)), envelope };
  return (job: VerifyJob) => ({ result: verifyPack(job, tools), transfer: [] });
});
