import { loadPosix } from '../../../system/posix.ts';
import { serveThread } from '../../../system/thread.ts';
import { checkFiles } from './check-files.ts';
import { diskAbilities } from './disk-metadata.ts';
import { createFileReader } from '../../../system/hash-file.ts';
import { mirrorFolder } from './mirror-folder.ts';
import type { DiskJob, FromThread, JobReply, ThreadSetup } from './page-job.ts';
import { createPagePlacer } from './page-placer.ts';
import type { PlacingTools } from './place-file.ts';
import { systemFailure } from './system-failure.ts';

/** Runs in a thread of its own: one job after another, nothing awaited. */

const isSetup = (value: unknown): value is ThreadSetup =>
  typeof value === 'object' && value !== null && 'purpose' in value && value.purpose === 'dated disk';

const isMessage = (value: unknown): value is DiskJob =>
  typeof value === 'object' && value !== null && 'kind' in value && 'id' in value;

const pathOf = (job: DiskJob): string => (job.kind === 'page' ? job.target : job.kind === 'mirror' ? job.to : job.root);

const buffersOf = (reply: JobReply): ArrayBuffer[] =>
  reply.kind === 'page'
    ? [reply.checksums, reply.written, ...(reply.frame === undefined ? [] : [reply.frame])].flatMap(({ buffer }) =>
        buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : [],
      )
    : [];

await serveThread({ isSetup, isMessage }, async ({ copies, stop }, port) => {
  const stopped = (): boolean => Atomics.load(stop, 0) !== 0;
  const reader = createFileReader(stopped);
  const posix = await loadPosix();
  const tools: PlacingTools = { reader, abilities: diskAbilities(posix), born: undefined };
  const forget = posix === undefined ? undefined : (descriptor: number): void => posix.forgetPages(descriptor);
  const placePage = createPagePlacer({ tools, copies, stopped });
  const work = (job: DiskJob): JobReply => {
    switch (job.kind) {
      case 'page':
        return placePage(job);
      case 'mirror':
        return mirrorFolder(job, { copies, stopped });
      case 'check':
        return checkFiles(job, { reader, stopped, forget });
    }
  };
  return (job) => {
    const { id } = job;
    let answer: FromThread;
    try {
      answer = { id, reply: work(job) };
    } catch (error) {
      answer = { id, failure: systemFailure(error, pathOf(job)) };
    }
    port.postMessage(answer, 'reply' in answer ? buffersOf(answer.reply) : []);
  };
});
