import {
  type JobRecord,
  type RepositoryRecord,
  type RunRecord,
  type RunVerdict,
  type StepOutcome,
  verdictOf,
} from '../../model/run-record.ts';
import { type Need, needsOf } from './need.ts';

/** What one job did in the time that is reported. Sizes are bytes, times milliseconds since 1970 UTC. */
export interface JobReport {
  readonly name: string;
  readonly kind: JobRecord['kind'];
  readonly host: string;
  readonly repository: string;
  /** Of the last run. */
  readonly outcome: StepOutcome;
  readonly started: number;
  readonly ended: number;
  /** Of a server, in the last run. */
  readonly server?: JobRecord['server'] | undefined;
  readonly runs: number;
  readonly failedRuns: number;
  readonly arrived: number;
  readonly arrivedBytes: number;
  readonly gone: number;
  readonly changedBodies: number;
  /** Of the newest snapshot; absent while there is none. */
  readonly messages?: number | undefined;
  readonly bytes?: number | undefined;
  /** How many there were before; absent when this is not known. */
  readonly messagesBefore?: number | undefined;
  readonly ledger?: NonNullable<JobRecord['captured']>['ledger'] | undefined;
  readonly lastGood?: number | undefined;
  /** Milliseconds, at the end of the last run. */
  readonly lastGoodAge?: number | undefined;
}

export interface RepositoryReport {
  readonly name: string;
  readonly appendOnly: boolean;
  readonly storedBytes?: number | undefined;
  readonly storedBefore?: number | undefined;
  readonly snapshots?: number | undefined;
  readonly monthlyCost?: RepositoryRecord['monthlyCost'] | undefined;
  /** The last run's record, for the steps of which it consisted. */
  readonly last: RepositoryRecord;
}

/** Everything that a report says, before it is put into words. It survives JSON. */
export interface Report {
  readonly version: 1;
  /** Of the last run. */
  readonly id: string;
  readonly command: RunRecord['command'];
  readonly trigger: RunRecord['trigger'];
  readonly program: string;
  readonly machine: string;
  readonly exitCode: number;
  readonly verdict: RunVerdict;
  /** Beginning of the first run, end of the last. */
  readonly started: number;
  readonly ended: number;
  readonly runs: number;
  readonly failedRuns: number;
  readonly arrived: number;
  readonly arrivedBytes: number;
  readonly gone: number;
  readonly messages: number;
  readonly jobs: readonly JobReport[];
  readonly repositories: readonly RepositoryReport[];
  readonly needs: readonly Need[];
  /** Whether the verdict, or what needs a person, is another than after the run before. */
  readonly isChange: boolean;
  readonly notices: readonly string[];
  /** Of a drill. */
  readonly drill?: RunRecord['drill'] | undefined;
}

export interface ReportedRuns {
  /** In the order of time; the last one is what the verdict is about. */
  readonly runs: readonly [RunRecord, ...RunRecord[]];
  /** What was before them, newest first, to tell growth by. */
  readonly earlier: readonly RunRecord[];
  /** The newest of the last one's command before them, to tell a change by; default the first such of `earlier`. */
  readonly before?: RunRecord | undefined;
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

const isFailed = ({ outcome }: JobRecord): boolean => outcome.kind === 'failed';

/** The newest that some earlier run knew of a job or a repository. */
const newest = <Part, Value>(
  records: readonly RunRecord[],
  parts: (record: RunRecord) => readonly Part[],
  value: (part: Part) => Value | undefined,
): Value | undefined => {
  for (const record of records) {
    for (const part of parts(record)) {
      const found = value(part);
      if (found !== undefined) return found;
    }
  }
  return undefined;
};

const jobReport = (last: JobRecord, { runs, earlier }: ReportedRuns): JobReport => {
  const { name, kind, host, repository, outcome, started, ended, server, lastGood } = last;
  const ofThis = ({ jobs }: RunRecord): readonly JobRecord[] => jobs.filter((job) => job.name === name);
  const records = runs.flatMap(ofThis);
  const captures = records.flatMap(({ captured }) => (captured === undefined ? [] : [captured]));
  // Under a brake every night tells again what is gone since the last good one.
  const settled = records.filter(({ outcome }, at) => at === records.length - 1 || outcome.kind !== 'held');
  const capture = captures.at(-1);
  const before = newest(earlier, ofThis, ({ captured }) => captured?.messages);
  return {
    name,
    kind,
    host,
    repository,
    outcome,
    started,
    ended,
    server,
    runs: records.length,
    failedRuns: records.filter(isFailed).length,
    arrived: sum(captures, ({ arrived }) => arrived),
    arrivedBytes: sum(captures, ({ arrivedBytes }) => arrivedBytes),
    gone: sum(settled, ({ captured }) => captured?.gone ?? 0),
    changedBodies: sum(settled, ({ captured }) => captured?.changedBodies ?? 0),
    messages: capture?.messages ?? before,
    bytes: capture?.bytes,
    messagesBefore: before,
    ledger: last.captured?.ledger,
    lastGood: lastGood,
    lastGoodAge: lastGood === undefined ? undefined : Math.max(0, endOf(runs) - lastGood),
  };
};

const repositoryReport = (last: RepositoryRecord, { earlier }: ReportedRuns): RepositoryReport => {
  const { name, appendOnly, storedBytes, snapshots, monthlyCost } = last;
  const ofThis = ({ repositories }: RunRecord): readonly RepositoryRecord[] =>
    repositories.filter((repository) => repository.name === name);
  return {
    name,
    appendOnly,
    storedBytes: storedBytes,
    storedBefore: newest(earlier, ofThis, (repository) => repository.storedBytes),
    snapshots: snapshots,
    monthlyCost: monthlyCost,
    last,
  };
};

/** Each by its name, as the newest run that had it left it, in the order of that run. */
const lastOfEach = <Part extends { readonly name: string }>(
  runs: readonly RunRecord[],
  parts: (record: RunRecord) => readonly Part[],
): readonly Part[] => {
  const found = new Map<string, Part>();
  for (const record of runs.toReversed()) {
    for (const part of parts(record)) if (!found.has(part.name)) found.set(part.name, part);
  }
  return [...found.values()];
};

const endOf = (runs: ReportedRuns['runs']): number => (runs.at(-1) ?? runs[0]).ended;

/** What of a need makes it another one: not how long a sentence or a count in it is. */
const identityOf = (need: Need): string => {
  switch (need.kind) {
    case 'drill-failed':
      return `${need.server} ${need.finding.kind} ${need.finding.subject}`;
    case 'run-failed':
      return `run ${need.fault.code}`;
    case 'job-failed':
      return `${need.job} ${need.fault.code}`;
    case 'step':
      return `${need.repository} ${need.step} ${need.to ?? ''} ${need.outcome.kind}`;
    default:
      return `${need.job} ${need.kind}`;
  }
};

const isChange = (now: RunRecord, before: RunRecord | undefined): boolean => {
  if (before === undefined || verdictOf(now) !== verdictOf(before)) return true;
  const identities = (record: RunRecord): string => needsOf(record).map(identityOf).toSorted().join('\n');
  return identities(now) !== identities(before);
};

const runBefore = (last: RunRecord, { runs, earlier, before }: ReportedRuns): RunRecord | undefined =>
  [...runs.slice(0, -1).toReversed(), ...(before === undefined ? [] : [before]), ...earlier].find(
    ({ command }) => command === last.command,
  );

export interface ServerTotals {
  /** Their names. */
  readonly servers: string;
  readonly files: number;
  readonly bytes: number;
}

/** What a run of servers alone has captured; undefined: it had accounts, or no servers. */
export const serverTotals = ({ jobs }: Pick<Report, 'jobs'>): ServerTotals | undefined => {
  if (jobs.length === 0 || jobs.some(({ kind }) => kind !== 'server')) return undefined;
  const components = jobs.flatMap(({ server }) => server?.components ?? []);
  return {
    servers: jobs.map(({ name }) => name).join(', '),
    files: sum(components, ({ files }) => files),
    bytes: sum(components, ({ bytes }) => bytes),
  };
};

/** Draws the report of one run, or of all runs of some days, from what was recorded. */
export const createReport = (reported: ReportedRuns): Report => {
  const { runs } = reported;
  const last = runs.at(-1) ?? runs[0];
  const { id, command, trigger, program, machine, exitCode } = last;
  const jobs = lastOfEach(runs, (record) => record.jobs).map((job) => jobReport(job, reported));
  const repositories = lastOfEach(runs, (record) => record.repositories);
  return {
    version: 1,
    id,
    command,
    trigger,
    program,
    machine,
    exitCode,
    verdict: verdictOf(last),
    started: runs[0].started,
    ended: last.ended,
    runs: runs.length,
    failedRuns: runs.filter((record) => verdictOf(record) === 'failed').length,
    arrived: sum(jobs, ({ arrived }) => arrived),
    arrivedBytes: sum(jobs, ({ arrivedBytes }) => arrivedBytes),
    gone: sum(jobs, ({ gone }) => gone),
    messages: sum(jobs, ({ messages }) => messages ?? 0),
    jobs,
    repositories: repositories.map((repository) => repositoryReport(repository, reported)),
    needs: needsOf(last),
    isChange: isChange(last, runBefore(last, reported)),
    notices: last.notices,
    drill: last.drill,
  };
};
