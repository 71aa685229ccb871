import { type ChildProcess, spawn } from 'node:child_process';
import { z } from 'zod';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';
import { resticBinary, type ResticVersion } from '../requirement/restic.ts';
import { testPassword } from '../../src/store/restic/repository-fixture.ts';

export interface ResticRunner {
  readonly folder: string;
  readonly version: ResticVersion;
  /** Runs restic, resolves to what it printed, and fails when it does. */
  (args: readonly string[], cwd?: string): Promise<string>;
  /** Only starts it. */
  start(args: readonly string[]): ChildProcess;
  /** The same, whatever comes of it. */
  attempt(args: readonly string[], cwd?: string): Promise<CommandResult>;
}

export interface ResticSettings {
  readonly version?: ResticVersion;
  readonly timeZone?: string;
  readonly password?: string;
}

/** restic on one repository. */
export const resticOn = async (folder: string, settings: ResticSettings = {}): Promise<ResticRunner> => {
  const { version = '0.19', timeZone = 'UTC', password = testPassword } = settings;
  const program = await resticBinary(version);
  const env = {
    PATH: '/usr/bin:/bin',
    TZ: timeZone,
    RESTIC_REPOSITORY: folder,
    RESTIC_PASSWORD: password,
    RESTIC_FROM_PASSWORD: password,
  };
  const whole = (args: readonly string[]): string[] => ['--no-cache', ...args];
  const run = (args: readonly string[], cwd = '/'): Promise<string> => succeed(program, whole(args), { cwd, env });
  const attempt = (args: readonly string[], cwd = '/'): Promise<CommandResult> =>
    runCommand(program, whole(args), { cwd, env });
  const start = (args: readonly string[]): ChildProcess => spawn(program, whole(args), { env, stdio: 'ignore' });
  return Object.assign(run, { start, folder, version, attempt });
};

/** What `backup --json` says at its end; sizes and counts by restic's names. */
export const resticSummary = (said: string): Readonly<Record<string, number>> => {
  const [line = ''] = said.split('\n').filter((each) => each.includes('"message_type":"summary"'));
  return Object.fromEntries(
    Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(line))).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
  );
};

/** The root tree of a snapshot. */
export const treeOf = async (restic: ResticRunner, id: string): Promise<string> =>
  z.object({ tree: z.string() }).parse(JSON.parse(await restic(['cat', 'snapshot', id]))).tree;
