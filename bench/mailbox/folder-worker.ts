import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { folderWriter } from './folder.ts';
import { type FolderPlan, type MailboxOptions, planFolders } from './plan.ts';

/** What a worker is started with; `next` is a shared counter of the folders that are taken. */
export interface FolderWork {
  readonly options: MailboxOptions;
  readonly next: SharedArrayBuffer;
}

const folderWork: z.ZodType<FolderWork> = z.object({
  options: z.object({
    directory: z.string(),
    kind: z.enum(['standard', 'shared-attachments', 'tiny']),
    messages: z.number(),
    bytes: z.number(),
    folders: z.number(),
    seed: z.number(),
  }),
  next: z.instanceof(SharedArrayBuffer),
});

/** Takes folder after folder until none is left. */
function work(given: FolderWork, done: (folder: FolderPlan, bytes: number) => void): void {
  const next = new Int32Array(given.next);
  const folders = planFolders(given.options);
  const write = folderWriter(given.options);
  for (let index = Atomics.add(next, 0, 1); index < folders.length; index = Atomics.add(next, 0, 1)) {
    const folder = folders[index];
    if (folder !== undefined) done(folder, write(folder).bytes);
  }
}

const port = parentPort;
if (port !== null) {
  work(folderWork.parse(workerData), (folder, bytes) => port.postMessage({ messages: folder.messages, bytes }));
}
