import { interrupted, type Run } from '../../../contract/run.ts';
import { asFault, type Fault } from '../../../model/fault.ts';
import { startThread, type Thread } from '../../../system/thread.ts';
import type {
  CheckJob,
  CheckReply,
  DiskJob,
  FromThread,
  JobReply,
  MirrorJob,
  MirrorReply,
  PageJob,
  PageReply,
  SystemFailure,
  ThreadSetup,
} from './page-job.ts';
import { faultOfFailure } from './system-failure.ts';

/** Threads that work on the disk. */
export interface DiskPool {
  /** Resolves when there is room for one more job. */
  room(): Promise<void>;
  place(job: Omit<PageJob, 'id' | 'kind'>): Promise<PageReply>;
  mirror(job: Omit<MirrorJob, 'id' | 'kind'>): Promise<MirrorReply>;
  check(job: Omit<CheckJob, 'id' | 'kind'>): Promise<CheckReply>;
  /** Ends the threads; what is under way is not done. */
  close(): Promise<void>;
}

/** So that a thread finds its next job when it is through with one, and little waits in memory. */
const jobsPerThread = 3;
/** What a thread makes is garbage soon: a small nursery stays in the processor's cache and is no burden on memory. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

interface Waiting {
  readonly worker: Worker;
  readonly resolve: (reply: JobReply) => void;
  readonly reject: (fault: Fault) => void;
}

interface Worker {
  readonly thread: Thread;
  load: number;
}

export interface DiskPoolOptions {
  readonly threads: number;
  readonly copies: boolean;
}

export const startDiskPool = ({ threads, copies }: DiskPoolOptions, run: Run): DiskPool => {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const setup: ThreadSetup = { purpose: 'dated disk', copies, stop };
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let broken: Fault | undefined;
  let sleepers: (() => void)[] = [];

  const awaken = (): void => {
    const woken = sleepers;
    sleepers = [];
    for (const wake of woken) wake();
  };
  const breakAll = (thrown: unknown): void => {
    broken ??= asFault(thrown);
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
    awaken();
  };
  const take = (answer: FromThread): void => {
    const entry = waiting.get(answer.id);
    if (entry === undefined) return;
    waiting.delete(answer.id);
    entry.worker.load--;
    if ('reply' in answer) entry.resolve(answer.reply);
    else entry.reject(failed(answer.failure, run));
    awaken();
  };
  const crew = Array.from({ length: threads }, () => startWorker(setup, { take, breakAll }));
  const onAbort = (): void => {
    Atomics.store(stop, 0, 1);
  };
  run.signal.addEventListener('abort', onAbort, { once: true });
  if (run.signal.aborted) onAbort();

  const send = (job: DiskJob): Promise<JobReply> => {
    if (broken !== undefined) return Promise.reject(broken);
    const worker = crew.reduce((least, candidate) => (candidate.load < least.load ? candidate : least));
    worker.load++;
    const answer = new Promise<JobReply>((resolve, reject) => waiting.set(job.id, { worker, resolve, reject }));
    worker.thread.worker.postMessage(job);
    return answer;
  };
  return {
    room: async () => {
      while (broken === undefined && waiting.size >= threads * jobsPerThread) {
        await new Promise<void>((resolve) => sleepers.push(resolve));
      }
      if (broken !== undefined) throw broken;
    },
    place: async (job) => expectKind('page', await send({ ...job, kind: 'page', id: ++next })),
    mirror: async (job) => expectKind('mirror', await send({ ...job, kind: 'mirror', id: ++next })),
    check: async (job) => expectKind('check', await send({ ...job, kind: 'check', id: ++next })),
    close: async () => {
      run.signal.removeEventListener('abort', onAbort);
      Atomics.store(stop, 0, 1);
      await Promise.all(crew.map(({ thread }) => thread.end()));
    },
  };
};

const expectKind = <Kind extends JobReply['kind']>(kind: Kind, reply: JobReply): Extract<JobReply, { kind: Kind }> => {
  if (isOfKind(reply, kind)) return reply;
  throw asFault(new Error(`a thread answered ${reply.kind} when asked for ${kind}`));
};

const isOfKind = <Kind extends JobReply['kind']>(
  reply: JobReply,
  kind: Kind,
): reply is Extract<JobReply, { kind: Kind }> => reply.kind === kind;

const failed = (failure: SystemFailure, run: Run): Fault =>
  run.signal.aborted ? interrupted(run.signal.reason) : faultOfFailure(failure, 'write to the disk at');

/** Compiled, this file and its neighbour have another suffix. */
const entrance = (): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL('./disk-thread.ts', import.meta.url)
    : new URL('./disk-thread.js', import.meta.url);

interface Listeners {
  readonly take: (answer: FromThread) => void;
  readonly breakAll: (thrown: unknown) => void;
}

const startWorker = (setup: ThreadSetup, { take, breakAll }: Listeners): Worker => {
  const thread = startThread(entrance(), { setup, resourceLimits });
  thread.worker.on('message', take);
  thread.worker.on('error', breakAll);
  thread.worker.on('messageerror', breakAll);
  return { thread, load: 0 };
};
