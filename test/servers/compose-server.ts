import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { initialise, usualOptions } from './mariadb.ts';

/** A server of two services of a compose file, MariaDB and one that reads the mail, with a disk for its backups. */
export interface ComposeServer {
  readonly folder: string;
  readonly root: string;
  readonly composeFile: string;
  readonly person: Person;
  readonly engine: ContainerEngine;
  /** The variables that its clients need besides those of the person, with the compose of that generation. */
  readonly variables: NodeJS.ProcessEnv;
  compose(...args: readonly string[]): Promise<string>;
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
  sql(statements: string, database?: string): Promise<string>;
  /** What the service that reads the mail has seen of it, when it started and when it was stopped. */
  events(): Promise<readonly string[]>;
  /** Waits for a state of which nothing tells us. */
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

const password = 'secret-of-the-container-4711';

/** Says in `events` what the mail is like when it starts and is stopped; with a file `hold` its end takes as long as that is there. */
const mailService = `say() { echo "$1 $(cat /server/mail/inbox)" >> /events/list; }
trap 'say stop; while [ -e /events/hold ]; do sleep 0.1; done; exit 0' TERM
say start
while :; do sleep 1 & wait $!; done
`;

const composeText = (folder: string, root: string): string =>
  // What is JSON is YAML, too.
  JSON.stringify({
    version: '2.4',
    services: {
      database: {
        image: 'mailkeep-database',
        container_name: 'mailserver-mariadb',
        network_mode: 'host',
        volumes: [`${folder}/data:/var/lib/mysql`],
        command: ['mariadbd', ...usualOptions, '--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock'],
      },
      mail: {
        image: 'mailkeep-database',
        network_mode: 'host',
        stop_grace_period: '60s',
        volumes: [`${root}:/server`, `${folder}/events:/events`],
        command: ['sh', '/events/serve.sh'],
      },
    },
  });

const configuration = (folder: string, root: string): string =>
  [
    'version: 1',
    'servers:',
    '  mailserver:',
    `    root: ${root}`,
    '    components:',
    '      mail: {folders: {mail: mail}}',
    `      mysql: {database: mariadb, in: {docker: mailserver-mariadb}, databases: [usermgmt], defaultsFile: ${folder}/my.cnf}`,
    '      config: {folders: {config: config}, files: [docker-compose.yml]}',
    `    disk: {path: ${folder}/disk, reserve: 1M}`,
    '    gentle: {nice: 0, cpu: 100%, io: normal}',
    `    stop: {compose: {file: ${root}/docker-compose.yml}}`,
    '',
  ].join('\n');

/** @param clientFolder is where the client of Docker looks for its plugins. */
export const startComposeServer = async (clientFolder: string): Promise<ComposeServer> => {
  const engine = await startContainerEngine();
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-compose-'));
  const root = join(folder, 'opt/mailserver');
  const composeFile = join(root, 'docker-compose.yml');
  const person = await createPerson();
  const { DOCKER_HOST } = engine.variables;
  const variables = { DOCKER_HOST, DOCKER_CONFIG: clientFolder };
  const server: ComposeServer = {
    folder,
    root,
    composeFile,
    person,
    engine,
    variables,
    compose: (...args) =>
      succeed('docker-compose', ['-f', composeFile, ...args], { env: { ...process.env, ...variables } }),
    mailkeep: (...args) =>
      person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')], { environment: variables }),
    sql: (statements, database = '') =>
      engine.docker('exec', 'mailserver-mariadb', 'mariadb', `-p${password}`, '-N', '-B', '-e', statements, database),
    events: async () => (await readFile(join(folder, 'events/list'), 'utf8').catch(() => '')).split('\n').slice(0, -1),
    until: async (what, isSo) => {
      for (let attempt = 0; attempt < 1800; attempt++) {
        if (await isSo()) return;
        await sleep(100);
      }
      throw new Error(`${what} did not come about`);
    },
    stop: async () => {
      await Promise.all([engine.stop(), person.leave()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await fill(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
};

const fill = async (server: ComposeServer): Promise<void> => {
  const { folder, root, person, engine, composeFile } = server;
  for (const place of ['mail', 'config']) await mkdir(join(root, place), { recursive: true });
  for (const place of ['events', 'disk']) await mkdir(join(folder, place));
  await writeFile(join(root, 'mail/inbox'), 'whole\n');
  await writeFile(join(root, 'config/main.cf'), 'myhostname = mail.example.com\n');
  await writeFile(composeFile, composeText(folder, root));
  await writeFile(join(folder, 'events/serve.sh'), mailService);
  await writeFile(join(folder, 'my.cnf'), `[client]\nuser=root\npassword=${password}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
  await writeFile(join(person.folder, 'mailkeep.yaml'), configuration(folder, root), { mode: 0o600 });
  await initialise(folder);
  await server.compose('up', '-d');
  const isUp = (): Promise<boolean> =>
    engine.docker('exec', 'mailserver-mariadb', 'mariadb', '-e', 'SELECT 1').then(
      () => true,
      () => false,
    );
  await server.until('the database', isUp);
  const first = `ALTER USER root@localhost IDENTIFIED BY '${password}'; CREATE DATABASE usermgmt`;
  await engine.docker('exec', 'mailserver-mariadb', 'mariadb', '-e', first);
  await server.sql(
    "CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY); INSERT INTO mailbox VALUES ('alice@example.com')",
    'usermgmt',
  );
};
