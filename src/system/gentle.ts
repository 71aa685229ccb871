import { readdirSync } from 'node:fs';
import { availableParallelism, getPriority, setPriority } from 'node:os';
import { runProgram } from './run-program.ts';

export interface Gentleness {
  /** 0 to 19. */
  readonly nice: number;
  readonly io: 'idle' | 'normal';
}

/** Niceness and I/O class are of threads; those that are started later, and programs, have them of the one that starts them. */
const threads = (): readonly string[] => {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    return [String(process.pid)];
  }
};

/** Makes this process gentle from now on, and never less gentle than it is. Returns what could not be done. */
export const beGentle = async (
  { nice, io }: Gentleness,
  { path, signal }: { readonly path: string | undefined; readonly signal: AbortSignal },
): Promise<readonly string[]> => {
  const problems: string[] = [];
  const own = threads();
  try {
    for (const thread of own) if (getPriority(Number(thread)) < nice) setPriority(Number(thread), nice);
  } catch (error) {
    problems.push(`the niceness stays as it is: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (io === 'normal') return problems;
  const call = { program: 'ionice', parameters: ['-c', '3', '-p', ...own], environment: { PATH: path }, signal };
  const result = await runProgram(call);
  if (result === undefined) problems.push('reading and writing are as those of others: there is no program ionice');
  else if (result.code !== 0) problems.push(`reading and writing are as those of others: ${result.stderr.trim()}`);
  return problems;
};

/** How many processors this process may use. */
export const processors = (): number => availableParallelism();

/** Milliseconds that this process has computed so far, all threads together. */
export const computedTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
