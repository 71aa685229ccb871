import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { interrupted } from '../contract/run.ts';
import { errnoCode } from '../system/errno.ts';

/** Why a command gave no secret; never what it printed, which may be the secret. */
export type SecretCommandFailure = 'missing' | { readonly exitCode: number | undefined };

const started = (program: string, parameters: readonly string[], signal: AbortSignal) =>
  promisify(execFile)(program, parameters, { signal, encoding: 'utf8' });

/**
 * Runs a program without a shell and gives the first thing that it prints: a line break at the end is not part of it.
 * Fault `interrupted`.
 */
export const runSecretCommand = async (
  [program = '', ...parameters]: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly output: string } | { readonly failure: SecretCommandFailure }> => {
  // Aborted, the signal ends it by SIGTERM only; one that does not heed that would keep this program from ending.
  const kill = (): void => void running?.child.kill('SIGKILL');
  let running: ReturnType<typeof started> | undefined;
  signal.addEventListener('abort', kill, { once: true });
  try {
    running = started(program, parameters, signal);
    const { stdout } = await running;
    return { output: stdout.replace(/\r?\n$/, '') };
  } catch (error) {
    // The system's error quotes the command and what it printed: neither is passed on, also not as a cause.
    if (signal.aborted) throw interrupted();
    if (errnoCode(error) === 'ENOENT') return { failure: 'missing' };
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    return { failure: { exitCode: typeof code === 'number' ? code : undefined } };
  } finally {
    signal.removeEventListener('abort', kill);
  }
};
