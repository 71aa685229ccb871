import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Run } from '../../contract/run.ts';
import type { DatabasePlace } from './config.ts';
import { composeCommand } from './compose-command.ts';
import { commandInto } from './place.ts';
import { programScript, secretInput } from './program-script.ts';
import { collectWords } from './said.ts';

/** Where a program runs, and what of the environment it may have. */
export interface ProgramSite {
  readonly place: DatabasePlace | undefined;
  /** As whom; undefined: as whoever we are, or as the container says. */
  readonly systemUser: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export interface ProgramCall {
  /** Names of the same program; the first that is there runs. */
  readonly candidates: readonly string[];
  readonly parameters: readonly string[];
  /** What /dev/fd/3 holds for it. */
  readonly secret: string;
  /** What must not be repeated of what it says. */
  readonly hidden: readonly string[];
  /** Whether files of the user who runs it (`~/.my.cnf`) count. */
  readonly ownFiles: boolean;
  /** `watched`: it reads nothing, and ends with us. `fed`: it reads what is written to `input`. */
  readonly mode: 'watched' | 'fed';
}

export interface ProgramEnd {
  /** -1 when a signal ended it, or it could not be started. */
  readonly code: number;
  /** The last lines of its standard error, fit to print. */
  readonly said: string;
}

export interface StartedProgram {
  readonly output: Readable;
  /** Only of a program that is fed. */
  readonly input: Writable;
  readonly ended: Promise<ProgramEnd>;
  /** Ends it, in its container too, and waits for that. To be called on every way out; does nothing when it has ended. */
  stop(): Promise<void>;
}

/** What finds docker, podman and their daemon; nothing else of the environment, in which there may be secrets. */
const keptVariable = /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|TZ|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|DOCKER_.*|CONTAINERS?_.*)$/;

/** What programs get of the environment. */
export const environmentOf = (variables: ProgramSite['variables']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value !== undefined && keptVariable.test(name) ? [[name, value] as const] : [],
    ),
  );

/** How long the last words of a program that has ended are waited for. */
const lastWordsMilliseconds = 1000;

/** How long it may take until what was asked to end is ended hard. */
const graceMilliseconds = 7000;

const knownCompose = new WeakMap<ProgramSite, readonly string[]>();

/** Asked once for each site: that takes about as long as what is then done with it. */
const composeOf = async (
  site: ProgramSite,
  file: string,
  { environment, run }: { readonly environment: Readonly<Record<string, string>>; readonly run: Run },
): Promise<readonly string[]> => {
  const command = knownCompose.get(site) ?? (await composeCommand(file, environment, run.signal));
  knownCompose.set(site, command);
  return command;
};

/** Starts a program where the database is. It ends when the run is aborted. */
export const startProgram = async (site: ProgramSite, call: ProgramCall, run: Run): Promise<StartedProgram> => {
  const environment = environmentOf(site.variables);
  const { place } = site;
  const compose = place?.kind === 'compose' ? await composeOf(site, place.value.file, { environment, run }) : [];
  const script = ['sh', '-c', programScript, 'mailkeep', call.mode, call.ownFiles ? '' : '/dev/null'];
  const command = [...commandInto(site, compose), ...script, call.candidates.join(' '), ...call.parameters];
  const [program = '', ...parameters] = command;
  // A session of its own: Ctrl-C reaches us alone, and we end it in order.
  const child = spawn(program, parameters, { env: environment, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.write(secretInput(call.secret));
  const words = collectWords(child.stderr, call.hidden);
  const ended = endOf(child, program, words);
  const stop = (): Promise<void> => stopChild(child, ended);
  const abort = (): void => void stop();
  run.signal.addEventListener('abort', abort, { once: true });
  void ended.then(() => run.signal.removeEventListener('abort', abort));
  if (run.signal.aborted) abort();
  return { output: child.stdout, input: child.stdin, ended, stop };
};

const endOf = (child: ChildProcess, program: string, words: () => string): Promise<ProgramEnd> =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      const isMissing = 'code' in error && error.code === 'ENOENT';
      child.stdout?.destroy();
      resolve({ code: isMissing ? 127 : -1, said: isMissing ? `mailkeep: not there: ${program}` : error.message });
    });
    // Not `close`: what a killed program left behind may hold its output open. But what it said comes with a delay.
    child.once('exit', (code) => {
      const resolveOnce = (): void => {
        clearTimeout(patience);
        resolve({ code: code ?? -1, said: words() });
      };
      const patience = setTimeout(resolveOnce, lastWordsMilliseconds);
      if (child.stderr?.readableEnded === false) child.stderr.once('end', resolveOnce);
      else resolveOnce();
    });
  });

const stopChild = async (child: ChildProcess, ended: Promise<ProgramEnd>): Promise<void> => {
  child.stdin?.end();
  child.stdout?.destroy();
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { pid } = child;
  const hard = setTimeout(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended just now.
      child.kill('SIGKILL');
    }
  }, graceMilliseconds);
  await ended;
  clearTimeout(hard);
};
