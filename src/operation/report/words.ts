import type { BrakeReason } from '../../model/damage-brake.ts';
import type { LackReason, RunVerdict, SkipReason, StepName, StepOutcome } from '../../model/run-record.ts';
import type { DrillWords } from './drill-words.ts';
import type { ServerWords } from './server-words.ts';

/** All that a report says in a language. Numbers, bytes and times come as they are; names and sentences are foreign text. */
export interface ReportWords extends ServerWords, DrillWords {
  readonly reportLanguage: () => 'en' | 'ja';
  /** Several facts on one line. */
  readonly reportJoined: (facts: readonly string[]) => string;
  /** The one line that is read when no other is. `needs`: how many things need a person. */
  readonly reportHeadline: (facts: HeadlineFacts) => string;
  readonly reportMaintained: (verdict: RunVerdict, needs: number) => string;
  readonly reportWhen: (machine: string, started: string, duration: string) => string;
  readonly reportRuns: (runs: number, failed: number) => string;

  readonly reportNeedsTitle: () => string;
  readonly reportJobsTitle: () => string;
  readonly reportRepositoriesTitle: () => string;
  readonly reportNoticesTitle: () => string;

  readonly needRunFailed: (sentence: string) => string;
  readonly needJobFailed: (job: string, sentence: string) => string;
  readonly needBrake: (job: string) => string;
  readonly needIncomplete: (job: string, reason: string) => string;
  readonly needUnexplained: (job: string, messages: number) => string;
  readonly needStep: (repository: string, step: StepName, to: string | undefined, sentence: string) => string;
  readonly needStepHeld: (repository: string, step: StepName, to: string | undefined) => string;
  readonly needConfirm: () => string;
  readonly brakeSentence: (reason: BrakeReason) => string;

  /** Reasons of other versions, which no language knows, come as they are. */
  readonly reasonSkipped: (reason: SkipReason) => string;
  readonly reasonLacking: (reason: LackReason, count: number) => string;

  readonly jobState: (outcome: StepOutcome['kind']) => string;
  readonly jobCame: (messages: number, bytes: string) => string;
  readonly jobLeft: (messages: number) => string;
  readonly jobChanged: (messages: number) => string;
  /** `growth`: how many more than before; undefined when that is not known. */
  readonly jobKept: (messages: number, growth: number | undefined, bytes: string | undefined) => string;
  readonly jobComplete: (onSource: number) => string;
  readonly jobDiffers: (onSource: number, inSnapshot: number, explained: number, unexplained: number) => string;
  readonly jobLastGood: (time: string, age: string) => string;
  readonly jobNeverGood: () => string;
  readonly jobSkipped: (reason: string) => string;
  readonly jobFailedRuns: (failed: number, runs: number) => string;

  readonly storedBytes: (bytes: string, growth: string | undefined) => string;
  readonly storedSnapshots: (count: number) => string;
  readonly storedCost: (amount: string, currency: string) => string;
  readonly stepVerified: (bytes: string) => string;
  readonly stepForgotten: (removed: number, kept: number, frozen: number) => string;
  readonly stepPruned: (bytes: string) => string;
  readonly stepHeld: (extended: number, held: number) => string;
  readonly stepCopied: (to: string, snapshots: number, bytes: string) => string;
  readonly stepSkipped: (step: StepName, to: string | undefined, reason: string) => string;
  readonly stepNotDone: (step: StepName, to: string | undefined) => string;

  /** A length of time, roughly: `2 hours`, `3 days`. */
  readonly roughly: (milliseconds: number) => string;
  readonly reportFooter: (program: string, id: string) => string;
  /** Of a good run, in the subject of a mail; those of others are never translated. */
  readonly goodSubject: (arrived: number, gone: number, date: string) => string;
  readonly maintainedSubject: (date: string) => string;
}

export interface HeadlineFacts {
  readonly verdict: RunVerdict;
  readonly arrived: number;
  readonly gone: number;
  readonly messages: number;
  readonly needs: number;
  /** Jobs that failed in the last run, and all. */
  readonly failedJobs: number;
  readonly jobs: number;
}
