import {
  type JobRecord,
  type KnownRun,
  type RepositoryRecord,
  type RunRecord,
  type StepOutcome,
  verdictOf,
} from '../../model/run-record.ts';

/** A metric in the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4). */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsInput {
  /** What history has of the last 90 days and more, newest first. */
  readonly runs: readonly KnownRun[];
  /** Whether an account is still one. */
  readonly isKnownJob: (name: string) => boolean;
  readonly isKnownRepository: (name: string) => boolean;
  /** What the repositories say now of the newest good snapshot of an account, in milliseconds; in place of history. */
  readonly lastGood?: ReadonlyMap<string, number | undefined>;
  /** Milliseconds. */
  readonly now: number;
}

const lookedBack = 90 * 86_400_000;

/** How many runs of the last 90 days ended well. One that is under way does not count. */
export const successOf = (runs: readonly KnownRun[], now: number): { readonly good: number; readonly all: number } => {
  let [good, all] = [0, 0];
  for (const known of runs) {
    const start = known.kind === 'finished' ? known.record : known.start;
    if (known.kind === 'under-way' || start.command !== 'run' || start.started < now - lookedBack) continue;
    all++;
    if (known.kind === 'finished' && verdictOf(known.record) === 'good') good++;
  }
  return { good, all };
};

const escaped = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);

const sampleLine = (name: string, { labels, value }: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
};

const metricLines = ({ name, help, samples }: Metric): readonly string[] =>
  samples.length === 0
    ? []
    : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples.map((sample) => sampleLine(name, sample))];

/** The newest of each, by a name; `items`: newest first. */
const newestBy = <Item>(items: readonly Item[], nameOf: (item: Item) => string): readonly Item[] => {
  const newest = new Map<string, Item>();
  for (const item of items) if (!newest.has(nameOf(item))) newest.set(nameOf(item), item);
  return [...newest.values()];
};

const runMetrics = (records: readonly RunRecord[]): readonly Metric[] => {
  const last = newestBy(records, ({ command }) => command);
  const of = (value: (record: RunRecord) => number): readonly Sample[] =>
    last.map((record) => ({ labels: { command: record.command }, value: value(record) }));
  return [
    {
      name: 'mailkeep_run_started_timestamp_seconds',
      help: 'When the last run that has ended began.',
      samples: of(({ started }) => started / 1000),
    },
    {
      name: 'mailkeep_run_duration_seconds',
      help: 'How long it took.',
      samples: of(({ started, ended }) => (ended - started) / 1000),
    },
    { name: 'mailkeep_run_exit_code', help: 'Its exit code.', samples: of(({ exitCode }) => exitCode) },
    {
      name: 'mailkeep_run_verdict',
      help: '1 for how it ended.',
      samples: last.flatMap((record) =>
        (['good', 'attention', 'failed'] as const).map((verdict) => ({
          labels: { command: record.command, verdict },
          value: Number(verdictOf(record) === verdict),
        })),
      ),
    },
  ];
};

const outcomes: readonly StepOutcome['kind'][] = ['good', 'incomplete', 'held', 'failed', 'skipped'];

const jobMetrics = (jobs: readonly JobRecord[], { lastGood }: MetricsInput): readonly Metric[] => {
  const of = (value: (job: JobRecord) => number | undefined): readonly Sample[] =>
    jobs.flatMap((job) => {
      const found = value(job);
      return found === undefined ? [] : [{ labels: { account: job.name }, value: found }];
    });
  const metric = (name: string, help: string, value: (job: JobRecord) => number | undefined): Metric => ({
    name: `mailkeep_account_${name}`,
    help,
    samples: of(value),
  });
  const times = new Map([...jobs.map((job) => [job.name, job.lastGood] as const), ...(lastGood ?? [])]);
  return [
    {
      name: 'mailkeep_account_last_good_timestamp_seconds',
      help: 'When the newest good snapshot was made.',
      samples: [...times].flatMap(([account, time]) =>
        time === undefined ? [] : [{ labels: { account }, value: time / 1000 }],
      ),
    },
    {
      name: 'mailkeep_account_outcome',
      help: '1 for how the last capture ended.',
      samples: jobs.flatMap(({ name, outcome: { kind } }) =>
        outcomes.map((outcome) => ({ labels: { account: name, outcome }, value: Number(kind === outcome) })),
      ),
    },
    metric('messages', 'Messages in the last snapshot.', ({ captured }) => captured?.messages),
    metric('arrived_messages', 'Messages that came with it.', ({ captured }) => captured?.arrived),
    metric('arrived_bytes', 'Bytes of those.', ({ captured }) => captured?.arrivedBytes),
    metric('gone_messages', 'Messages that the account has no more.', ({ captured }) => captured?.gone),
    metric('unexplained_messages', 'Differences without a reason.', ({ captured }) => captured?.ledger.unexplained),
  ];
};

const steps = ['verify', 'forget', 'prune', 'hold'] as const;

const stepSamples = (repositories: readonly RepositoryRecord[]): readonly Sample[] =>
  repositories.flatMap((record) => [
    ...steps.flatMap((step) => {
      const kind = record[step]?.outcome.kind;
      return kind === undefined
        ? []
        : [{ labels: { repository: record.name, step }, value: Number(kind === 'failed') }];
    }),
    ...record.copies.map(({ to, outcome }) => ({
      labels: { repository: record.name, step: 'copy', to },
      value: Number(outcome.kind === 'failed'),
    })),
  ]);

const repositoryMetrics = (repositories: readonly RepositoryRecord[]): readonly Metric[] => {
  const of = (value: (record: RepositoryRecord) => number | undefined): readonly Sample[] =>
    repositories.flatMap((record) => {
      const found = value(record);
      return found === undefined ? [] : [{ labels: { repository: record.name }, value: found }];
    });
  return [
    {
      name: 'mailkeep_repository_stored_bytes',
      help: 'What all of it takes.',
      samples: of(({ storedBytes }) => storedBytes),
    },
    { name: 'mailkeep_repository_snapshots', help: 'Its snapshots.', samples: of(({ snapshots }) => snapshots) },
    {
      name: 'mailkeep_repository_monthly_cost',
      help: 'For a month of the stored bytes.',
      samples: repositories.flatMap(({ name, monthlyCost }) =>
        monthlyCost === undefined
          ? []
          : [{ labels: { repository: name, currency: monthlyCost.currency }, value: monthlyCost.amount }],
      ),
    },
    {
      name: 'mailkeep_repository_step_failed',
      help: '1 when the last one failed.',
      samples: stepSamples(repositories),
    },
  ];
};

/** All metrics, as the text that Prometheus and node_exporter read. */
export const prometheusText = (input: MetricsInput): string => {
  const records = input.runs.flatMap((known) => (known.kind === 'finished' ? [known.record] : []));
  const jobs = newestBy(
    records.flatMap((record) => record.jobs),
    ({ name }) => name,
  );
  const repositories = newestBy(
    records.flatMap((record) => record.repositories),
    ({ name }) => name,
  );
  const { good, all } = successOf(input.runs, input.now);
  const ratio = {
    name: 'mailkeep_run_good_ratio',
    help: 'Share of the runs of the last 90 days that ended well.',
    samples: all === 0 ? [] : [{ labels: {}, value: good / all }],
  };
  const metrics = [
    ...runMetrics(records),
    ratio,
    ...jobMetrics(
      jobs.filter(({ name }) => input.isKnownJob(name)),
      input,
    ),
    ...repositoryMetrics(repositories.filter(({ name }) => input.isKnownRepository(name))),
  ];
  return metrics
    .flatMap(metricLines)
    .map((line) => `${line}\n`)
    .join('');
};
