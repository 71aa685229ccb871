import { open, opendir, readdir, readFile, stat } from 'node:fs/promises';
import type { FileLook, Machine, Place } from '../../contract/machine.ts';
import { interrupted, type Run, throwIfInterrupted } from '../../contract/run.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { runProgram } from '../../system/run-program.ts';

const mostText = 1 << 20;
const mostNames = 20_000;
/** A daemon that hangs must not hold up a person. */
const patience = 10_000;

const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoCode(error) ?? '');

const readText = async (path: string): Promise<FileLook> => {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return { kind: 'closed', reason: `${path} is no file` };
    if (stats.size > mostText) return { kind: 'closed', reason: `${path} is longer than 1 MiB` };
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) };
  } catch (error) {
    if (error instanceof TypeError) return { kind: 'closed', reason: `${path} is not UTF-8` };
    return isGone(error) ? { kind: 'missing' } : { kind: 'closed', reason: errnoFault(error, 'read', path).message };
  }
};

const placeAt = async (path: string): Promise<Place> => {
  try {
    const stats = await stat(path);
    // Opening tells whether this user may read it; a pipe would wait for somebody who writes.
    if (stats.isFile()) await (await open(path, 'r')).close();
    if (!stats.isDirectory()) return 'file';
    await (await opendir(path)).close();
    return 'folder';
  } catch (error) {
    return isGone(error) ? 'missing' : 'closed';
  }
};

const namesIn = async (folder: string): Promise<readonly string[] | undefined> => {
  try {
    return (await readdir(folder)).slice(0, mostNames).sort();
  } catch {
    return undefined;
  }
};

const beginningOf = async (path: string, bytes: number): Promise<Uint8Array | undefined> => {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
};

export interface LocalMachineParts {
  readonly home: string;
  /** Of the process, for programs that are asked. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** This machine, as presets look at it. */
export const localMachine = ({ home, variables }: LocalMachineParts, run: Run): Machine => {
  const heeding =
    <Given extends readonly unknown[], Result>(look: (...given: Given) => Promise<Result>) =>
    (...given: Given): Promise<Result> => {
      throwIfInterrupted(run);
      return look(...given);
    };
  return {
    home,
    readText: heeding(readText),
    placeAt: heeding(placeAt),
    namesIn: heeding(namesIn),
    beginningOf: heeding(beginningOf),
    ask: async (program, parameters) => {
      const signal = AbortSignal.any([run.signal, AbortSignal.timeout(patience)]);
      try {
        const result = await runProgram({ program, parameters, environment: variables, signal });
        return result?.code === 0 ? Buffer.from(result.stdout, 'latin1').toString('utf8') : undefined;
      } catch (error) {
        // It hung, or cannot be started: what it would have told is found in files, or said to be unknown.
        if (run.signal.aborted) throw interrupted(error);
        return undefined;
      }
    },
  };
};
