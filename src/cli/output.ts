import type { WriteStream } from 'node:tty';

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
  readonly terminal: boolean;
  readonly color: boolean;
}

type Stream = NodeJS.WriteStream | WriteStream;

const clearLine = '\r\u001b[2K';

const widthOf = (stream: Stream): number => ('columns' in stream && stream.columns > 0 ? stream.columns : 80);

export const createOutput = (options: {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly color: boolean;
}): Output => {
  const { stdout, stderr } = options;
  const terminal = stderr.isTTY;
  let shown: string | undefined;
  const clear = (): void => {
    if (shown !== undefined) stderr.write(clearLine);
  };
  const redraw = (): void => {
    if (shown !== undefined) stderr.write(shown);
  };
  return {
    terminal,
    color: options.color && terminal,
    print: (line) => {
      clear();
      stdout.write(`${line}\n`);
      redraw();
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
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
