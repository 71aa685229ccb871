import { spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';

/** A real PostgreSQL in a folder of its own, which listens on a socket there only and wants a password. */
export interface Postgres {
  /** The folder of its socket, which is its host. */
  readonly host: string;
  readonly password: string;
  sql(statements: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

/** It does not run as the superuser, who starts it here as nobody. */
const nobody = 65_534;

export const startPostgres = async (password: string): Promise<Postgres> => {
  const [version = ''] = (await readdir('/usr/lib/postgresql')).sort().reverse();
  const program = (name: string): string => join('/usr/lib/postgresql', version, 'bin', name);
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-postgres-'));
  await chmod(folder, 0o755);
  await chown(folder, nobody, nobody);
  const [data, login] = [join(folder, 'data'), join(folder, 'login')];
  const file = join(folder, 'password');
  await writeFile(file, `${password}\n`);
  await chown(file, nobody, nobody);
  const as = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
  const init = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${file}`,
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  ];
  await succeed('setpriv', [...as, program('initdb'), '--no-sync', ...init], { cwd: folder });
  const options = ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'];
  const child = spawn('setpriv', [...as, program('postgres'), ...options], { stdio: 'ignore', cwd: folder });
  await writeFile(login, `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 });
  const env = { ...process.env, PGPASSFILE: login };
  const psql = (statements: string, database: string): readonly string[] => [
    '-XAtq',
    `--host=${folder}`,
    '--username=postgres',
    `--dbname=${database}`,
    '--set=ON_ERROR_STOP=1',
    `--command=${statements}`,
  ];
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGQUIT');
      await ended;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await runCommand('psql', psql('SELECT 1', 'postgres'), { env })).code === 0) {
      return {
        host: folder,
        password,
        stop,
        sql: (statements, database = 'postgres') => succeed('psql', psql(statements, database), { env }),
      };
    }
    await sleep(100);
  }
  await stop();
  throw new Error('PostgreSQL does not start');
};
