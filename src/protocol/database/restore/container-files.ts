import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { terminalLine } from '../../../mail/terminal-text.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../model/tar-format.ts';
import { runProgram, type ProgramResult } from '../../../system/run-program.ts';
import { composeCommand } from '../compose-command.ts';
import type { DatabasePlace } from '../config.ts';
import { nameOfPlace } from '../place.ts';
import { programFault } from '../program-fault.ts';
import { environmentOf } from '../start-program.ts';

/** As an engine says it: `running`, `exited`, `restarting`, … */
export interface ContainerState {
  readonly status: string;
  /** It goes when it is stopped, with all that is in it. */
  readonly isFleeting: boolean;
}

/** Whose a file is to be in the container. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** A container and its files, whether it runs or not. */
export interface ContainerFiles {
  readonly engine: 'docker' | 'podman';
  readonly name: string;
  state(run: Run): Promise<ContainerState>;
  stop(run: Run): Promise<void>;
  start(run: Run): Promise<void>;
  /** Copies a file out of it; false where it has none of that name. */
  take(path: string, to: string, run: Run): Promise<boolean>;
  /** Puts a file of this machine there, over what has its name. */
  put(from: string, path: string, owner: FileOwner, run: Run): Promise<void>;
}

const stopSeconds = '60';

/** Finds the container of a place; that of a service is Docker's. Faults: `server-unavailable` where there is none, `configuration` without engine. */
export const containerFiles = async (
  place: DatabasePlace,
  variables: Readonly<Record<string, string | undefined>>,
  run: Run,
): Promise<ContainerFiles> => {
  const environment = environmentOf(variables);
  const ask = async (words: readonly string[], run: Run): Promise<ProgramResult> => {
    const [program = '', ...parameters] = words;
    const ended = await runProgram({ program, parameters, environment, signal: run.signal, apart: true });
    throwIfInterrupted(run);
    if (ended !== undefined) return ended;
    throw new Fault('configuration', `there is no program ${program} here, which has the container`);
  };
  const must = async (what: string, words: readonly string[], run: Run): Promise<string> =>
    succeeded(what, await ask(words, run));
  const engine = place.kind === 'podman' ? 'podman' : 'docker';
  const name = place.kind === 'compose' ? await serviceContainer(place.value, environment, must, run) : place.value;
  const what = `the container${nameOfPlace(place).replace(/^ in the (?:container|service)/, '')}`;
  const format = '{{.State.Status}} {{.HostConfig.AutoRemove}}';
  return {
    engine,
    name,
    state: async (run) => {
      const said = await must(`${what} cannot be asked`, [engine, 'inspect', '--format', format, name], run);
      const [status = '', isFleeting] = said.trim().split(' ');
      return { status, isFleeting: isFleeting === 'true' };
    },
    stop: async (run) => void (await must(`${what} cannot be stopped`, [engine, 'stop', '-t', stopSeconds, name], run)),
    start: async (run) => void (await must(`${what} cannot be started`, [engine, 'start', name], run)),
    take: async (path, to, run) => {
      const ended = await ask([engine, 'cp', `${name}:${path}`, to], run);
      if (ended.code !== 0 && /could not (?:be found|find the file)|no such file/i.test(ended.stderr)) return false;
      succeeded(`${path} cannot be copied from ${what}`, ended);
      return true;
    },
    put: async (from, path, owner, run) => {
      // Podman else gives all to the superuser.
      const keeping = engine === 'podman' ? ['--archive=false'] : [];
      const words = [engine, 'cp', ...keeping, '-', `${name}:${posix.dirname(path)}`];
      const size = (await stat(from)).size;
      const ended = await fed(words, tarOf(from, { name: posix.basename(path), size, owner, run }), {
        environment,
        run,
      });
      succeeded(`${path} cannot be put into ${what}`, ended);
    },
  };
};

const succeeded = (what: string, { code, stdout, stderr }: ProgramResult): string => {
  if (code === 0) return stdout;
  const end = { code, said: terminalLine(stderr.trim()).slice(-500) };
  throw programFault(end, what) ?? new Fault('io-failed', `${what}: ${end.said}`);
};

const serviceContainer = async (
  { file, service }: { readonly file: string; readonly service: string },
  environment: Readonly<Record<string, string>>,
  must: (what: string, words: readonly string[], run: Run) => Promise<string>,
  run: Run,
): Promise<string> => {
  const compose = await composeCommand(file, environment, run.signal);
  const words = [...compose, 'ps', '--all', '--quiet', service];
  const [id] = (await must(`the service ${service} cannot be asked`, words, run)).split('\n');
  if (id !== undefined && id !== '') return id;
  throw new Fault('server-unavailable', `the service ${service} has no container`, {
    hint: `Start it: ${compose.join(' ')} up -d ${service}`,
    retry: true,
  });
};

interface Packing {
  readonly name: string;
  readonly size: number;
  readonly owner: FileOwner;
  readonly run: Run;
}

/** An archive of this one file, as engines take them. */
async function* tarOf(from: string, { name, size, owner, run }: Packing): AsyncGenerator<Uint8Array> {
  const now = run.now();
  const times = { mtime: now, atime: now, ctime: now };
  const none = { user: '', group: '', inode: 0n, deviceId: 0n, links: 1 };
  const bytes = byteStringOfText(name);
  yield tarHeader({ name: bytes, type: 'file', size, ...owner, ...times, ...none }, bytes) ?? new Uint8Array(0);
  for await (const chunk of createReadStream(from)) if (Buffer.isBuffer(chunk)) yield chunk;
  yield tarPadding(size);
  yield tarEnd();
}

const fed = async (
  [program = '', ...parameters]: readonly string[],
  bytes: AsyncIterable<Uint8Array>,
  { environment, run }: { readonly environment: Readonly<Record<string, string>>; readonly run: Run },
): Promise<ProgramResult> => {
  const child = spawn(program, parameters, {
    env: { ...environment, LC_ALL: 'C' },
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    signal: run.signal,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      stderr += error.message;
      resolve(-1);
    });
    child.once('close', (code) => resolve(code ?? -1));
  });
  // What it says when it takes no more counts, not that its input broke off.
  const written = await pipeline(Readable.from(bytes), child.stdin, { signal: run.signal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const code = await ended;
  throwIfInterrupted(run);
  if (code === 0 && written !== undefined) throw asFault(written);
  return { code, stdout: '', stderr };
};
