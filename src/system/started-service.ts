import { spawn } from 'node:child_process';
import { Fault } from '../model/fault.ts';
import { sleep } from './clock.ts';

export interface ServiceCall {
  readonly program: string;
  readonly parameters: readonly string[];
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** As whom it runs, without any other group; undefined: as we do. */
  readonly identity?: ServiceIdentity | undefined;
  /** Whether its standard input stays open as long as we are there; else it has none. */
  readonly isHeld?: boolean;
}

/** By their numbers, which need no names. */
export interface ServiceIdentity {
  readonly uid: number;
  readonly gid: number;
}

/** A server of our own, which runs beside us until it is stopped. */
export interface StartedService {
  readonly pid: number;
  /** Its last words; what it prints is not kept otherwise. */
  said(): string;
  hasEnded(): boolean;
  /** Asks it to end, ends it hard after some seconds, and waits for that. Does nothing when it has ended. */
  stop(): Promise<void>;
}

const keptWords = 4000;
/** How long it may take to end in order. */
const graceMilliseconds = 15_000;

/**
 * Starts it in a session of its own: Ctrl-C reaches us alone, and we end it in order. Undefined: there is no such program. Fault
 * `io-failed` when it cannot be started.
 */
export const startService = (call: ServiceCall): Promise<StartedService | undefined> =>
  new Promise((resolve, reject) => {
    const { program, parameters, environment, folder, identity, isHeld = false } = call;
    const options = { ...identity, env: { ...environment, LC_ALL: 'C' }, cwd: folder, detached: true } as const;
    const child = spawn(program, parameters, { ...options, stdio: 'pipe' });
    child.stdin.on('error', () => undefined);
    if (!isHeld) child.stdin.end();
    let words = '';
    const listen = (text: string): void => {
      words = `${words}${text}`.slice(-keptWords);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    let isOver = false;
    const ended = new Promise<void>((over) => {
      child.once('exit', () => {
        isOver = true;
        over();
      });
    });
    child.once('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve(undefined);
      else reject(new Fault('io-failed', `${program} cannot be started: ${error.message}`, { cause: error }));
    });
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) return;
      resolve({
        pid,
        said: () => words.trim(),
        hasEnded: () => isOver,
        stop: async () => {
          if (isOver) return;
          child.kill('SIGTERM');
          const hard = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
          await ended;
          clearTimeout(hard);
        },
      });
    });
  });

export interface Readiness {
  /** Asked again and again until it is so. */
  readonly isReady: () => Promise<boolean>;
  /** Milliseconds. */
  readonly patience: number;
}

const pause = 100;

/** Waits until a service answers. Faults: `server-unavailable` with what it said when it ends, or takes too long; `interrupted`. */
export const untilReady = async (
  name: string,
  service: StartedService,
  { isReady, patience }: Readiness,
  signal: AbortSignal,
): Promise<void> => {
  for (let waited = 0; ; waited += pause) {
    if (await isReady()) return;
    if (service.hasEnded() || waited >= patience) {
      const why = service.hasEnded() ? 'has ended' : 'does not answer';
      throw new Fault('server-unavailable', `the ${name} of the drill ${why}: ${service.said().slice(-500)}`, {
        hint: `Try to start ${name} by hand, or look whether memory or disk are full.`,
      });
    }
    await sleep(pause, signal);
  }
};
