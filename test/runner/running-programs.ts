import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

interface Program {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly words: string;
}

/** Fields 3 and 4 of proc_pid_stat(5); undefined once the process is over. */
const programOf = (pid: number): Program | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), state, words };
  } catch {
    return undefined;
  }
};

const tryRead = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/** What the process waits for: where in the kernel its threads are, and what it has open. */
const waitsOf = (pid: number): string => {
  const folder = `/proc/${pid}`;
  const threads = tryRead(() => readdirSync(join(folder, 'task')), []);
  const places = threads.map((thread) =>
    tryRead(() => readFileSync(join(folder, 'task', thread, 'wchan'), 'utf8'), '?'),
  );
  const files = tryRead(() => readdirSync(join(folder, 'fd')), []);
  const open = files.map((file) => `${file}:${tryRead(() => readlinkSync(join(folder, 'fd', file)), '?')}`);
  return `waits in ${places.join(' ')}; open ${open.join(' ')}`;
};

/** All programs that this process has started, and theirs, a line each: for the report on a test that outlasts its limit. */
export const runningPrograms = (root = process.pid): readonly string[] => {
  const all = tryRead(() => readdirSync('/proc'), [])
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => programOf(Number(name)) ?? []);
  const below = (parent: number): readonly Program[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(root).map(({ pid, state, words }) => `${pid} ${state} …${words.slice(-200)}: ${waitsOf(pid)}`);
};
