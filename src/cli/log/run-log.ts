import { join } from 'node:path';
import type { Run } from '../../contract/run.ts';
import type { Event } from '../../model/event.ts';
import { asFault } from '../../model/fault.ts';
import { wallTime } from '../../model/local-time.ts';
import type { RunRecord, RunStart } from '../../model/run-record.ts';
import { isError, type LogEntry, logJson, logText } from '../../operation/log/log-entry.ts';
import { entriesOfRecord, entryOfEvent } from '../../operation/log/run-entries.ts';
import type { Config } from '../../registry.ts';
import { processIdentity } from '../../system/identity.ts';
import { type LogFile, openLogFile } from '../../system/log-file.ts';
import { runProgram } from '../../system/run-program.ts';
import { usableConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { ownHome } from '../own-home.ts';

/** The log of one run. It is a convenience: what is wrong with it is told, and the run goes on. */
export interface RunLog {
  /** What happens while it runs. */
  note(event: Event): void;
  /** How it ended; the log is closed then. */
  finish(record: RunRecord): Promise<void>;
  /** The run did nothing that is worth a record. */
  close(): Promise<void>;
  /** The newest lines, oldest first. */
  tail(): readonly string[];
}

/**
 * Requirement B9: `/var/log/mailkeep` as root, else under the state folder; that also where root was lent the home of another.
 */
export const logFolder = (
  { folder }: Pick<Config['log'], 'folder'>,
  { environment }: Pick<CommandContext, 'environment'>,
): string =>
  folder ??
  (processIdentity().uid === 0 && environment.home === ownHome()
    ? '/var/log/mailkeep'
    : join(environment.stateDirectory, 'log'));

const usualLog: Config['log'] = { format: 'text', days: 30 };

interface LogSettings {
  readonly log: Config['log'];
  readonly timeZone: string | undefined;
}

/** A configuration that is broken ends the run; that it did is to be in the log. */
const settingsOf = async (context: CommandContext): Promise<LogSettings> => {
  const loaded = await usableConfiguration(context);
  return { log: loaded?.config.log ?? usualLog, timeZone: loaded?.config.timeZone };
};

const milliseconds = (run: Run): number => Number(run.now() / 1_000_000n);

const openFiles = async (
  { log, timeZone }: LogSettings,
  context: CommandContext,
): Promise<{ readonly all: LogFile; readonly errors: LogFile }> => {
  const now = milliseconds(context.run);
  const dayOf = (time: number): string => wallTime(time, timeZone).date;
  const common = { folder: logFolder(log, context), days: log.days, now, dayOf };
  const all = await openLogFile({ ...common, name: 'mailkeep.log' });
  return { all, errors: await openLogFile({ ...common, name: 'mailkeep-error.log' }) };
};

const tell = (error: unknown, { run }: Pick<CommandContext, 'run'>): void =>
  run.emit({ kind: 'notice', message: `this run is not in the log: ${asFault(error).message}` });

/** What ends a run goes to the system's log, too; a machine may have none. */
const toSystemLog = async (lines: readonly string[], { environment }: CommandContext): Promise<void> => {
  if (lines.length === 0) return;
  await runProgram({
    program: 'logger',
    parameters: ['-t', 'mailkeep', '-p', 'user.crit'],
    input: Buffer.from(`${lines.join('\n')}\n`).toString('latin1'),
    environment: { PATH: environment.variables['PATH'] },
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined);
};

const silent: RunLog = {
  note: () => undefined,
  finish: () => Promise.resolve(),
  close: () => Promise.resolve(),
  tail: () => [],
};

const tailLines = 200;

/** Opens the log for a run that begins. */
export const openRunLog = async (start: RunStart, context: CommandContext): Promise<RunLog> => {
  const settings = await settingsOf(context);
  try {
    const files = await openFiles(settings, context);
    const tail: string[] = [];
    const write = (entry: LogEntry): void => {
      const line = settings.log.format === 'json' ? logJson(entry) : logText(entry, settings.timeZone);
      files.all.write(line);
      if (isError(entry)) files.errors.write(line);
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
    };
    const close = async (): Promise<void> => {
      try {
        await Promise.all([files.all.close(), files.errors.close()]);
      } catch (error) {
        tell(error, context);
      }
    };
    return { ...logInto({ write, close }, start, context), tail: () => [...tail] };
  } catch (error) {
    tell(error, context);
    return silent;
  }
};

const logInto = (
  { write, close }: { readonly write: (entry: LogEntry) => void; readonly close: () => Promise<void> },
  { id, command, trigger, program, started }: RunStart,
  context: CommandContext,
): Omit<RunLog, 'tail'> => {
  let component = 'RUN';
  const message = `${command} begins (${trigger}, ${program}, run ${id})`;
  write({ time: started, level: 'INFO', component, message });
  return {
    note: (event) => {
      const entry = entryOfEvent(event, { time: milliseconds(context.run), component });
      if (event.kind === 'phase') component = event.phase;
      if (entry !== undefined) write(entry);
    },
    finish: async (record) => {
      const entries = entriesOfRecord(record);
      for (const entry of entries) write(entry);
      const critical = entries.filter(({ level }) => level === 'CRITICAL');
      await toSystemLog(
        critical.map((entry) => logText(entry, undefined)),
        context,
      );
      await close();
    },
    close,
  };
};
