import { asFault } from '../../model/fault.ts';
import { serveThread } from '../../system/thread.ts';
import type { MasterKey } from './sealing/envelope.ts';
import { plainFault } from './plain-fault.ts';
import type { ThreadAnswer } from './thread-pool.ts';

/** What the threads of a pool are born with. */
export interface ThreadSetup {
  readonly master: MasterKey;
}

const isSetup = (value: unknown): value is ThreadSetup =>
  typeof value === 'object' && value !== null && 'master' in value;

/** A job's work: the result, and what of it is given away. */
export type Work<Job, Result> = (job: Job) => { readonly result: Result; readonly transfer: readonly ArrayBuffer[] };

/** The other side of a ThreadPool: answers each job by what `prepare` has made, and turns what it throws into a Fault. */
export const answerJobs = async <Job extends { readonly job: number }, Result>(
  prepare: (setup: ThreadSetup) => Promise<Work<Job, Result>>,
): Promise<void> => {
  const isMessage = (value: unknown): value is Job => typeof value === 'object' && value !== null && 'job' in value;
  await serveThread({ isSetup, isMessage }, async (setup, port) => {
    const work: Work<Job, Result> = await prepare(setup);
    const post = (answer: ThreadAnswer<Result>, transfer: readonly ArrayBuffer[] = []): void =>
      port.postMessage(answer, [...transfer]);
    return (job) => {
      try {
        const { result, transfer } = work(job);
        post({ kind: 'done', job: job.job, result }, transfer);
      } catch (error) {
        post({ kind: 'failed', job: job.job, fault: plainFault(asFault(error)) });
      }
    };
  });
};
