import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';
import { mysqlPrograms } from '../requirement/mysql.ts';
import { freePort } from './loopback.ts';

/** A real MySQL in a folder of its own, whose root logs in by `caching_sha2_password`, on a socket there. */
export interface Mysql {
  readonly socket: string;
  /** On the loopback interface, where it wants TLS. */
  readonly port: number;
  /** Certificates that it has made for itself: `ca.pem` is that of its authority. */
  readonly data: string;
  readonly password: string;
  /** With its own client and its own program for dumps in front. */
  readonly variables: NodeJS.ProcessEnv;
  sql(statements: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

const password = 'secret of MySQL 4711';

/** What a server needs that is small, and stands where the tests have put it. */
export interface MysqlFiles {
  readonly bin: string;
  /** Where its programs are, with all that they need. */
  readonly home: string;
  readonly data: string;
  readonly options: readonly string[];
}

/** Makes the files of a server that has a root without a password. */
export const initialiseMysql = async (folder: string): Promise<MysqlFiles> => {
  const { bin, base } = await mysqlPrograms();
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  const first = ['--no-defaults', `--basedir=${base}`, `--lc-messages-dir=${join(base, 'share/mysql')}`, '--user=root'];
  const options = [...first, '--innodb-buffer-pool-size=32M', '--innodb-redo-log-capacity=8M'];
  const making = [`--datadir=${data}`, '--initialize-insecure', '--innodb-flush-log-at-trx-commit=0'];
  await succeed(join(bin, 'mysqld'), [...options, ...making]);
  const quick = ['--innodb-flush-log-at-trx-commit=0', '--sync-binlog=0', '--performance-schema=OFF'];
  return {
    bin,
    home: join(base, '..'),
    data,
    options: [...options, ...quick, '--mysqlx=OFF', '--secure-file-priv=NULL'],
  };
};

export const startMysql = async (): Promise<Mysql> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-mysql-'));
  const { bin, data, options } = await initialiseMysql(folder);
  const [socket, log, port] = [join(folder, 'socket'), join(folder, 'log'), await freePort()];
  const own = [`--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`, `--log-error=${log}`];
  const network = ['--bind-address=127.0.0.1', `--port=${port}`, '--require-secure-transport=ON'];
  // As a server that others follow has it: mysqldump then writes of it, unless it is told not to.
  const followed = ['--gtid-mode=ON', '--enforce-gtid-consistency=ON'];
  const child = spawn(join(bin, 'mysqld'), [...options, ...own, ...network, ...followed], { stdio: 'ignore' });
  let login = ['-uroot'];
  const asking = ['--no-defaults', `--socket=${socket}`, '--default-character-set=utf8mb4', '-N', '-B'];
  const sql = (statements: string, database = ''): Promise<string> =>
    succeed(join(bin, 'mysql'), [...asking, ...login, '-e', statements, database]);
  const server: Mysql = {
    socket,
    port,
    data,
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
