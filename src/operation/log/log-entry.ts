import { terminalLine } from '../../mail/terminal-text.ts';
import { wallTime } from '../../model/local-time.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** A line of the log, always in English. */
export interface LogEntry {
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
  readonly level: LogLevel;
  /** What it is about: RUN, or the name of a job or a repository. */
  readonly component: string;
  readonly message: string;
}

/** `[2026-11-26 03:00:00] [INFO] [RUN] message` (requirement B9), on one line whatever is in it. */
export const logText = ({ time, level, component, message }: LogEntry, timeZone: string | undefined): string => {
  const { date, time: clock } = wallTime(time, timeZone);
  return `[${date} ${clock}] [${level}] [${terminalLine(component)}] ${terminalLine(message)}`;
};

export const logJson = ({ time, ...entry }: LogEntry): string =>
  JSON.stringify({ time: new Date(time).toISOString(), ...entry });

export const isError = ({ level }: LogEntry): boolean => level === 'ERROR' || level === 'CRITICAL';
