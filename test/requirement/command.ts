import { execFile } from 'node:child_process';

/** What a finished command left; `code` is -1 when it could not be started or was killed. */
export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type CommandOptions = { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv };

/** Runs a program without a shell and resolves when it has ended, well or not. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 64 << 20, ...options }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: code === -1 && error !== null ? `${stderr}${error.message}` : stderr });
    });
    child.stdin?.end();
  });
}

/** As `runCommand`, but an exit code other than 0 is an error that carries what the program said. */
export async function succeed(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(program, args, options);
  if (result.code !== 0) {
    const said = `${result.stdout}\n${result.stderr}`.trim();
    throw new Error(`${[program, ...args].join(' ')} ended with ${result.code}:\n${said}`);
  }
  return result.stdout;
}
