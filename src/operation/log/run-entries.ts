import type { Event } from '../../model/event.ts';
import { displayText } from '../../model/byte-string.ts';
import {
  type JobRecord,
  type RunRecord,
  type ServerRecord,
  type StepOutcome,
  stepsIn,
  verdictOf,
} from '../../model/run-record.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import type { LogEntry, LogLevel } from './log-entry.ts';

const levels: Readonly<Record<StepOutcome['kind'], LogLevel>> = {
  good: 'INFO',
  skipped: 'INFO',
  incomplete: 'WARNING',
  held: 'WARNING',
  failed: 'ERROR',
};

const outcomeText = (outcome: StepOutcome): string => {
  switch (outcome.kind) {
    case 'good':
      return 'good';
    case 'skipped':
      return `left out: ${outcome.reason}`;
    case 'incomplete':
      return `incomplete: ${outcome.count === 0 ? '' : `${outcome.count} `}${outcome.reason}`;
    case 'held':
      return `held by the brake: ${outcome.reasons.map(({ kind }) => kind).join(', ')}`;
    case 'failed':
      return `failed (${outcome.fault.code}): ${outcome.fault.message}`;
  }
};

const serverEntry = ({ name, ended, outcome }: JobRecord, server: ServerRecord): LogEntry => {
  const { components, backup, snapshot, removed, isCritical, disk } = server;
  const good = components.filter((component) => component.outcome.kind !== 'failed');
  const bytes = good.reduce((sum, component) => sum + component.bytes, 0);
  const facts = [
    `${good.length} of ${components.length} components, ${formatBytes(bytes)}`,
    ...(backup === undefined ? [] : [backup]),
    ...(snapshot === undefined ? [] : [`snapshot ${snapshot.slice(0, 8)}`]),
    ...(removed === 0 ? [] : [`${removed} old ones removed`]),
    ...(disk === undefined ? [] : [`disk ${disk.usedPercent} % full`]),
  ];
  const level = isCritical ? 'CRITICAL' : levels[outcome.kind];
  return { time: ended, level, component: name, message: `${outcomeText(outcome)}; ${facts.join(', ')}` };
};

const jobEntry = (job: JobRecord): LogEntry => {
  const { name, ended, outcome, captured, server } = job;
  if (server !== undefined) return serverEntry(job, server);
  const unexplained = captured?.ledger.unexplained ?? 0;
  const counts =
    captured === undefined
      ? ''
      : `; ${captured.arrived} came, ${captured.gone} left, ${captured.messages} kept, ${formatBytes(captured.storedBytes)} stored, snapshot ${captured.snapshot.slice(0, 8)}`;
  const level = outcome.kind === 'good' && unexplained > 0 ? 'WARNING' : levels[outcome.kind];
  const doubt = unexplained > 0 ? `; ${unexplained} unexplained` : '';
  return { time: ended, level, component: name, message: `${outcomeText(outcome)}${counts}${doubt}` };
};

/** What is logged when a run is over: how each job and each step went, and all of it in a line. */
export const entriesOfRecord = (record: RunRecord): readonly LogEntry[] => {
  const { jobs, repositories, faults, started, ended: time, exitCode, command } = record;
  const verdict = verdictOf(record);
  const last = { good: 'INFO', attention: 'WARNING', failed: 'ERROR' } as const;
  return [
    ...jobs.map(jobEntry),
    ...repositories.flatMap((repository) =>
      stepsIn(repository).map(({ step, to, outcome }): LogEntry => {
        const message = `${step}${to === undefined ? '' : ` to ${to}`}: ${outcomeText(outcome)}`;
        return { time, level: levels[outcome.kind], component: repository.name, message };
      }),
    ),
    ...faults.map(({ code, message }): LogEntry => ({
      time,
      level: 'CRITICAL',
      component: 'RUN',
      message: `${code}: ${message}`,
    })),
    {
      time,
      level: last[verdict],
      component: 'RUN',
      message: `${command} ended with ${exitCode} after ${formatDuration(time - started)}: ${verdict}`,
    },
  ];
};

/** What is logged of an event while it happens; undefined: nothing. `component` is what is being worked on. */
export const entryOfEvent = (
  event: Event,
  { time, component }: Pick<LogEntry, 'time' | 'component'>,
): LogEntry | undefined => {
  switch (event.kind) {
    case 'phase':
      return { time, level: 'INFO', component: event.phase, message: 'begins' };
    case 'notice':
      return { time, level: 'WARNING', component, message: event.message };
    case 'fault': {
      const where = event.path === undefined ? '' : `${displayText(event.path)}: `;
      return { time, level: 'ERROR', component, message: `${where}${event.fault.message}` };
    }
    case 'log':
      return { time, level: event.level, component: event.component.toUpperCase(), message: event.message };
    case 'progress':
    case 'entry':
      return undefined;
  }
};
