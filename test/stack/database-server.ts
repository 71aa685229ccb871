import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, succeed } from '../requirement/command.ts';
import { type ContainerEngine, startContainerEngine } from '../servers/container-engine.ts';
import { initialise, temporaryIn, usualOptions } from '../servers/mariadb.ts';
import type { StackPlaces } from './places.ts';

/** A MariaDB whose files lie below the root of the stack: in a container of a compose file, or started by itself. */
export interface DatabaseServer {
  readonly isInContainer: boolean;
  /** For the program, so that it finds the container. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where the programs of the server run, as the configuration says it. */
  readonly setting: Readonly<Record<string, unknown>>;
  /** The machine is another one from now on: no container is left. */
  forget(): Promise<void>;
  /** Makes the files of a server without any data, as the image of a database does when it has none. */
  prepare(): Promise<void>;
  /** Gives the superuser the password of `.env`, as the image does; waits until the server answers. */
  settle(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  sql(statements: string, database?: string): Promise<string>;
  /** Stops it for good. */
  leave(): Promise<void>;
}

export const rootPassword = 'root-secret-4714';
export const containerName = 'mailserver-mariadb';

const engineOrNone = async (): Promise<ContainerEngine | undefined> =>
  startContainerEngine().catch((error: unknown) => {
    if (process.env['CI'] === 'true') throw error;
    return undefined;
  });

/** How the server is started, in the container or not. */
const optionsOf = (data: string, socket: string): readonly string[] => [
  ...usualOptions,
  `--datadir=${data}`,
  `--socket=${socket}`,
  '--character-set-server=utf8mb4',
];

/** The compose file of the stack; what is JSON is YAML, too. */
export const composeFile = ({ root, run }: StackPlaces): string => {
  const service = {
    image: 'mailkeep-database',
    container_name: containerName,
    network_mode: 'host',
    volumes: [`${root}/data/mysql/data:/var/lib/mysql`, `${run}/mysqld:/run/mysqld`],
    command: ['mariadbd', ...optionsOf('/var/lib/mysql', '/run/mysqld/mysqld.sock')],
    environment: { MARIADB_ROOT_PASSWORD: '$MARIADB_ROOT_PASSWORD' },
  };
  return `${JSON.stringify({ version: '2.4', services: { mariadb: service } }, undefined, 2)}\n`;
};

interface Process {
  start(): Promise<void>;
  stop(): Promise<void>;
  forget(): Promise<void>;
}

const containerProcess = ({ root }: StackPlaces, { docker, variables }: ContainerEngine): Process => ({
  start: async () => {
    const compose = ['-f', join(root, 'docker-compose.yml'), '--env-file', join(root, '.env'), 'up', '-d'];
    await succeed('docker-compose', compose, { env: { ...process.env, ...variables } });
  },
  stop: async () => {
    await docker('stop', '-t', '20', containerName);
  },
  forget: async () => {
    await runCommand('docker', ['rm', '-f', containerName], { env: { ...variables } });
  },
});

const directProcess = ({ root, run, socket }: StackPlaces): Process => {
  let child: ChildProcess | undefined;
  return {
    start: async () => {
      child = spawn('mariadbd', [...optionsOf(join(root, 'data/mysql/data'), socket), temporaryIn(run)], {
        stdio: 'ignore',
      });
    },
    stop: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
    forget: async () => undefined,
  };
};

export const openDatabaseServer = async (places: StackPlaces): Promise<DatabaseServer> => {
  const { root, run, socket } = places;
  const engine = await engineOrNone();
  const own = engine === undefined ? directProcess(places) : containerProcess(places, engine);
  const login = join(run, 'login.cnf');
  const sqlAs = (parameters: readonly string[], statements: string, database = ''): Promise<string> => {
    const how = [`--socket=${socket}`, '--default-character-set=utf8mb4', '-N', '-B', '-e', statements, database];
    return succeed('mariadb', [...parameters, ...how]);
  };
  const answers = async (): Promise<void> => {
    for (let attempt = 0; attempt < 300; attempt++) {
      const ping = await runCommand('mariadb-admin', ['--no-defaults', `--socket=${socket}`, 'ping']);
      // That it refuses is an answer, too.
      if (ping.code === 0 || /Access denied/.test(ping.stderr)) return;
      await sleep(100);
    }
    throw new Error('MariaDB does not answer');
  };
  const start = async (): Promise<void> => {
    await mkdir(join(run, 'mysqld'), { recursive: true, mode: 0o755 });
    await own.start();
    await answers();
  };
  return {
    isInContainer: engine !== undefined,
    variables: engine?.variables ?? {},
    setting: engine === undefined ? { socket } : { in: { docker: containerName } },
    forget: () => own.forget(),
    prepare: async () => {
      await mkdir(join(root, 'data/mysql'), { recursive: true });
      await initialise(join(root, 'data/mysql'));
    },
    settle: async () => {
      await answers();
      await writeFile(login, `[client]\nuser=root\npassword=${rootPassword}\n`, { mode: 0o600 });
      await sqlAs(['--no-defaults', '--user=root'], `ALTER USER root@localhost IDENTIFIED BY '${rootPassword}'`);
    },
    start,
    stop: () => own.stop(),
    sql: (statements, database) => sqlAs([`--defaults-file=${login}`], statements, database),
    leave: async () => {
      if (engine === undefined) await own.stop();
      else await engine.stop();
      await rm(socket, { force: true });
    },
  };
};
