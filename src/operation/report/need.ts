import type { BrakeReason } from '../../model/damage-brake.ts';
import { allFindings, type DrillFinding } from '../../model/drill/drill-record.ts';
import {
  type JobRecord,
  type LackReason,
  type RecordedFault,
  type RepositoryRecord,
  type RunRecord,
  type StepName,
  type StepOutcome,
  stepsIn,
} from '../../model/run-record.ts';

/** Something that a person has to look at; which sentence it becomes is a matter of the language. */
export type Need =
  | { readonly kind: 'drill-failed'; readonly server: string; readonly finding: DrillFinding }
  | { readonly kind: 'run-failed'; readonly fault: RecordedFault }
  | {
      readonly kind: 'job-failed';
      readonly job: string;
      readonly of: JobRecord['kind'];
      readonly fault: RecordedFault;
    }
  | { readonly kind: 'brake'; readonly job: string; readonly reasons: readonly BrakeReason[] }
  | { readonly kind: 'incomplete'; readonly job: string; readonly reason: LackReason; readonly count: number }
  | { readonly kind: 'unexplained'; readonly job: string; readonly messages: number }
  | {
      readonly kind: 'step';
      readonly repository: string;
      readonly step: StepName;
      /** Of a copy: into which repository. */
      readonly to?: string;
      readonly outcome: Exclude<StepOutcome, { readonly kind: 'good' | 'skipped' }>;
    };

const needOfJob = ({ name: job, kind: of, outcome }: JobRecord): readonly Need[] => {
  switch (outcome.kind) {
    case 'failed':
      return [{ kind: 'job-failed', job, of, fault: outcome.fault }];
    case 'held':
      return [{ kind: 'brake', job, reasons: outcome.reasons }];
    case 'incomplete':
      return [{ kind: 'incomplete', job, reason: outcome.reason, count: outcome.count }];
    case 'good':
    case 'skipped':
      return [];
  }
};

const unexplainedOf = ({ name: job, captured }: JobRecord): readonly Need[] => {
  const messages = captured?.ledger.unexplained ?? 0;
  return messages === 0 ? [] : [{ kind: 'unexplained', job, messages }];
};

const needsOfRepository = (record: RepositoryRecord): readonly Need[] =>
  stepsIn(record).flatMap(({ step, to, outcome }): readonly Need[] =>
    outcome.kind === 'good' || outcome.kind === 'skipped'
      ? []
      : [{ kind: 'step', repository: record.name, step, ...(to === undefined ? {} : { to }), outcome }],
  );

/** All that needs a person after a run, what failed first. */
export const needsOf = ({ faults, jobs, repositories, drill }: RunRecord): readonly Need[] => {
  const needs = [
    ...faults.map((fault): Need => ({ kind: 'run-failed', fault })),
    ...(drill === undefined ? [] : allFindings(drill)).map((finding): Need => ({
      kind: 'drill-failed',
      server: drill?.server ?? '',
      finding,
    })),
    ...jobs.flatMap(needOfJob),
    ...jobs.flatMap(unexplainedOf),
    ...repositories.flatMap(needsOfRepository),
  ];
  return [...needs.filter(isFailure), ...needs.filter((need) => !isFailure(need))];
};

const isFailure = (need: Need): boolean =>
  need.kind === 'run-failed' ||
  need.kind === 'drill-failed' ||
  need.kind === 'job-failed' ||
  (need.kind === 'step' && need.outcome.kind === 'failed');

/** Names of the configuration need no quotes in a shell; what is not made of their letters gets some. */
const quoted = (word: string): string =>
  /^[\p{L}\p{N}_.@+=:,/-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const command = (...words: readonly string[]): string => ['mailkeep', ...words.map(quoted)].join(' ');

/** Of an entry with many users each is a job, `work/alice@example.com`. */
const entryOf = (job: string): string => job.split('/')[0] ?? job;

/** What a person can type about it, in this order. */
export const commandsFor = (need: Need): readonly string[] => {
  switch (need.kind) {
    case 'drill-failed':
      return [];
    case 'run-failed':
      return need.fault.code === 'configuration' ? [command('config', 'check')] : [];
    case 'job-failed':
      return [...(need.of === 'imap' ? [command('doctor', entryOf(need.job))] : []), command('run', need.job)];
    case 'brake':
      return [command('status', need.job), command('run', need.job, '--confirm')];
    case 'incomplete':
      return [command('run', need.job)];
    case 'unexplained':
      return [command('status', need.job)];
    case 'step':
      return commandsForStep(need);
  }
};

const commandsForStep = ({ repository, step, to, outcome }: Extract<Need, { kind: 'step' }>): readonly string[] => {
  if (outcome.kind !== 'failed') return [];
  switch (step) {
    case 'verify':
      return [command('check', '-r', repository, '--read-data')];
    case 'forget':
      return [command('snapshots', '-r', repository)];
    case 'prune':
      return [command('prune', '-r', repository)];
    case 'hold':
      return [command('maintain', repository)];
    case 'copy':
      return [command('copy', '--from-repo', repository, '-r', to ?? '')];
  }
};
