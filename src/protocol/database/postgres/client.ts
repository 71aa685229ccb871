import type { Run } from '../../../contract/run.ts';
import type { PostgresSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { nameOfPlace } from '../place.ts';
import { readOutput } from '../read-output.ts';
import { type ProgramCall, type StartedProgram, startProgram } from '../start-program.ts';
import { postgresFault } from './fault.ts';

/** A server as its own programs reach it. Nothing stays open between two calls. */
export interface PostgresClient {
  /** For people: `PostgreSQL in the container mail-db`. */
  readonly description: string;
  /** What statements write, without a header, a line a row. Faults as `postgresFault`. */
  query(statements: string, options: { readonly database?: string }, run: Run): Promise<readonly string[]>;
  start(call: PostgresCall, run: Run): Promise<StartedProgram>;
}

export interface PostgresCall {
  readonly program: 'psql' | 'pg_dump' | 'pg_dumpall';
  readonly parameters: readonly string[];
  readonly mode: ProgramCall['mode'];
}

/** The database that is there on every server. */
const usualDatabase = 'postgres';

/** A file of passwords for libpq, for whatever is asked for. */
const passwordFile = (password: string): string => `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`;

/** Fetches the password. Faults of `ReadSecret`. */
export const createPostgresClient = async (
  setting: PostgresSetting,
  parts: DatabaseParts,
  run: Run,
): Promise<PostgresClient> => {
  const password = setting.password === undefined ? '' : (await parts.readSecret(setting.password, run)).reveal();
  const site = { place: setting.in, systemUser: setting.systemUser, variables: parts.variables };
  const { host, port, user = 'postgres' } = setting;
  const first = [
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(port === undefined ? [] : [`--port=${port}`]),
    `--username=${user}`,
    '--no-password',
  ];
  const login = password === '' ? '' : passwordFile(password);
  const common = { secret: login, hidden: [password], ownFiles: password === '' };
  const start: PostgresClient['start'] = ({ program, parameters, mode }, run) =>
    startProgram(site, { ...common, candidates: [program], parameters: [...first, ...parameters], mode }, run);
  const description = `PostgreSQL${nameOfPlace(setting.in)}`;
  return {
    description,
    start,
    query: async (statements, { database = usualDatabase }, run) => {
      const parameters = [...quietly, `--dbname=${connectionTo(database)}`];
      const program = await start({ program: 'psql', parameters, mode: 'fed' }, run);
      const { output, end } = await readOutput(program, `SET client_encoding = 'UTF8';\n${statements}`, run);
      if (end.code !== 0) throw postgresFault(end, `${description} cannot be asked`);
      return output.split('\n').filter((line) => line !== '');
    },
  };
};

/** No file of the user's, no alignment, no header; ending with the first error. */
export const quietly = ['--no-psqlrc', '--no-align', '--tuples-only', '--quiet', '--set=ON_ERROR_STOP=1'];

/** A name of a database, which by itself could be taken for a whole connection string. */
export const connectionTo = (database: string): string =>
  `dbname='${database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A name in a statement. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text in a statement. */
export const literal = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
