import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** A program that we have started. */
interface StartedChild {
  readonly program: string;
  /** How it ended: `exit code 1`, a signal, or the system's error. */
  readonly ended: Promise<string>;
  /** What it said last on its standard error. */
  lastWords(): string;
  /** Ends it: its input first, then by signal, then hard. */
  end(): void;
}

/** One that we speak with over its standard input and output. */
export interface ChildStream extends StartedChild {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether anything came from it. */
  readonly spoke: boolean;
}

/** One whose standard input and output are one socket, whose other end this is. */
export interface ChildSocket extends StartedChild {
  readonly socket: Socket;
}

export interface ChildOptions {
  /** Is told each line of its standard error. */
  readonly onLine?: (line: string) => void;
}

const keptLines = 3;
const longestLine = 2000;
/** How long it may take to end by itself once its input has ended; then each further step. */
const graceMilliseconds = 2000;

/** A password in a URL is all that such programs are known to repeat. */
const withoutSecrets = (line: string): string => line.replaceAll(/(?<=:\/\/[^\s/@:]*:)[^\s/@]+(?=@)/g, '•••');

const readLines = (stderr: Readable, onLine: (line: string) => void): (() => string) => {
  const last: string[] = [];
  let rest = '';
  const take = (line: string): void => {
    const said = withoutSecrets(line.trim());
    if (said === '') return;
    last.push(said);
    if (last.length > keptLines) last.shift();
    onLine(said);
  };
  stderr.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) take(line);
  });
  stderr.on('end', () => take(rest));
  stderr.on('error', () => {});
  return () => last.join(' ');
};

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });

/** Ends a child step by step. */
const enderOf = (child: ChildProcess, input: Writable, ended: Promise<string>): (() => void) => {
  let ending = false;
  return () => {
    if (ending) return;
    ending = true;
    input.end();
    const soft = setTimeout(() => child.kill('SIGTERM'), graceMilliseconds);
    const hard = setTimeout(() => child.kill('SIGKILL'), 2 * graceMilliseconds);
    void ended.then(() => {
      clearTimeout(soft);
      clearTimeout(hard);
    });
  };
};

/** Starts it. A program that is not there ends at once, with the system's error. */
export const startChild = (command: readonly string[], { onLine = () => {} }: ChildOptions = {}): ChildStream => {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  const ended = endOf(child);
  let spoke = false;
  stdout.once('data', () => {
    spoke = true;
  });
  stdin.on('error', () => {});
  // A child that could not be started never closes its output by itself.
  void ended.then(() => stdout.destroy());
  const lastWords = readLines(stderr, onLine);
  return {
    program,
    input: stdout,
    output: stdin,
    ended,
    lastWords,
    get spoke() {
      return spoke;
    },
    end: enderOf(child, stdin, ended),
  };
};

/** What the shell ends with where there is no such program. */
export const notFound = 'exit code 127';

/**
 * Starts it on one socket. Node speaks HTTP/2 over a socket by itself; over two pipes that are made to look like one it ends the
 * whole process when the program dies at the wrong moment (ERR_INTERNAL_ASSERTION of JSStreamSocket). Of what lies beyond
 * the third descriptor Node makes such a socket, and the shell makes it the standard input and output.
 */
export const startOnSocket = (command: readonly string[], { onLine = () => {} }: ChildOptions = {}): ChildSocket => {
  const [program = ''] = command;
  const parameters = ['-c', 'exec "$@" <&3 >&3 3>&-', 'sh', ...command];
  const child = spawn('sh', parameters, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const { stderr } = child;
  const socket = child.stdio[3];
  if (!(socket instanceof Socket) || stderr === null) throw new Error('Node has made no socket');
  const ended = endOf(child);
  socket.on('error', () => {});
  void ended.then(() => socket.destroy());
  return { program, socket, ended, lastWords: readLines(stderr, onLine), end: enderOf(child, socket, ended) };
};
