import { spawn } from 'node:child_process';
import { Fault } from '../model/fault.ts';

export interface ProgramCall {
  readonly program: string;
  readonly parameters: readonly string[];
  /** What it reads; latin1 stands for bytes. */
  readonly input?: string;
  /** All that it gets; LC_ALL is C in any case, so that what it says can be understood. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** As whom, and where; undefined: as we do. */
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined;
  readonly folder?: string;
  /** In a process group of its own, so that Ctrl-C in a terminal reaches us alone. */
  readonly apart?: boolean;
}

export interface ProgramResult {
  readonly code: number;
  /** Bytes as latin1. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell. Undefined: there is no such program. Faults `interrupted`, `io-failed` when it
 * cannot be started.
 */
export const runProgram = (call: ProgramCall): Promise<ProgramResult | undefined> =>
  new Promise((resolve, reject) => {
    const { program, parameters, environment, input, signal, identity, folder, apart: detached = false } = call;
    const where = { ...identity, ...(folder === undefined ? {} : { cwd: folder }), detached, signal };
    const child = spawn(program, parameters, { ...where, env: { ...environment, LC_ALL: 'C' }, stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => {
      if (signal.aborted) reject(new Fault('interrupted', 'interrupted before it was finished', { cause: error }));
      else if ('code' in error && error.code === 'ENOENT') resolve(undefined);
      else reject(new Fault('io-failed', `${program} cannot be started: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.from(input ?? '', 'latin1'));
  });
