import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { type LoopDisk, makeDisk } from '../servers/mail-server.ts';
import { type Postfix, startPostfix } from '../servers/postfix.ts';
import { type Clients, clientsOf, type Outside, startOutside } from './clients.ts';
import { type DatabaseServer, openDatabaseServer, rootPassword } from './database-server.ts';
import { placesIn, type StackPlaces } from './places.ts';
import { type Services, servicesOf } from './services.ts';
import { databaseStatements, people } from './tables.ts';
import { writeTree } from './write-tree.ts';

/**
 * A whole mail server: Postfix hands mail to Dovecot, both ask a MariaDB for users, certificates and keys lie as certbot and OpenDKIM
 * leave them. With it the disk for its backups, the rest of the world, and the person who runs the program.
 */
export interface MailStack extends AsyncDisposable {
  readonly places: StackPlaces;
  readonly database: DatabaseServer;
  readonly services: Services;
  readonly clients: Clients;
  readonly outside: Outside;
  readonly disk: LoopDisk;
  /** The root of the backups. */
  readonly backups: string;
  readonly person: Person;
  /** Takes the mails to the administrator: another mail server, as that of the stack may be down. */
  readonly postmaster: Postfix;
  configure(more?: Readonly<Record<string, string>>): Promise<void>;
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
  /** The machine is lost: nothing runs any more, and its files are elsewhere, in the folder that is returned. */
  lose(): Promise<string>;
}

const hashesOf = async (): Promise<Readonly<Record<keyof typeof people, string>>> => {
  const hash = async ({ password, scheme }: (typeof people)[keyof typeof people]): Promise<string> =>
    (await succeed('doveadm', ['-c', '/dev/null', 'pw', '-s', scheme, '-p', password])).trim();
  return {
    'alice@example.com': await hash(people['alice@example.com']),
    'bob@example.com': await hash(people['bob@example.com']),
    'carol@example.com': await hash(people['carol@example.com']),
  };
};

interface Configured extends Pick<MailStack, 'places' | 'database' | 'disk' | 'backups' | 'person' | 'postmaster'> {
  readonly more: Readonly<Record<string, string>>;
}

const writeConfiguration = async ({ places, database, disk, backups, person, postmaster, more }: Configured) => {
  const mysql = {
    database: 'mariadb',
    ...database.setting,
    user: 'root',
    password: { file: join(person.folder, 'database-password') },
    databases: ['usermgmt', 'roundcubemail'],
  };
  const components = {
    mail: { folders: { vmail: 'data/mail/vmail', sieve: 'data/mail/sieve' }, exclude: ['*.tmp'] },
    mysql,
    config: { folders: { config: 'config' }, files: ['docker-compose.yml', '.env'] },
    ssl: { folders: { certbot: 'data/certbot' } },
    dkim: { folders: { opendkim: 'config/opendkim' } },
    logs: { folders: { logs: 'logs' } },
    scripts: { folders: { scripts: 'scripts' } },
  };
  const server: Readonly<Record<string, string>> = {
    root: places.root,
    components: JSON.stringify(components),
    disk: JSON.stringify({ path: backups, mounts: [{ uuid: disk.uuid, marker: '.mailkeep-disk' }], reserve: '1M' }),
    // Where many tests run, what gives way to all others never comes to its end.
    gentle: '{nice: 0, io: normal, cpu: 100%}',
    retries: '[1s, 1s, 1s]',
    ...more,
  };
  const notification = { mail: { to: ['admin@example.com'], by: { sendmail: postmaster.sendmail } }, when: 'trouble' };
  const text = [
    'version: 1',
    'timeZone: UTC',
    `notifications: [${JSON.stringify(notification)}]`,
    'servers:',
    '  mailserver:',
    ...Object.entries(server).map(([name, value]) => `    ${name}: ${value}`),
  ];
  await writeFile(join(person.folder, 'database-password'), `${rootPassword}\n`, { mode: 0o600 });
  await writeFile(join(person.folder, 'mailkeep.yaml'), `${text.join('\n')}\n`, { mode: 0o600 });
};

const groupNumber = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(await readFile('/etc/group', 'utf8'))?.[1] ?? 0);

/** Only for root, as Postfix and disks are. */
export const startMailStack = async (): Promise<MailStack> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-stack-'));
  await chmod(folder, 0o755);
  const places = await placesIn(folder);
  for (const place of [places.root, places.run]) await mkdir(place, { mode: 0o755 });
  const authority = await writeTree(places, await groupNumber('postfix'));
  const [person, postmaster, database, outside] = await Promise.all([
    createPerson(),
    startPostfix(),
    openDatabaseServer(places),
    startOutside(places.outsidePort),
  ]);
  await database.prepare();
  await database.start();
  await database.settle();
  await database.sql(databaseStatements(await hashesOf()));
  const disk = await makeDisk(folder, 128);
  const services = servicesOf(places);
  await services.start();
  const common = { places, database, disk, person, postmaster, backups: join(disk.mountPoint, 'mailserver') };
  const stack: MailStack = {
    ...common,
    services,
    outside,
    clients: clientsOf(places, authority),
    configure: (more = {}) => writeConfiguration({ ...common, more }),
    mailkeep: (...args) =>
      person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')], { environment: database.variables }),
    lose: async () => {
      await services.stop();
      await database.stop();
      await database.forget();
      const gone = await mkdtemp(join(folder, 'lost-'));
      await rename(places.root, join(gone, 'mailserver'));
      for (const place of [places.root, places.run]) await rm(place, { recursive: true, force: true });
      await mkdir(places.run, { mode: 0o755 });
      return join(gone, 'mailserver');
    },
    [Symbol.asyncDispose]: async () => {
      await services.stop();
      await Promise.all([database.leave(), postmaster.stop(), outside.close(), person.leave(), disk.unmount()]);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await stack.configure();
  return stack;
};
