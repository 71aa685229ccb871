import { interrupted, type Run } from '../../contract/run.ts';
import { asFault, type Fault, isFault } from '../../model/fault.ts';
import type { JobRecord } from '../../model/run-record.ts';
import type { AccountCapture } from '../capture-account.ts';
import { type JobOutcome, jobResult } from './job-record.ts';

/** A source of the configuration that a run captures. */
export interface NightJob {
  readonly name: string;
  readonly kind: JobRecord['kind'];
  readonly host: string;
  /** The repository that it goes to, by its name. */
  readonly repository: string;
}

/** An open repository, as captures need it. */
export interface CapturePlace<Job> {
  capture(job: Job, run: Run): Promise<AccountCapture>;
  /** When the newest good snapshot of each job was made, in milliseconds; in the order of the jobs. */
  lastGood(jobs: readonly Job[], run: Run): Promise<readonly (number | undefined)[]>;
}

export interface CaptureJobsParts<Job> {
  /** Opens the repository that these jobs go to for as long as `work` lasts. */
  withPlace(jobs: readonly Job[], work: (place: CapturePlace<Job>) => Promise<void>): Promise<void>;
  /** Called as soon as it is known. */
  tell(job: Job, outcome: JobOutcome): void;
  /** What an earlier run knew of the age of the last good snapshot, where the repository cannot be asked. */
  lastGoodBefore(job: Job): number | undefined;
}

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

type Unfinished = Omit<JobRecord, 'lastGood'>;

/** Captures the jobs of one repository. */
class RepositoryJobs<Job extends NightJob> {
  readonly #parts: CaptureJobsParts<Job>;
  readonly #run: Run;
  readonly #records = new Map<Job, Unfinished>();
  isOpened = false;

  constructor(parts: CaptureJobsParts<Job>, run: Run) {
    this.#parts = parts;
    this.#run = run;
  }

  async captureAll(jobs: readonly Job[]): Promise<readonly JobRecord[]> {
    let ages: readonly (number | undefined)[] | undefined;
    try {
      await this.#parts.withPlace(jobs, async (place) => {
        this.isOpened = true;
        for (const job of jobs) await this.#capture(job, place);
        ages = await place.lastGood(jobs, this.#run);
      });
    } catch (error) {
      this.#failRest(jobs, asFault(error));
    }
    return jobs.flatMap((job, number) => {
      const record = this.#records.get(job);
      if (record === undefined) return [];
      const lastGood = ages === undefined ? this.#parts.lastGoodBefore(job) : ages[number];
      return [lastGood === undefined ? record : { ...record, lastGood }];
    });
  }

  async #capture(job: Job, place: CapturePlace<Job>): Promise<void> {
    this.#run.emit({ kind: 'phase', phase: job.name });
    const started = milliseconds(this.#run);
    try {
      this.#note(job, started, { kind: 'captured', capture: await place.capture(job, this.#run) });
    } catch (error) {
      const fault = asFault(error);
      this.#note(job, started, { kind: 'failed', fault });
      if (isFault(fault, 'interrupted')) throw fault;
    }
  }

  /** Where the repository cannot be opened, or the run was interrupted, none of the rest could be captured. */
  #failRest(jobs: readonly Job[], fault: Fault): void {
    const rest = jobs.filter((job) => !this.#records.has(job));
    for (const job of rest) this.#note(job, milliseconds(this.#run), { kind: 'failed', fault });
    // All were captured, and closing has failed: no snapshot is the worse for it.
    if (rest.length === 0) this.#run.emit({ kind: 'fault', fault });
  }

  #note(job: Job, started: number, outcome: JobOutcome): void {
    const { name, kind, host, repository } = job;
    const ended = milliseconds(this.#run);
    this.#records.set(job, { name, kind, host, repository, started, ended, ...jobResult(outcome) });
    this.#parts.tell(job, outcome);
  }
}

/**
 * Captures every job, those of one repository one after another while it is open. One that fails stops no other. `record`
 * is called with each as it is done. Returns the repositories that could be opened, by their names. Fault `interrupted`: what
 * was not captured is recorded as failed all the same.
 */
export const captureJobs = async <Job extends NightJob>(
  jobs: readonly Job[],
  parts: CaptureJobsParts<Job> & { record(job: JobRecord): void },
  run: Run,
): Promise<readonly string[]> => {
  const opened: string[] = [];
  for (const group of Object.values(Object.groupBy(jobs, ({ repository }) => repository))) {
    if (group === undefined) continue;
    const together = new RepositoryJobs(parts, run);
    for (const record of await together.captureAll(group)) parts.record(record);
    const [first] = group;
    if (together.isOpened && first !== undefined) opened.push(first.repository);
  }
  if (run.signal.aborted) throw interrupted(run.signal.reason);
  return opened;
};
