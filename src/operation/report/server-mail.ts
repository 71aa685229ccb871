import { terminalLine } from '../../mail/terminal-text.ts';
import { wallTime } from '../../model/local-time.ts';
import type { ComponentRecord, DiskRecord } from '../../model/run-record.ts';
import { formatBytes, formatDuration } from '../../model/size.ts';
import type { Drawing } from './drawing.ts';
import { commandsFor } from './need.ts';
import type { JobReport, Report } from './report.ts';

/* The mails of design 6.2: their order and their rules are what people and filters know. */

const rule = '━'.repeat(40);

const heading = (title: string): readonly string[] => [rule, ` ${title}`, rule, ''];

const numbered = (lines: readonly string[]): readonly string[] => lines.map((line, at) => `${at + 1}. ${line}`);

const moment = (milliseconds: number, timeZone: string | undefined): string => {
  const { date, time } = wallTime(milliseconds, timeZone);
  return `${date} ${time}`;
};

const componentLines = ({ name, outcome, bytes }: ComponentRecord, { words }: Drawing): readonly string[] => [
  words.mailComponent(name),
  outcome.kind === 'failed'
    ? words.mailError(terminalLine(outcome.fault.message))
    : outcome.kind === 'incomplete'
      ? words.mailError(words.reasonLacking(outcome.reason, outcome.count))
      : words.mailSuccess(formatBytes(bytes)),
  '',
];

const isBad = ({ outcome }: ComponentRecord): boolean => outcome.kind !== 'good';

/** What failed first; what is not of a component stands under the name of the server. */
const detailLines = (job: JobReport, drawing: Drawing): readonly string[] => {
  const { words } = drawing;
  const components = job.server?.components ?? [];
  const bad = components.filter(isBad);
  const own =
    job.outcome.kind === 'failed' && (bad.length === 0 || job.server?.isCritical === true)
      ? [words.mailComponent(job.name), words.mailError(terminalLine(job.outcome.fault.message)), '']
      : [];
  return [
    ...own,
    ...[...bad, ...components.filter((one) => !isBad(one))].flatMap((one) => componentLines(one, drawing)),
  ];
};

const actionLines = (job: JobReport, { id }: Report, { words, logFile }: Drawing): readonly string[] => {
  const hints = job.outcome.kind === 'failed' && job.outcome.fault.hint !== undefined ? [job.outcome.fault.hint] : [];
  const commands =
    job.outcome.kind === 'failed'
      ? commandsFor({ kind: 'job-failed', job: job.name, of: job.kind, fault: job.outcome.fault })
      : [];
  return numbered([
    ...hints.map(terminalLine),
    words.reviewLog(logFile, id.slice(0, 8)),
    ...commands.slice(-1).map((command) => words.retryManually(command)),
  ]);
};

/** The body of a failure mail, about one server. */
export const failureText = (job: JobReport, report: Report, drawing: Drawing): string => {
  const { words, timeZone } = drawing;
  return [
    ...heading(words.failureTitle(job.name)),
    words.backupDate(moment(job.started, timeZone)),
    words.statusFailed(),
    words.duration(formatDuration(job.ended - job.started)),
    '',
    ...heading(words.errorDetails()),
    ...detailLines(job, drawing),
    ...heading(words.actionRequired()),
    ...actionLines(job, report, drawing),
    '',
    rule,
    '',
  ].join('\n');
};

/** The servers of a report that have failed. */
export const failedServers = ({ jobs }: Report): readonly JobReport[] =>
  jobs.filter(({ kind, outcome }) => kind === 'server' && outcome.kind === 'failed');

export interface CapacityWarning {
  readonly disk: DiskRecord;
  readonly started: number;
}

/** Disks that are fuller than they should be (FR-07), each once. */
export const capacityWarnings = ({ jobs }: Pick<Report, 'jobs'>): readonly CapacityWarning[] => {
  const found = new Map<string, CapacityWarning>();
  for (const { server, started } of jobs) {
    const disk = server?.disk;
    if (disk !== undefined && disk.usedPercent > disk.warnAt) found.set(disk.mountPoint, { disk, started });
  }
  return [...found.values()];
};

/** Never translated (requirement B5). */
export const capacitySubject = ({ disk }: CapacityWarning): string =>
  `[WARNING] Backup Disk Capacity at ${disk.usedPercent}%`;

export const capacityText = ({ disk, started }: CapacityWarning, { words, timeZone }: Drawing): string =>
  [
    ...heading(words.capacityTitle()),
    words.backupDate(moment(started, timeZone)),
    words.mountPoint(terminalLine(disk.mountPoint)),
    words.capacity(formatBytes(disk.total)),
    words.capacityUsed(formatBytes(disk.used), disk.usedPercent),
    words.capacityFree(formatBytes(disk.free)),
    ...(disk.forecast === undefined
      ? []
      : [words.spaceForecast(disk.forecast.days, formatBytes(disk.forecast.bytesPerDay))]),
    '',
    ...heading(words.capacitySummary()),
    words.dailyBackups(disk.daily.count, formatBytes(disk.daily.bytes)),
    words.weeklyBackups(disk.weekly.count, formatBytes(disk.weekly.bytes)),
    '',
    ...heading(words.recommendations()),
    ...numbered(words.capacityAdvice()),
    '',
    rule,
    '',
  ].join('\n');
