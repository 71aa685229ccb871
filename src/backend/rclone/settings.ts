import type { StorageSettings } from '../../contract/storage-settings.ts';
import { Fault } from '../../model/fault.ts';
import { splitCommand } from '../../model/split-command.ts';
import { ownOptions } from '../own-options.ts';

/** A remote of rclone's, and how to start rclone. Plain data: it is handed to other threads. */
export interface RcloneSettings {
  /** In rclone's notation: `remote:path`. */
  readonly remote: string;
  /** The program with arguments of its own. */
  readonly program: readonly string[];
  /** What it is to do; the remote comes last. */
  readonly args: readonly string[];
  /** Milliseconds that it may take to start. */
  readonly startTimeout: number;
  /** Calls under way at once. */
  readonly connections: number;
  readonly stuckTimeout: number;
}

/** As restic starts it. */
export const usualRcloneArgs: readonly string[] = ['serve', 'restic', '--stdio', '--b2-hard-delete'];

/** restic's notation. */
export const parseRcloneLocation = (location: string): string => {
  const remote = location.replace(/^rclone:/, '');
  if (!remote.startsWith('-') && /^.+:/s.test(remote)) return remote;
  throw new Fault('usage', `${location} names no remote of rclone`, {
    hint: 'Write rclone:remote:path; `rclone listremotes` shows the remotes.',
  });
};

const aMinute = 60_000;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: aMinute, h: 60 * aMinute };

/** Milliseconds of a time as Go writes it: `90s`, `1m30s`. */
const durationOf = (text: string): number | undefined => {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) sum += Number(number) * (units[unit] ?? 0);
  return sum;
};

const startTimeoutOf = (value: string | undefined): number => {
  if (value === undefined) return aMinute;
  const milliseconds = durationOf(value);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw new Fault('usage', `the option rclone.timeout cannot be "${value}"`, {
    hint: 'It must be a time such as 90s or 2m.',
  });
};

/** A location in restic's notation, with its options `rclone.program`, `.args`, `.timeout` and `.connections`. */
export const rcloneSettings = (location: string, { options, stuckTimeout }: StorageSettings): RcloneSettings => {
  const own = ownOptions(options, 'rclone', ['program', 'args', 'timeout', 'connections']);
  const args = own.text('args');
  return {
    remote: parseRcloneLocation(location),
    program: splitCommand(own.text('program') ?? 'rclone'),
    args: args === undefined ? usualRcloneArgs : splitCommand(args),
    startTimeout: startTimeoutOf(own.text('timeout')),
    connections: own.count('connections', 64) ?? 5,
    stuckTimeout,
  };
};

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Whether a value that came from another thread is what was handed to it. */
export const isRcloneSettings = (value: unknown): value is RcloneSettings => {
  if (typeof value !== 'object' || value === null) return false;
  const { remote, program, args, startTimeout, connections, stuckTimeout } = value as Partial<
    Record<keyof RcloneSettings, unknown>
  >;
  return (
    typeof remote === 'string' &&
    [program, args].every(isTexts) &&
    [startTimeout, connections, stuckTimeout].every((each) => typeof each === 'number')
  );
};
