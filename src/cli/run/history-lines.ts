import { terminalLine } from '../../mail/terminal-text.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import {
  type JobRecord,
  type KnownRun,
  type RepositoryRecord,
  type RunRecord,
  type StepOutcome,
  verdictOf,
} from '../../model/run-record.ts';
import type { UpkeepStep } from '../../operation/night/upkeep.ts';
import { brakeText } from '../account/brake-text.ts';
import type { Messages } from '../catalogue/english.ts';
import { localTime } from '../render/local-time.ts';
import { tableLines } from '../render/table.ts';
import { stepLines } from './step-lines.ts';

const timeText = (milliseconds: number): string => localTime(BigInt(Math.round(milliseconds)) * 1_000_000n);

const number = (value: number): string => value.toLocaleString('en');

const sum = ({ jobs }: RunRecord, of: (captured: NonNullable<JobRecord['captured']>) => number): number =>
  jobs.reduce((total, { captured }) => total + (captured === undefined ? 0 : of(captured)), 0);

const rowOf = (known: KnownRun, messages: Messages): readonly (readonly string[])[] => {
  if (known.kind !== 'finished') {
    const { id, command, started } = known.start;
    const state = known.kind === 'cut-off' ? messages.historyCutOff() : messages.historyUnderWay();
    return [[id.slice(0, 8)], [timeText(started)], [''], [command], [''], [''], [''], [state]];
  }
  const { record } = known;
  return [
    [record.id.slice(0, 8)],
    [timeText(record.started)],
    [formatDuration(record.ended - record.started)],
    [record.command],
    [number(sum(record, ({ arrived }) => arrived))],
    [number(sum(record, ({ gone }) => gone))],
    [formatBytes(sum(record, ({ storedBytes }) => storedBytes))],
    [messages.historyVerdict(verdictOf(record))],
  ];
};

/** A table, a line a run. */
export const historyLines = (runs: readonly KnownRun[], messages: Messages): readonly string[] =>
  tableLines(
    messages.historyColumns(),
    runs.map((known) => rowOf(known, messages)),
    new Set([2, 4, 5, 6]),
  );

const outcomeText = (outcome: StepOutcome, messages: Messages): string => {
  switch (outcome.kind) {
    case 'good':
      return messages.historyGood();
    case 'incomplete':
      return messages.historyIncomplete(terminalLine(messages.reasonLacking(outcome.reason, outcome.count)));
    case 'held':
      return messages.historyHeld(outcome.reasons.map((reason) => brakeText(reason, messages)).join('; '));
    case 'failed':
      return messages.historyFailed(outcome.fault.message);
    case 'skipped':
      return messages.historySkipped(terminalLine(messages.reasonSkipped(outcome.reason)));
  }
};

const jobLines = (
  { name, host, started, ended, outcome, captured }: JobRecord,
  messages: Messages,
): readonly string[] => [
  `${messages.accountHeading(name, host)}: ${outcomeText(outcome, messages)}, ${formatDuration(ended - started)}`,
  ...(captured === undefined
    ? []
    : [
        messages.accountFetched(captured.arrived, formatBytes(captured.arrivedBytes)),
        ...(captured.gone + captured.changedBodies === 0
          ? []
          : [messages.accountChanges(captured.gone, captured.changedBodies)]),
        messages.historyMessages(captured.messages, formatBytes(captured.storedBytes)),
        messages.accountSnapshot(captured.snapshot.slice(0, 8)),
      ]),
];

const laterSteps: readonly UpkeepStep[] = ['forget', 'prune', 'hold'];

const repositoryLines = (record: RepositoryRecord, messages: Messages): readonly string[] => [
  record.name,
  ...stepLines('verify', record, messages),
  ...record.copies.flatMap((copy) => stepLines('copy', { ...record, copies: [copy] }, messages)),
  ...laterSteps.flatMap((step) => stepLines(step, record, messages)),
  ...(record.storedBytes === undefined
    ? []
    : [messages.historyStored(formatBytes(record.storedBytes), record.snapshots ?? 0, record.monthlyCost)]),
];

/** All that is known of a run. */
export const runLines = (known: KnownRun, messages: Messages): readonly string[] => {
  if (known.kind !== 'finished') {
    const { id, command, started, machine } = known.start;
    const state = known.kind === 'cut-off' ? messages.historyCutOff() : messages.historyUnderWay();
    return [`${id}  ${command}  ${timeText(started)}  ${machine}  ${state}`];
  }
  const { id, command, started, ended, machine, program, exitCode, jobs, repositories, faults, notices } = known.record;
  return [
    `${id}  ${command}  ${timeText(started)}  ${formatDuration(ended - started)}  ${machine}  ${program}`,
    messages.historyEnd(messages.historyVerdict(verdictOf(known.record)), exitCode),
    ...faults.map(({ message }) => `  ${terminalLine(message)}`),
    ...jobs.flatMap((job) => jobLines(job, messages)),
    ...repositories.flatMap((repository) => repositoryLines(repository, messages)),
    ...notices.map((notice) => messages.remark(terminalLine(notice))),
  ];
};
