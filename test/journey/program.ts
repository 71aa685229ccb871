import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandResult } from '../requirement/command.ts';

const launcher = fileURLToPath(new URL('../../bin/mailkeep.js', import.meta.url));

/** A person with a home of their own, empty at first, who runs the real program. */
export interface Person {
  /** A temporary folder; the home is in it. */
  readonly folder: string;
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Runs the program to its end; `input` is what comes from standard input, by default nothing. */
  run(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Starts it. */
  start(args: readonly string[], options?: Pick<RunOptions, 'environment'>): ChildProcess;
  leave(): Promise<void>;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export const createPerson = async (): Promise<Person> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-journey-'));
  const home = join(folder, 'home');
  await mkdir(home);
  const { PATH = '/usr/bin:/bin', NODE_COMPILE_CACHE } = process.env;
  const compiled = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
  const environment = { PATH, HOME: home, LANG: 'C.UTF-8', TZ: 'Asia/Tokyo', ...compiled };
  const start = (args: readonly string[], { cwd = folder, environment: more = {} }: RunOptions = {}): ChildProcess =>
    spawn(process.execPath, [launcher, ...args], { cwd, env: { ...environment, ...more }, stdio: 'pipe' });
  return {
    folder,
    home,
    environment,
    run: (args, options = {}) => {
      const child = start(args, options);
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input ?? '');
      return ended(child);
    },
    start: (args, options) => start(args, options),
    leave: () => rm(folder, { recursive: true, force: true }),
  };
};

/** What a started program said once it is over; `code` is -1 when a signal ended it. */
export const ended = (child: ChildProcess): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });

/** All that can be said of a tree, one line an entry: kind, mode, owner, time to the nanosecond, content. */
export const describeTree = (folder: string, leaveOut: (path: string) => boolean = () => false): readonly string[] => {
  const lines: string[] = [];
  const look = (path: string): void => {
    if (leaveOut(path)) return;
    const place = join(folder, path);
    const stats = lstatSync(place, { bigint: true });
    const content = stats.isSymbolicLink()
      ? readlinkSync(place)
      : stats.isFile()
        ? createHash('sha256').update(readFileSync(place)).digest('hex')
        : '';
    lines.push([path, stats.mode.toString(8), stats.uid, stats.gid, stats.mtimeNs, content].join(' '));
    if (stats.isDirectory()) for (const name of readdirSync(place).sort()) look(join(path, name));
  };
  look('.');
  return lines;
};

/** Content of every file below a folder but locks, which come and go: what a repository holds. */
export const repositoryContent = (repository: string): readonly string[] => {
  const lines: string[] = [];
  const look = (path: string): void => {
    const place = join(repository, path);
    const stats = lstatSync(place);
    if (!stats.isDirectory()) {
      lines.push(`${path} ${createHash('sha256').update(readFileSync(place)).digest('hex')}`);
      return;
    }
    if (path !== 'locks') for (const name of readdirSync(place).sort()) look(path === '' ? name : join(path, name));
  };
  look('');
  return lines;
};

/** How many locks a repository has. */
export const lockCount = (repository: string): number => readdirSync(join(repository, 'locks')).length;
