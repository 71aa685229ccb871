import { formatDuration } from '../../model/size.ts';
import { type JobRecord, type KnownRun, type RecordedFault, verdictOf } from '../../model/run-record.ts';
import { successOf } from '../../operation/metrics/prometheus.ts';
import type { CommandContext } from '../context.ts';
import { localTime } from '../render/local-time.ts';

/** The newest run that captured anything, or was about to. */
const lastOf = (runs: readonly KnownRun[]): KnownRun | undefined =>
  runs.find((known) => (known.kind === 'finished' ? known.record : known.start).command === 'run');

const nowOf = ({ run }: Pick<CommandContext, 'run'>): number => Number(run.now() / 1_000_000n);

const timeText = (milliseconds: number): string => localTime(BigInt(Math.round(milliseconds)) * 1_000_000n);

/** Somebody has pressed Ctrl-C, or it was left out: it says nothing of the source. */
const saysSomething = ({ outcome }: JobRecord): boolean =>
  outcome.kind !== 'skipped' && !(outcome.kind === 'failed' && outcome.fault.code === 'interrupted');

/**
 * The last capture of a job, if it failed and no good backup was made since: what is there may be whole, and yet nothing comes any more.
 * `lastGood`: milliseconds since 1970, also of other machines; undefined: there is none.
 */
const lastFailure = (
  name: string,
  lastGood: number | undefined,
  runs: readonly KnownRun[],
): { readonly time: number; readonly fault: RecordedFault } | undefined => {
  const jobs = runs.flatMap((known) => (known.kind === 'finished' ? known.record.jobs : []));
  const last = jobs.find((job) => job.name === name && saysSomething(job));
  if (last?.outcome.kind !== 'failed' || (lastGood ?? 0) > last.started) return undefined;
  return { time: last.started, fault: last.outcome.fault };
};

/** The same as what a person has to look at. `runs`: newest first. */
export const failureTroubles = (
  { name, lastGood }: { readonly name: string; readonly lastGood: number | undefined },
  runs: readonly KnownRun[],
  { messages }: Pick<CommandContext, 'messages'>,
): readonly string[] => {
  const failure = lastFailure(name, lastGood, runs);
  return failure === undefined ? [] : [messages.statusLastFailed(timeText(failure.time), failure.fault.message)];
};

/** What `status` says of earlier runs, newest first; nothing where history has none. */
export const lastRunLines = (runs: readonly KnownRun[], context: CommandContext): readonly string[] => {
  const { messages } = context;
  const last = lastOf(runs);
  if (last === undefined) return [];
  const { good, all } = successOf(runs, nowOf(context));
  const share = all === 0 ? [] : [messages.statusShare(good, all)];
  if (last.kind !== 'finished') {
    const state = last.kind === 'cut-off' ? messages.historyCutOff() : messages.historyUnderWay();
    return ['', messages.statusLastRun(timeText(last.start.started), state), ...share];
  }
  const { started, ended } = last.record;
  const state = `${messages.historyVerdict(verdictOf(last.record))}, ${formatDuration(ended - started)}`;
  return ['', messages.statusLastRun(timeText(started), state), ...share];
};

/** The same as a line of `--json`; undefined where history has none. */
export const lastRunJson = (runs: readonly KnownRun[], context: CommandContext): string | undefined => {
  const last = lastOf(runs);
  if (last === undefined) return undefined;
  const { good, all } = successOf(runs, nowOf(context));
  const { id, started } = last.kind === 'finished' ? last.record : last.start;
  return JSON.stringify({
    message_type: 'runs',
    last_run_id: id,
    last_run_time: Math.round(started / 1000),
    last_run_state: last.kind,
    ...(last.kind === 'finished'
      ? { last_run_verdict: verdictOf(last.record), last_run_exit_code: last.record.exitCode }
      : {}),
    runs_in_90_days: all,
    good_runs_in_90_days: good,
  });
};
