import type { WriteStream } from 'node:tty';
import { interrupted } from '../contract/run.ts';
import type { Fault } from '../model/fault.ts';
import { errnoFault } from '../system/errno.ts';

/** Where a command writes: results to stdout, everything about the run itself to stderr. */
export interface Output {
  /** A line of the result. */
  readonly print: (line: string) => void;
  /** Bytes of the result: a dumped file. Resolves when there is room for more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** A line for the person at the terminal: warnings, hints. */
  readonly say: (line: string) => void;
  /** Replaces the line that is being updated, on a terminal; undefined takes it away. Does nothing in a pipe. */
  readonly update: (line: string | undefined) => void;
  /** Whether the lines for the person go to a terminal. */
  readonly terminal: boolean;
  /** Whether the result does. */
  readonly resultTerminal: boolean;
  readonly color: boolean;
  /** Why the result can no longer be written, if so; `closed`: its reader (`head`) has had enough. */
  readonly failure: () => 'closed' | Fault | undefined;
}

type Stream = NodeJS.WriteStream | WriteStream;

const clearLine = '\r\u001b[2K';

const widthOf = (stream: Stream): number => ('columns' in stream && stream.columns > 0 ? stream.columns : 80);

/** Keeps the first reason why the result cannot be written. */
const watchFailure = (stdout: Stream, onFailure: () => void) => {
  let failure: 'closed' | Fault | undefined;
  const fail = (error: Error): void => {
    if (failure !== undefined) return;
    failure = 'code' in error && error.code === 'EPIPE' ? 'closed' : errnoFault(error, 'write to', 'standard output');
    onFailure();
  };
  stdout.on('error', fail);
  return { fail, failure: () => failure };
};

export const createOutput = (options: {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly color: boolean;
  /** Called once, when the result can no longer be written. */
  readonly onFailure: () => void;
}): Output => {
  const { stdout, stderr } = options;
  const terminal = stderr.isTTY;
  let shown: string | undefined;
  const { fail, failure } = watchFailure(stdout, options.onFailure);
  // Nobody reads the messages: no reason to stop.
  stderr.on('error', () => undefined);
  const clear = (): void => {
    if (shown !== undefined) stderr.write(clearLine);
  };
  const redraw = (): void => {
    if (shown !== undefined) stderr.write(shown);
  };
  return {
    terminal,
    resultTerminal: stdout.isTTY,
    color: options.color && terminal,
    failure,
    print: (line) => {
      clear();
      stdout.write(`${line}\n`);
      redraw();
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (stdout.isTTY) clear();
        stdout.write(bytes, (error) => {
          if (stdout.isTTY) redraw();
          if (!error) {
            resolve();
            return;
          }
          fail(error);
          reject(interrupted(error));
        });
      }),
    say: (line) => {
      clear();
      stderr.write(`${line}\n`);
      redraw();
    },
    update: (line) => {
      if (!terminal) return;
      clear();
      shown = line?.slice(0, widthOf(stderr) - 1);
      redraw();
    },
  };
};
