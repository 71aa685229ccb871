import { randomBytes } from 'node:crypto';
import { totalmem } from 'node:os';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import type { ProgramSite, SiteCall, SiteContainer } from '../../system/program-site.ts';
import { runProgram } from '../../system/run-program.ts';
import { startService, type StartedService, untilReady } from '../../system/started-service.ts';
import { askEngine, type Engine } from './engine.ts';
import { endContainer } from './end-container.ts';

export interface ContainerWish {
  readonly engine: Engine;
  /** Its id: what is started is what was found. */
  readonly id: string;
  /** For people. */
  readonly image: string;
  /** The only folders of this machine that it sees, absolute, under the same paths. */
  readonly folders: readonly string[];
  /** What its superuser may do besides nothing. */
  readonly capabilities: readonly string[];
  readonly isRoot: boolean;
  /** Called before it is there, so that whoever comes after a kill finds it. */
  readonly noteContainer: (container: Pick<SiteContainer, 'engine' | 'name'>) => Promise<void>;
  readonly noteService: (pid: number) => Promise<void>;
}

/** Each container of a drill has it. */
const label = 'mailkeep.drill';
const readyWithin = 60_000;

/** Keeps the container until the standard input ends, which it does with us, also when we are killed. */
const keeper = 'trap "exit 0" TERM INT; echo ready; while IFS= read -r line; do :; done';

/** Where images have programs that their PATH does not name; the last is of Dovecot's own. */
const otherFolders = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/dovecot/sbin:/dovecot/bin';
const notThere = 'mailkeep: not there';
/** Says so where there is no such program, which engines tell in ways of their own. */
const starter = `PATH=$PATH:${otherFolders}; command -v "$1" >/dev/null || { echo "${notThere}" >&2; exit 127; }; exec "$@"`;

/** A dump that takes all memory is to take that of the container: half of the machine's. */
const memory = (): string => `${Math.max(1024, Math.floor(totalmem() / 2 ** 21))}m`;

/** As CSV has a field, as a path may have a comma in it. */
const mountOf = (folder: string): string => {
  const path = folder.replaceAll('"', '""');
  return `type=bind,"source=${path}","target=${path}"`;
};

/** Numbers of who we are; in a container of Podman that a person runs they have to be said to be ours. */
const userOf = ({ engine, isRoot }: ContainerWish): readonly string[] => {
  const [uid = 0, gid = 0] = [process.geteuid?.(), process.getegid?.()];
  const space = isRoot || engine.kind === 'docker' ? 'host' : 'keep-id';
  return ['--userns', space, '--user', `${uid}:${gid}`];
};

const flags: readonly (readonly string[])[] = [
  ['--interactive', '--rm', '--read-only'],
  ['--pull', 'never'],
  ['--network', 'none'],
  ['--hostname', 'localhost'],
  ['--log-driver', 'none'],
  ['--cap-drop', 'ALL'],
  ['--security-opt', 'no-new-privileges'],
  // Where SELinux is: the folder has the label of other files.
  ['--security-opt', 'label=disable'],
  ['--pids-limit', '1000'],
  ['--tmpfs', '/tmp'],
  ['--workdir', '/'],
  ['--env', 'LC_ALL=C'],
];

const parametersOf = (wish: ContainerWish, name: string): readonly string[] =>
  [
    ['run', '--name', name, '--label', `${label}=${name}`],
    ...flags,
    ['--memory', memory()],
    userOf(wish),
    ...wish.capabilities.map((capability) => ['--cap-add', capability]),
    ...wish.folders.map((folder) => ['--mount', mountOf(folder)]),
    // In place of the image's own scripts, which may ask for passwords, or for what is not here.
    ['--entrypoint', 'sh', wish.id, '-c', keeper],
  ].flat();

const execOf = (name: string, { program, parameters, identity, folder }: SiteCall): readonly string[] =>
  [
    ['exec', '--interactive'],
    identity === undefined ? [] : ['--user', `${identity.uid}:${identity.gid}`],
    folder === undefined ? [] : ['--workdir', folder],
    [name, 'sh', '-c', starter, 'sh', program, ...parameters],
  ].flat();

/**
 * Starts a container in which programs can be run, and in which nothing of the image runs by itself. It has no network, no rights
 * beyond those of a user, and sees nothing of this machine but the folders. Fault `server-unavailable` when it does not start.
 */
export const openContainer = async (wish: ContainerWish, run: Run): Promise<ProgramSite> => {
  const { engine, image } = wish;
  const { kind, environment } = engine;
  const name = `mailkeep-drill-${randomBytes(8).toString('hex')}`;
  await wish.noteContainer({ engine: kind, name });
  const call = { program: kind, parameters: parametersOf(wish, name), environment, folder: '/', isHeld: true };
  let isReady = false;
  const service = await startService(call);
  if (service === undefined) throw new Fault('server-unavailable', `there is no program ${kind} here`);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= endOf(engine, name, service));
  try {
    await wish.noteService(service.pid);
    const hasSpoken = async (): Promise<boolean> => service.said().includes('ready');
    await untilReady(`container of ${image}`, service, { isReady: hasSpoken, patience: readyWithin }, run.signal);
    isReady = true;
  } finally {
    if (!isReady) await close();
  }
  return {
    variables: environment,
    container: { engine: kind, name, image },
    run: async (call, signal) => {
      const how = { environment, signal, apart: true, ...(call.input === undefined ? {} : { input: call.input }) };
      const ended = await runProgram({ program: kind, parameters: execOf(name, call), ...how });
      return ended?.code === 127 && ended.stderr.trim() === notThere ? undefined : ended;
    },
    start: async (call) => {
      const found = { program: 'sh', parameters: ['-c', 'command -v "$1"', 'sh', call.program] };
      const asked = await askEngine(engine, execOf(name, { ...call, ...found }), run);
      if (asked?.code !== 0) return undefined;
      const started = await startService({ program: kind, parameters: execOf(name, call), environment, folder: '/' });
      // Who ends the engine's program does not end what that has started: the container does.
      return started === undefined ? undefined : { ...started, stop: () => close().then(() => started.stop()) };
    },
    close,
  };
};

const endOf = async (engine: Engine, name: string, service: StartedService): Promise<void> => {
  await endContainer(engine, name);
  await service.stop();
};
