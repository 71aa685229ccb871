import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, errnoFault } from './errno.ts';

/** A file that lines are added to, readable for its owner only. */
export interface LogFile {
  /** Never throws and never waits; `close` tells what went wrong. */
  write(line: string): void;
  close(): Promise<void>;
}

export interface LogFileOptions {
  readonly folder: string;
  readonly name: string;
  /** How many days older files stay. */
  readonly days: number;
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
  /** The day of a moment, such as `2026-11-26`. */
  readonly dayOf: (milliseconds: number) => string;
}

const dayLength = 86_400_000;

/** Yesterday's lines go to `NAME-2026-11-25`, as logrotate's dateext has it; what is older than `days` goes. */
const rotate = async ({ folder, name, days, now, dayOf }: LogFileOptions): Promise<void> => {
  const path = join(folder, name);
  try {
    const day = dayOf((await stat(path)).mtimeMs);
    if (day !== dayOf(now)) await rename(path, `${path}-${day}`);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
  const oldest = dayOf(now - days * dayLength);
  for (const other of await readdir(folder)) {
    const day = other.startsWith(`${name}-`) ? other.slice(name.length + 1) : '';
    if (/^\d{4}-\d\d-\d\d$/.test(day) && day < oldest) await rm(join(folder, other), { force: true });
  }
};

/** Opens a log, after the lines of an earlier day were put aside. Faults as `errnoFault`. */
export const openLogFile = async (options: LogFileOptions): Promise<LogFile> => {
  const { folder, name } = options;
  const path = join(folder, name);
  let failure: unknown;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rotate(options);
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    await once(stream, 'open');
    stream.on('error', (error) => {
      failure ??= error;
    });
    return {
      write: (line) => {
        if (failure === undefined) stream.write(`${line}\n`);
      },
      close: async () => {
        if (failure === undefined) await new Promise<void>((resolve) => stream.end(resolve));
        if (failure !== undefined) throw errnoFault(failure, 'write', path);
      },
    };
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};
