import { parentPort, workerData } from 'node:worker_threads';
import { asFault } from '../../model/fault.ts';
import { openBlobs } from './blob-opener.ts';
import { createDecompressor } from './compression.ts';
import { loadPoly1305 } from './poly1305.ts';
import type { OpenJob, ReaderSetup } from './reader-messages.ts';
import { createBatchSealer } from './seal-batch.ts';
import { plainFault } from './plain-fault.ts';

/* A reader thread: sealed stretches of packs come in, checked plaintexts go out. It never touches storage. */

const isSetup = (value: unknown): value is ReaderSetup =>
  typeof value === 'object' && value !== null && 'master' in value;

const start = async (): Promise<void> => {
  const port = parentPort;
  if (port === null || !isSetup(workerData)) return;
  const sealer = createBatchSealer(workerData.master, await loadPoly1305());
  const decompressor = createDecompressor();
  port.on('message', (job: OpenJob) => {
    try {
      const opened = openBlobs(job, sealer, decompressor);
      port.postMessage({ kind: 'done', job: job.job, result: opened }, [opened.bytes.buffer]);
    } catch (error) {
      port.postMessage({ kind: 'failed', job: job.job, fault: plainFault(asFault(error)) });
    }
  });
};

await start();
