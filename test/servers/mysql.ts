import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';
import { mysqlPrograms } from '../requirement/mysql.ts';

/** A real MySQL in a folder of its own, whose root logs in by `caching_sha2_password`, on a socket there. */
export interface Mysql {
  readonly socket: string;
  readonly password: string;
  /** With its own client and its own program for dumps in front. */
  readonly variables: NodeJS.ProcessEnv;
  sql(statements: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

const password = 'secret of MySQL 4711';

export const startMysql = async (): Promise<Mysql> => {
  const { bin, base } = await mysqlPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-mysql-'));
  const data = join(folder, 'data');
  const [socket, log] = [join(folder, 'socket'), join(folder, 'log')];
  await mkdir(data, { mode: 0o700 });
  const first = ['--no-defaults', `--basedir=${base}`, `--lc-messages-dir=${join(base, 'share/mysql')}`, '--user=root'];
  const options = [...first, `--datadir=${data}`, '--innodb-buffer-pool-size=32M', '--innodb-redo-log-capacity=8M'];
  const mysqld = join(bin, 'mysqld');
  await succeed(mysqld, [...options, '--initialize-insecure', '--innodb-flush-log-at-trx-commit=0']);
  const served = [`--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`, '--skip-networking', '--mysqlx=OFF'];
  // As a server that others follow has it: mysqldump then writes of it, unless it is told not to.
  const followed = [
    '--secure-file-priv=NULL',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--performance-schema=OFF',
  ];
  const child = spawn(mysqld, [...options, ...served, ...followed, `--log-error=${log}`], { stdio: 'ignore' });
  let login = ['-uroot'];
  const asking = ['--no-defaults', `--socket=${socket}`, '--default-character-set=utf8mb4', '-N', '-B'];
  const sql = (statements: string, database = ''): Promise<string> =>
    succeed(join(bin, 'mysql'), [...asking, ...login, '-e', statements, database]);
  const server: Mysql = {
    socket,
    password,
    variables: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) },
    sql,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  while (child.exitCode === null) {
    const ping = await runCommand(join(bin, 'mysql'), [...asking, ...login, '-e', 'SELECT 1']);
    if (ping.code === 0) {
      await sql(`ALTER USER root@localhost IDENTIFIED WITH caching_sha2_password BY '${password}'`);
      login = ['-uroot', `-p${password}`];
      return server;
    }
    await sleep(200);
  }
  const said = await readFile(log, 'utf8').catch(() => '');
  await server.stop();
  throw new Error(`MySQL does not start: ${said.slice(-2000)}`);
};
