import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type History, openHistory } from '../../catalog/history.ts';
import { findConfig } from '../../config/find-config.ts';
import type { DrillRecord } from '../../model/drill/drill-record.ts';
import type { Run } from '../../contract/run.ts';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import {
  type JobRecord,
  recordedFault,
  type RecordedFault,
  type RepositoryRecord,
  type RunRecord,
  type RunStart,
} from '../../model/run-record.ts';
import { processIdentity } from '../../system/identity.ts';
import type { RunHolder } from '../../system/lock-holder.ts';
import { type RunLock, takeRunLock } from '../../system/run-lock.ts';
import type { CommandContext } from '../context.ts';
import { type RunLog, openRunLog } from '../log/run-log.ts';
import { programVersion } from '../version.ts';
import { afterRun, beforeRecord } from './after-run.ts';
import { beforeRun } from './before-run.ts';
import { historyPath } from './known-history.ts';
import { runExitCode } from './run-exit-code.ts';

export interface RecordedRunOptions {
  readonly command: RunRecord['command'];
  readonly trigger: RunRecord['trigger'];
  /** Milliseconds to wait for another run. */
  readonly wait: number;
}

/** What a run has done so far. */
export interface RunTally {
  /** Of the run. */
  readonly id: string;
  readonly jobs: JobRecord[];
  readonly repositories: RepositoryRecord[];
  /** What a drill found. */
  drill?: DrillRecord;
  /** Asks history; undefined where it cannot be read. */
  readonly ask: <Answer>(question: (history: History) => Answer) => Answer | undefined;
}

/** A run that nobody can read up on later is better than none. */
const openedHistory = async (context: CommandContext): Promise<History | undefined> => {
  try {
    return await openHistory(historyPath(context), context.run);
  } catch (error) {
    tellFailure(asFault(error), context);
    return undefined;
  }
};

const tellFailure = (fault: Fault, { run }: Pick<CommandContext, 'run'>): void =>
  run.emit({ kind: 'notice', message: `this run is not in history: ${fault.message}` });

/** One configuration, one lock; a drill only reads, and goes on beside the nights: it has one of its own. */
const lockPath = async (command: RunRecord['command'], { options, environment }: CommandContext): Promise<string> => {
  const file = (await findConfig(options.config, environment)) ?? '';
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16);
  return join(environment.stateDirectory, 'locks', `${command === 'drill' ? 'drill' : 'run'}-${name}`);
};

/** A person is told at once that a run is under way; of a scheduled one that is what it has come to. */
const lockOrFault = async (
  { command, wait, trigger }: RecordedRunOptions,
  context: CommandContext,
): Promise<RunLock | Fault> => {
  const onWait = ({ pid }: RunHolder): void => context.output.say(context.messages.runWaits(pid));
  try {
    return await takeRunLock({ path: await lockPath(command, context), wait, signal: context.run.signal, onWait });
  } catch (error) {
    if (trigger === 'schedule' && isFault(error, 'run-under-way')) return error;
    throw error;
  }
};

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

const startOf = async (
  { command, trigger }: RecordedRunOptions,
  { options, environment, run }: CommandContext,
): Promise<RunStart> => {
  const configuration = await findConfig(options.config, environment);
  return {
    version: 1,
    id: randomBytes(8).toString('hex'),
    command,
    trigger,
    program: `mailkeep ${await programVersion()}`,
    machine: environment.host ?? processIdentity().hostname,
    ...(configuration === undefined ? {} : { configuration }),
    started: milliseconds(run),
  };
};

const rememberedNotices = 100;

/** The command's context, which also remembers what people are told. */
const listeningContext = (context: CommandContext, notices: string[], log: RunLog): CommandContext => {
  const { run } = context;
  const emit: Run['emit'] = (event) => {
    const text = event.kind === 'notice' ? event.message : event.kind === 'fault' ? event.fault.message : undefined;
    if (text !== undefined && notices.length < rememberedNotices) notices.push(text);
    log.note(event);
    run.emit(event);
  };
  return { ...context, run: { signal: run.signal, now: () => run.now(), emit } };
};

/** History is a cache: whatever is wrong with it, the run goes on. */
const inHistory = <Result>(
  history: History | undefined,
  work: (history: History) => Result,
  context: CommandContext,
): Result | undefined => {
  try {
    return history === undefined ? undefined : work(history);
  } catch (error) {
    tellFailure(asFault(error), context);
    return undefined;
  }
};

type RunWork = (tally: RunTally, context: CommandContext) => Promise<void>;

/**
 * Runs `work` as the only run of its configuration on this machine, and keeps a record of it, also when it fails or is
 * interrupted. Returns the exit code. Faults that end the run are in the record, and thrown once it is kept.
 */
export const recordedRun = async (
  options: RecordedRunOptions,
  work: RunWork,
  context: CommandContext,
): Promise<number> => {
  const lock = await lockOrFault(options, context);
  // Nobody sees that a scheduled run did not begin, unless it leaves a record.
  const begun: RunWork = lock instanceof Fault ? () => Promise.reject(lock) : work;
  try {
    const history = await openedHistory(context);
    try {
      return await runInHistory(options, begun, { history, context });
    } finally {
      history?.close();
    }
  } finally {
    if (!(lock instanceof Fault)) await lock.release();
  }
};

interface RunPlace {
  readonly history: History | undefined;
  readonly context: CommandContext;
}

const runInHistory = async (
  options: RecordedRunOptions,
  work: RunWork,
  { history, context }: RunPlace,
): Promise<number> => {
  const notices: string[] = [];
  const start = await startOf(options, context);
  const log = await openRunLog(start, context);
  const listening = listeningContext(context, notices, log);
  inHistory(history, (known) => known.begin(start), listening);
  await beforeRun(start, context);
  const ask: RunTally['ask'] = (question) => inHistory(history, question, listening);
  const tally: RunTally = { id: start.id, jobs: [], repositories: [], ask };
  let ended: Fault | undefined;
  try {
    await work(tally, listening);
  } catch (error) {
    ended = asFault(error);
  }
  // A person has mistyped a name: nothing was run.
  if (ended?.code === 'usage') {
    inHistory(history, (known) => known.discard(start.id), context);
    await log.close();
    throw ended;
  }
  const faults: readonly RecordedFault[] = ended === undefined ? [] : [recordedFault(ended)];
  const { jobs, repositories, drill } = tally;
  const done = { jobs, repositories, faults, ...(drill === undefined ? {} : { drill }) };
  const exitCode = runExitCode(done);
  const record: RunRecord = { ...start, ended: milliseconds(context.run), exitCode, ...done, notices };
  const previous = inHistory(history, (known) => known.before(record), context);
  await beforeRecord({ record, previous, log: [] }, context);
  inHistory(history, (known) => known.finish(record), context);
  await log.finish(record);
  await afterRun({ record, previous, log: log.tail() }, context);
  if (ended !== undefined) throw ended;
  return exitCode;
};
