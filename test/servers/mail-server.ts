import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';
import { type Postfix, startPostfix } from './postfix.ts';

/** A small ext4 in a file, mounted where a backup disk would be. */
export interface LoopDisk {
  readonly uuid: string;
  /** The file that it is. */
  readonly image: string;
  readonly mountPoint: string;
  mount(...options: readonly string[]): Promise<void>;
  unmount(): Promise<void>;
}

/** A sentence when no file system can be mounted here. */
export const whyNoLoop = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root may mount a file system';
  const { code, stderr } = await runCommand('losetup', ['-f']);
  return code === 0 ? undefined : `no loop device is to be had: ${stderr.trim()}`;
};

export const makeDisk = async (folder: string, megabytes: number): Promise<LoopDisk> => {
  const uuid = crypto.randomUUID();
  const [image, mountPoint] = [join(folder, `${uuid}.ext4`), join(folder, 'backup-hdd')];
  await mkdir(mountPoint, { recursive: true });
  await succeed('truncate', ['-s', `${megabytes}M`, image]);
  await succeed('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', '-U', uuid, image]);
  const disk: LoopDisk = {
    uuid,
    image,
    mountPoint,
    mount: async (...options) => {
      await succeed('mount', ['-o', ['loop', ...options].join(','), image, mountPoint]);
    },
    unmount: async () => {
      await runCommand('umount', [mountPoint]);
    },
  };
  await disk.mount();
  await writeFile(join(mountPoint, '.mailkeep-disk'), '');
  return disk;
};

const message = (number: number): string =>
  `From: a@example.org\r\nSubject: ${number}\r\n\r\n${'body of the message\r\n'.repeat(20)}`;

/** A tree as that of design 3.2: mail, certbot with its links, keys, configuration. */
export const makeServerTree = (root: string, messages: number): void => {
  const maildir = join(root, 'data/mail/vmail/example.com/alice');
  for (const folder of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, folder), { recursive: true });
  for (let number = 0; number < messages; number++) deliver(root, number, 'cur');
  mkdirSync(join(root, 'data/mail/sieve'), { recursive: true });
  writeFileSync(join(root, 'data/mail/sieve/vacation.sieve'), 'keep;');
  const certbot = join(root, 'data/certbot');
  for (const folder of ['live/mail.example.com', 'archive/mail.example.com', 'renewal', 'accounts']) {
    mkdirSync(join(certbot, folder), { recursive: true, mode: 0o700 });
  }
  writeFileSync(join(certbot, 'archive/mail.example.com/privkey1.pem'), 'private', { mode: 0o600 });
  symlinkSync('../../archive/mail.example.com/privkey1.pem', join(certbot, 'live/mail.example.com/privkey.pem'));
  mkdirSync(join(root, 'config/opendkim/keys/example.com'), { recursive: true });
  writeFileSync(join(root, 'config/opendkim/keys/example.com/default.private'), 'dkim', { mode: 0o600 });
  mkdirSync(join(root, 'config/postfix'), { recursive: true });
  writeFileSync(join(root, 'config/postfix/main.cf'), 'myhostname = mail.example.com\n');
  writeFileSync(join(root, 'docker-compose.yml'), 'services: {}\n');
  writeFileSync(join(root, '.env'), 'SECRET=1\n', { mode: 0o600 });
};

/** As a mail server does it: whole under its name at once. */
export const deliver = (root: string, number: number, folder: 'cur' | 'new' = 'new'): void => {
  const name = `${1_700_000_000 + number}.M1P${number}.mail${folder === 'cur' ? ':2,S' : ''}`;
  writeFileSync(join(root, 'data/mail/vmail/example.com/alice', folder, name), message(number));
};

/** A mail server, its disk, its postmaster, and the person who runs backups. */
export interface MailServer extends AsyncDisposable {
  readonly person: Person;
  readonly root: string;
  readonly mariadb: Mariadb;
  readonly postfix: Postfix;
  readonly disk: LoopDisk;
  /** The root of the backups. */
  readonly backups: string;
  /** Writes the configuration; `more` are further lines of the server, which win. */
  configure(more?: Readonly<Record<string, string>>, top?: readonly string[]): Promise<void>;
  mailkeep(...args: readonly string[]): Promise<CommandResult>;
  log(): Promise<string>;
  errorLog(): Promise<string>;
}

export const startMailServer = async (megabytes = 96): Promise<MailServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-mail-server-'));
  const [person, mariadb, postfix] = await Promise.all([createPerson(), startMariadb(), startPostfix()]);
  const disk = await makeDisk(folder, megabytes);
  const root = join(folder, 'server');
  makeServerTree(root, 200);
  await mariadb.sql('CREATE DATABASE usermgmt CHARACTER SET utf8mb4; CREATE DATABASE roundcubemail');
  await mariadb.sql(
    "CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY, password TEXT); INSERT INTO mailbox VALUES ('alice@example.com', '{SHA512-CRYPT}$6$x')",
    'usermgmt',
  );
  const backups = join(disk.mountPoint, 'mailserver');
  const log = (name: string): Promise<string> => readFile(join(person.home, '.local/state/mailkeep/log', name), 'utf8');
  const quoted = mariadb.password.replace(/[\\"']/g, '\\$&');
  await writeFile(join(person.folder, 'my.cnf'), `[client]\nuser=root\npassword="${quoted}"\n`, { mode: 0o600 });
  const usual = {
    root,
    components: [
      '{',
      'mail: {folders: {vmail: data/mail/vmail, sieve: data/mail/sieve}, exclude: ["*.tmp"]}',
      `, mysql: {database: mariadb, socket: ${mariadb.socket}, databases: [usermgmt, roundcubemail], defaultsFile: my.cnf}`,
      ', config: {folders: {config: config}, files: [docker-compose.yml, .env]}',
      ', ssl: {folders: {certbot: data/certbot}}',
      ', dkim: {folders: {opendkim-keys: config/opendkim/keys}}',
      '}',
    ].join(''),
    disk: `{path: ${backups}, mounts: [{uuid: ${disk.uuid}, marker: .mailkeep-disk}], reserve: 1M}`,
    gentle: '{cpu: 100%}',
    retries: '[1s, 1s, 1s]',
  };
  const server: MailServer = {
    person,
    root,
    mariadb,
    postfix,
    disk,
    backups,
    configure: (more = {}, top = []) => {
      const lines = Object.entries({ ...usual, ...more }).map(([name, value]) => `    ${name}: ${value}`);
      const to = `{mail: {to: [admin@example.com], by: {sendmail: ${postfix.sendmail}}}, when: trouble}`;
      const text = [
        'version: 1',
        'timeZone: UTC',
        ...top,
        `notifications: [${to}]`,
        'servers:',
        '  mailserver:',
        ...lines,
      ];
      return writeFile(join(person.folder, 'mailkeep.yaml'), `${text.join('\n')}\n`, { mode: 0o600 });
    },
    mailkeep: (...args) => person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]),
    log: () => log('mailkeep.log'),
    errorLog: () => log('mailkeep-error.log'),
    [Symbol.asyncDispose]: async () => {
      await disk.unmount();
      await Promise.all([person.leave(), mariadb.stop(), postfix.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.configure();
  return server;
};

/** As ransomware or a broken disk does it: one byte of a file is another. */
export const flipByte = async (file: string): Promise<void> => {
  const bytes = await readFile(file);
  bytes[0] = (bytes[0] ?? 0) ^ 0xff;
  await writeFile(file, bytes);
};
