import { readFile } from 'node:fs/promises';
import { machine, release } from 'node:os';
import { runProgram } from './run-program.ts';

export interface MachineParts {
  /** Where programs are looked for. */
  readonly path: string | undefined;
  readonly signal: AbortSignal;
}

/** What this machine says of itself. */
export interface Machine {
  /** `Rocky Linux 9.6 (Blue Onyx)`; undefined where nothing says it. */
  readonly distribution: string | undefined;
  /** `rocky`, then what it is like: `rhel`, `centos`, `fedora`. */
  readonly families: readonly string[];
  readonly kernel: string;
  readonly architecture: string;
  /** Versions by the names of programs. */
  readonly programs: Readonly<Record<string, string>>;
}

/** What a mail server may consist of, and how each tells its version. None of them asks a server or needs a right. */
const asked: readonly (readonly [name: string, program: string, ...parameters: string[]])[] = [
  ['dovecot', 'dovecot', '--version'],
  ['postfix', 'postconf', '-d', '-h', 'mail_version'],
  ['exim', 'exim', '--version'],
  ['opendkim', 'opendkim', '-V'],
  ['rspamd', 'rspamd', '--version'],
  ['docker', 'docker', '--version'],
  ['podman', 'podman', '--version'],
];

/** A program that does not answer is one that is not there. On a busy machine some need seconds to start. */
const patience = 30_000;

const versionIn = (text: string): string | undefined => /\d+(?:\.\d+)+[\w.+~-]*/.exec(text)?.[0];

const answerOf = async (
  program: string,
  parameters: readonly string[],
  { path, signal }: MachineParts,
): Promise<string | undefined> => {
  const environment = { PATH: `${path ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin` };
  const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    const said = await runProgram({ program, parameters, environment, signal: within });
    return said?.code === 0 ? `${said.stdout}${said.stderr}` : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
};

const composeVersion = async (parts: MachineParts): Promise<readonly (readonly [string, string])[]> => {
  if ((await answerOf('docker', ['compose', 'version'], parts)) !== undefined) return [];
  const older = versionIn((await answerOf('docker-compose', ['--version'], parts)) ?? '');
  return older === undefined ? [] : [['docker-compose', older]];
};

const programsHere = async (parts: MachineParts): Promise<Readonly<Record<string, string>>> => {
  const found: (readonly [string, string])[] = [];
  for (const [name, program, ...parameters] of asked) {
    const version = versionIn((await answerOf(program, parameters, parts)) ?? '');
    if (version !== undefined) found.push([name, version]);
  }
  const isThere = found.some(([name]) => name === 'docker');
  return Object.fromEntries([...found, ...(isThere ? await composeVersion(parts) : [])]);
};

const releaseFile = async (): Promise<string> => {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return '';
};

/** The values of os-release(5), without their quotes. */
export const parseRelease = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm)].map(([, name = '', , value = '']) => [
      name,
      value.replace(/\\(["'$`\\])/g, '$1'),
    ]),
  );

/** Asks the machine what it is. Fault `interrupted`. */
export const describeMachine = async (parts: MachineParts): Promise<Machine> => {
  const known = parseRelease(await releaseFile());
  const families = [known.get('ID') ?? '', ...(known.get('ID_LIKE') ?? '').split(' ')];
  return {
    distribution: known.get('PRETTY_NAME'),
    families: families.filter((name) => name !== ''),
    kernel: release(),
    architecture: machine(),
    programs: await programsHere(parts),
  };
};
