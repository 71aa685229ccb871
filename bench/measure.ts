import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A whole program to run: nothing of it is shared with the bench. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** What one run of a command cost; seconds and bytes. */
export interface Cost {
  readonly wall: number;
  /** User and system time of the process and of all that it waited for. */
  readonly cpu: number;
  /** Peak resident size of its largest process. */
  readonly peak: number;
  /** Largest sum of the resident sizes of all its processes at one moment, as polled. */
  readonly peakSum: number;
}

export class CommandFailed extends Error {}

const gnuTime = '/usr/bin/time';
const pollMilliseconds = 15;

/** How the figures come about, as a sentence for the report. */
export function measuringMethod(): string {
  const sum = `the sum over all processes by reading /proc every ${pollMilliseconds} ms`;
  return hasGnuTime()
    ? `CPU time and peak memory of the largest process by GNU time (rusage of the waited-for processes), ${sum}`
    : `CPU time from the bench's own cutime and cstime in /proc/self/stat (steps of 10 ms), peak memory of the largest process from VmHWM, ${sum}`;
}

let gnuTimeFound: boolean | undefined;

function hasGnuTime(): boolean {
  gnuTimeFound ??= isExecutable(gnuTime) && spawnSync(gnuTime, ['-f', '%U %S %M', 'true']).status === 0;
  return gnuTimeFound;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Flushes what earlier runs left to the disk, and empties the page cache when asked to (needs root). */
export function settle(cold: boolean): void {
  spawnSync('sync');
  if (cold) writeFileSync('/proc/sys/vm/drop_caches', '3');
}

/** Runs a command to its end. Rejects with CommandFailed, which quotes what it said, when it does not end with 0. */
export async function measure(command: Command): Promise<Cost> {
  const scratch = mkdtempSync(join(tmpdir(), 'mailkeep-measure-'));
  try {
    const timeFile = join(scratch, 'time');
    const timed = hasGnuTime();
    const args = timed ? ['-q', '-f', '%U %S %M', '-o', timeFile, command.program, ...command.args] : [...command.args];
    const before = childrenTicks();
    const started = process.hrtime.bigint();
    const { peak, peakSum } = await runWatched(timed ? gnuTime : command.program, args, command);
    const wall = Number(process.hrtime.bigint() - started) / 1e9;
    if (!timed) return { wall, cpu: (childrenTicks() - before) / 100, peak, peakSum };
    const [user = 0, system = 0, kilobytes = 0] = readFileSync(timeFile, 'utf8').trim().split(/\s+/).map(Number);
    return { wall, cpu: user + system, peak: kilobytes * 1024, peakSum: Math.max(peakSum, kilobytes * 1024) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function runWatched(
  program: string,
  args: readonly string[],
  { cwd, env }: Command,
): Promise<{ peak: number; peakSum: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
      ...(cwd === undefined ? {} : { cwd }),
    });
    const watch = watchMemory(child.pid ?? -1, program === gnuTime);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2000);
    });
    child.on('error', (error) => {
      watch.stop();
      reject(new CommandFailed(`${program} could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      const peaks = watch.stop();
      if (code === 0) resolve(peaks);
      else reject(new CommandFailed(`ended with ${code ?? signal}: ${said.trim()}`));
    });
  });
}

/** CPU ticks (10 ms) of all children that this process has waited for so far: fields 16 and 17 of proc(5)'s stat. */
function childrenTicks(): number {
  const [, fields = ''] = /\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? [];
  const numbers = fields.split(' ');
  return Number(numbers[13]) + Number(numbers[14]);
}

interface MemoryWatch {
  readonly stop: () => { peak: number; peakSum: number };
}

/** Polls a process and its descendants. A process's own peak is kept by the kernel, so little of it is missed. */
function watchMemory(root: number, onlyDescendants: boolean): MemoryWatch {
  let peak = 0;
  let peakSum = 0;
  const poll = (): void => {
    let sum = 0;
    for (const pid of family(root).slice(onlyDescendants ? 1 : 0)) {
      const status = readProc(`/proc/${pid}/status`);
      peak = Math.max(peak, kilobytesIn(status, 'VmHWM') * 1024);
      sum += kilobytesIn(status, 'VmRSS') * 1024;
    }
    peakSum = Math.max(peakSum, sum);
  };
  const timer = setInterval(poll, pollMilliseconds);
  return {
    stop: () => {
      clearInterval(timer);
      return { peak, peakSum };
    },
  };
}

function family(root: number): number[] {
  const found = [root];
  // The list grows while it is walked.
  for (const pid of found) {
    for (const task of tasksOf(pid)) {
      const children = readProc(`/proc/${pid}/task/${task}/children`).trim();
      if (children !== '') found.push(...children.split(' ').map(Number));
    }
  }
  return found;
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // It has ended meanwhile.
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function kilobytesIn(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? '0');
}
