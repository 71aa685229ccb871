import { openBlobs } from './blob-opener.ts';
import { loadOpeningTools } from '../sealing/opening-tools.ts';
import { transferable } from '../../../system/memory-pool.ts';
import type { OpenJob } from './reader-messages.ts';
import { answerJobs } from '../thread-answer.ts';

/* A reader thread: sealed stretches of packs come in, checked plaintexts go out. It never touches storage. */

await answerJobs(async ({ master }) => {
  const tools = await loadOpeningTools(master);
  return (job: OpenJob) => {
    const result = openBlobs(job, tools);
    return { result, transfer: transferable(result.bytes) };
  };
});
