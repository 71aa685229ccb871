import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';

/** A real MariaDB in a folder of its own, which listens on a socket there only. */
export interface Mariadb {
  readonly folder: string;
  readonly socket: string;
  readonly password: string;
  /** What root gets for these statements, with the client of that name. */
  sql(statements: string, database?: string): Promise<string>;
  /** The processes that are connected, but for the one that asks. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/** With all that has a meaning in an option file. */
export const awkwardPassword = String.raw`p"w'd #;\n $(x)\ ü`;

/** Of its own: a server that starts removes the temporary tables of all others in its folder. */
export const temporaryIn = (folder: string): string => `--tmpdir=${folder}`;

/** Makes the files of a server that has a root with a password. */
export const initialise = async (folder: string): Promise<string> => {
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  await succeed('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    temporaryIn(folder),
    '--user=root',
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]);
  return data;
};

export const usualOptions = [
  '--no-defaults',
  '--user=root',
  '--skip-networking',
  '--innodb-buffer-pool-size=32M',
  '--skip-log-bin',
];

export const startMariadb = async (password = awkwardPassword): Promise<Mariadb> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-mariadb-'));
  const data = await initialise(folder);
  const socket = join(folder, 'socket');
  const log = join(folder, 'log');
  const options = [
    `--datadir=${data}`,
    temporaryIn(folder),
    `--socket=${socket}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--log-error=${log}`,
  ];
  const child = spawn('mariadbd', [...usualOptions, ...options], { stdio: 'ignore' });
  const login = join(folder, 'login.cnf');
  await writeFile(login, '[client]\nuser=root\n', { mode: 0o600 });
  const sql = (statements: string, database = ''): Promise<string> =>
    succeed('mariadb', [
      `--defaults-file=${login}`,
      `--socket=${socket}`,
      '--default-character-set=utf8mb4',
      '-N',
      '-B',
      '-e',
      statements,
      database,
    ]);
  const server: Mariadb = {
    folder,
    socket,
    password,
    sql,
    connections: async () =>
      Number(
        await sql(
          "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER <> 'system user'",
        ),
      ),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  for (let attempt = 0; attempt < 300; attempt++) {
    const ping = await runCommand('mariadb', [`--defaults-file=${login}`, `--socket=${socket}`, '-e', 'SELECT 1']);
    if (ping.code === 0) {
      const hex = Buffer.from(password).toString('hex');
      await sql(
        `SET NAMES utf8mb4; EXECUTE IMMEDIATE CONCAT('ALTER USER root@localhost IDENTIFIED BY ', QUOTE(CONVERT(0x${hex} USING utf8mb4)))`,
      );
      const quoted = password.replace(/[\\"']/g, '\\$&');
      await writeFile(login, `[client]\nuser=root\npassword="${quoted}"\n`, { mode: 0o600 });
      return server;
    }
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  const said = await readFile(log, 'utf8').catch(() => '');
  await server.stop();
  throw new Error(`MariaDB does not start: ${said.slice(-2000)}`);
};
