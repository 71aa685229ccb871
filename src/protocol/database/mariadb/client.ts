import { readFile } from 'node:fs/promises';
import type { Run } from '../../../contract/run.ts';
import { errnoFault } from '../../../system/errno.ts';
import type { MariadbSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { nameOfPlace } from '../place.ts';
import { readOutput } from '../read-output.ts';
import { type ProgramCall, type StartedProgram, startProgram } from '../start-program.ts';
import { mariadbFault } from './fault.ts';
import { passwordFile, passwordsIn } from './option-file.ts';

/** A server as its own programs reach it. Nothing stays open between two calls. */
export interface MariadbClient {
  /** For people: `MariaDB in the container mailserver-mariadb`. */
  readonly description: string;
  /** Names of the client, and of what dumps: those of the brand first, as the other's may not know how its users log in. */
  readonly programs: BrandPrograms;
  /** The rows of statements, as text. Faults as `mariadbFault`. */
  query(statements: string, run: Run): Promise<readonly (readonly string[])[]>;
  start(call: MariadbCall, run: Run): Promise<StartedProgram>;
}

export type MariadbCall = Pick<ProgramCall, 'candidates' | 'parameters' | 'mode'>;

interface BrandPrograms {
  readonly client: readonly string[];
  readonly dump: readonly string[];
}

const programsOf: Readonly<Record<MariadbSetting['database'], BrandPrograms>> = {
  mariadb: { client: ['mariadb', 'mysql'], dump: ['mariadb-dump', 'mysqldump'] },
  mysql: { client: ['mysql', 'mariadb'], dump: ['mysqldump', 'mariadb-dump'] },
};

interface Login {
  readonly optionFile: string;
  readonly hidden: readonly string[];
  /** Whether what the user has in `~/.my.cnf` counts. */
  readonly ownFiles: boolean;
}

/** Fetches the password, or reads the option file. Faults of `ReadSecret`, and `configuration` for the file. */
export const createMariadbClient = async (
  setting: MariadbSetting,
  parts: DatabaseParts,
  run: Run,
): Promise<MariadbClient> => {
  const login = await loginOf(setting, parts, run);
  const site = { place: setting.in, systemUser: setting.systemUser, variables: parts.variables };
  const { host, port, socket, user } = setting;
  // Whatever a program takes from files, it must come first; what is said here counts more.
  const first = [
    '--defaults-extra-file=/dev/fd/3',
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(port === undefined ? [] : [`--port=${port}`]),
    ...(socket === undefined ? [] : [`--socket=${socket}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    '--default-character-set=utf8mb4',
  ];
  const start: MariadbClient['start'] = (call, run) =>
    startProgram(
      site,
      {
        ...call,
        parameters: [...first, ...call.parameters],
        secret: login.optionFile,
        hidden: login.hidden,
        ownFiles: login.ownFiles,
      },
      run,
    );
  const brand = setting.database === 'mysql' ? 'MySQL' : 'MariaDB';
  const description = `${brand}${nameOfPlace(setting.in)}`;
  const programs = programsOf[setting.database];
  const query: MariadbClient['query'] = (statements, run) => rowsOf(statements, { start, programs, description, run });
  return { description, programs, start, query };
};

const loginOf = async (setting: MariadbSetting, parts: DatabaseParts, run: Run): Promise<Login> => {
  if (setting.defaultsFile !== undefined) {
    const path = setting.defaultsFile;
    const optionFile = await readFile(path, 'utf8').catch((error: unknown) => {
      throw errnoFault(error, 'read', path, { ENOENT: 'configuration', EACCES: 'configuration' });
    });
    return { optionFile, hidden: passwordsIn(optionFile), ownFiles: false };
  }
  if (setting.password === undefined) return { optionFile: '', hidden: [], ownFiles: true };
  const password = (await parts.readSecret(setting.password, run)).reveal();
  return { optionFile: passwordFile(password), hidden: [password], ownFiles: false };
};

interface Asking {
  readonly start: MariadbClient['start'];
  readonly programs: BrandPrograms;
  readonly description: string;
  readonly run: Run;
}

/** What the client escapes in its output for other programs (`--batch`). */
const unescaped = (value: string): string =>
  value.replace(/\\([ntr0\\])/g, (_, letter: string) => ({ n: '\n', t: '\t', r: '\r', '0': '\0' })[letter] ?? '\\');

const rowsOf = async (
  statements: string,
  { start, programs, description, run }: Asking,
): Promise<readonly (readonly string[])[]> => {
  const parameters = ['--batch', '--skip-column-names', '--skip-auto-rehash'];
  const program = await start({ candidates: programs.client, parameters, mode: 'fed' }, run);
  const { output, end } = await readOutput(program, statements, run);
  if (end.code !== 0) throw mariadbFault(end, `${description} cannot be asked`);
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split('\t').map((value) => unescaped(value)));
};

/** A name in a statement. */
export const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A text in a statement, whatever the server's mode makes of backslashes. */
export const literal = (text: string): string =>
  text === '' ? "''" : `CONVERT(0x${Buffer.from(text).toString('hex')} USING utf8mb4)`;
