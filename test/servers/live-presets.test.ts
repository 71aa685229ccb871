import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { composePlugin } from '../requirement/compose-plugin.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { initialise, usualOptions } from './mariadb.ts';

const message = 'From: alice@example.com\nSubject: Hello\n\nHello\n';

const waiting = { network_mode: 'none', command: ['sleep', 'infinity'] };

/** In Debian the server is the same program as its tool, told apart by how it is called. */
const redisServer = '/usr/bin/redis-check-rdb:/usr/bin/redis-server:ro';

const mailcow = {
  services: {
    'mysql-mailcow': {
      ...waiting,
      image: 'mariadb:10.11',
      volumes: [
        'mysql-vol-1:/var/lib/mysql/',
        'mysql-socket-vol-1:/var/run/mysqld/',
        './data/conf/mysql/:/etc/mysql/conf.d/:ro',
      ],
      environment: [
        'MYSQL_ROOT_PASSWORD=${DBROOT}',
        'MYSQL_DATABASE=${DBNAME}',
        'MYSQL_USER=${DBUSER}',
        'MYSQL_PASSWORD=${DBPASS}',
      ],
      command: ['mariadbd', ...usualOptions, '--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock'],
    },
    'redis-mailcow': {
      ...waiting,
      image: 'redis:7.4.2-alpine',
      volumes: ['redis-vol-1:/data/', redisServer],
      environment: ['REDISPASS=${REDISPASS}'],
      command: ['sh', '-c', 'exec redis-server --dir /data --requirepass "$$REDISPASS"'],
    },
    'dovecot-mailcow': {
      ...waiting,
      image: 'ghcr.io/mailcow/dovecot:2.33',
      volumes: [
        './data/conf/dovecot:/etc/dovecot',
        './data/assets/ssl:/etc/ssl/mail/:ro',
        'vmail-vol-1:/var/vmail',
        'vmail-index-vol-1:/var/vmail_index',
        'crypt-vol-1:/mail_crypt/',
        'mysql-socket-vol-1:/var/run/mysqld/',
      ],
    },
    'rspamd-mailcow': { ...waiting, image: 'ghcr.io/mailcow/rspamd:2.2', volumes: ['rspamd-vol-1:/var/lib/rspamd'] },
    'postfix-mailcow': {
      ...waiting,
      image: 'ghcr.io/mailcow/postfix:1.80',
      volumes: [
        './data/conf/postfix:/opt/postfix/conf',
        'postfix-vol-1:/var/spool/postfix',
        'crypt-vol-1:/var/lib/zeyple',
      ],
    },
  },
  volumes: Object.fromEntries(
    ['vmail', 'vmail-index', 'mysql', 'mysql-socket', 'redis', 'rspamd', 'postfix', 'crypt'].map((name) => [
      `${name}-vol-1`,
      {},
    ]),
  ),
};

const mailuOf = (root: string) => ({
  services: {
    redis: {
      ...waiting,
      image: 'redis:alpine',
      volumes: [`${root}/redis:/data`, redisServer],
      command: ['redis-server', '--dir', '/data'],
    },
    front: {
      ...waiting,
      image: 'ghcr.io/mailu/nginx:2024.06',
      env_file: 'mailu.env',
      volumes: [`${root}/certs:/certs`],
    },
    admin: {
      ...waiting,
      image: 'ghcr.io/mailu/admin:2024.06',
      env_file: 'mailu.env',
      volumes: [`${root}/data:/data`, `${root}/dkim:/dkim`],
    },
    imap: {
      ...waiting,
      image: 'ghcr.io/mailu/dovecot:2024.06',
      env_file: 'mailu.env',
      volumes: [`${root}/mail:/mail`],
    },
    smtp: {
      ...waiting,
      image: 'ghcr.io/mailu/postfix:2024.06',
      env_file: 'mailu.env',
      volumes: [`${root}/mailqueue:/queue`],
    },
    antispam: {
      ...waiting,
      image: 'ghcr.io/mailu/rspamd:2024.06',
      env_file: 'mailu.env',
      volumes: [`${root}/filter:/var/lib/rspamd`],
    },
  },
});

const dockerMailserver = {
  services: {
    mailserver: {
      ...waiting,
      image: 'ghcr.io/docker-mailserver/docker-mailserver:latest',
      container_name: 'mailserver',
      env_file: 'mailserver.env',
      volumes: [
        './docker-data/dms/mail-data/:/var/mail/',
        './docker-data/dms/mail-state/:/var/mail-state/',
        './docker-data/dms/mail-logs/:/var/log/mail/',
        './docker-data/dms/config/:/tmp/docker-mailserver/',
      ],
    },
  },
};

describe(
  'B15: presets of stacks that run',
  { skip: canRunContainers ? false : 'containers are for root', concurrency: 1 },
  () => {
    let engine: ContainerEngine;
    let folder: string;
    let person: Person;
    let variables: NodeJS.ProcessEnv;
    const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
      person.run(args, { environment: variables });
    const must = async (...args: readonly string[]): Promise<CommandResult> => {
      const done = await mailkeep(...args);
      assert.equal(done.code, 0, done.stdout + done.stderr);
      return done;
    };
    const compose = (root: string, ...args: readonly string[]): Promise<string> =>
      succeed('docker', ['compose', ...args], { cwd: root, env: { ...process.env, ...variables } });
    const place = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text, { mode: 0o600 });
      }
    };
    /** Its containers are there, and do not run yet. */
    const create = async (
      root: string,
      stack: { readonly services: Readonly<Record<string, { readonly image: string }>> },
      files: Readonly<Record<string, string>>,
    ): Promise<void> => {
      // What is JSON is YAML, too.
      await place(root, { 'docker-compose.yml': JSON.stringify(stack), ...files });
      for (const { image } of Object.values(stack.services)) await engine.docker('tag', 'mailkeep-database', image);
      await compose(root, 'create');
    };
    const volume = async (name: string): Promise<string> =>
      (await engine.docker('volume', 'inspect', '--format', '{{.Mountpoint}}', name)).trim();
    const startOf = (container: string): Promise<string> =>
      engine.docker('inspect', '--format', '{{.State.StartedAt}}', container);
    const restoring = (server: string, components: string): readonly string[] => {
      const how = ['--overwrite', 'always', '--yes'];
      return ['restore', '--from', 'latest', '--server', server, '--component', components, ...how];
    };
    const restore = async (server: string, components: string): Promise<void> =>
      void (await must(...restoring(server, components)));
    const until = async (isSo: () => Promise<unknown>): Promise<void> => {
      for (let attempt = 0; attempt < 200; attempt++) {
        if (
          await isSo().then(
            () => true,
            () => false,
          )
        )
          return;
        await sleep(200);
      }
      await isSo();
    };

    before(async () => {
      engine = await startContainerEngine();
      variables = { DOCKER_HOST: engine.variables['DOCKER_HOST'], DOCKER_CONFIG: await composePlugin() };
      folder = await mkdtemp(join(tmpdir(), 'mailkeep-live-presets-'));
      person = await createPerson();
      await place(folder, {
        'disks/mailcow/.mailkeep-disk': '',
        'disks/mailu/.mailkeep-disk': '',
        'disks/docker-mailserver/.mailkeep-disk': '',
      });
    });
    after(async () => {
      await Promise.all([engine.stop(), person.leave()]);
      await rm(folder, { recursive: true, force: true });
    });

    test('mailcow: its volumes, its MariaDB and its Redis are found where they run, backed up, and come back one by one', async () => {
      const root = join(folder, 'mailcow-dockerized');
      const settings =
        'COMPOSE_PROJECT_NAME=mailcowdockerized\nDBROOT=of-root\nDBNAME=mailcow\nDBUSER=mailcow\nDBPASS=of-mailcow\nREDISPASS=of-redis\nMAILDIR_SUB=Maildir\n';
      await create(root, mailcow, {
        'mailcow.conf': settings,
        '.env': settings,
        'data/conf/dovecot/dovecot.conf': 'x',
        'data/conf/postfix/main.cf': 'x',
        'data/conf/mysql/my.cnf': '',
        'data/assets/ssl/key.pem': 'KEY',
      });
      const vmail = await volume('mailcowdockerized_vmail-vol-1');
      await place(vmail, { 'example.com/alice/Maildir/cur/1700000001.M1P1.host:2,S': `CRYPTED\x03\x07${message}` });
      await place(await volume('mailcowdockerized_crypt-vol-1'), { 'ecprivkey.pem': 'KEY', 'ecpubkey.pem': 'KEY' });
      await place(await volume('mailcowdockerized_rspamd-vol-1'), { 'rspamd.rrd': 'x' });
      await mkdir(join(folder, 'made'));
      await cp(await initialise(join(folder, 'made')), await volume('mailcowdockerized_mysql-vol-1'), {
        recursive: true,
      });
      await compose(root, 'up', '-d');
      const sql = (statements: string, ...more: readonly string[]): Promise<string> =>
        compose(root, 'exec', '-T', 'mysql-mailcow', 'mariadb', '-N', '-B', ...more, '-e', statements);
      await until(() => sql('SELECT 1'));
      await sql("ALTER USER root@localhost IDENTIFIED BY 'of-root'; CREATE DATABASE mailcow");
      await sql(
        "CREATE TABLE mailbox (username VARCHAR(99)); INSERT INTO mailbox VALUES ('alice')",
        '-pof-root',
        'mailcow',
      );
      const redis = (...words: readonly string[]): Promise<string> =>
        compose(root, 'exec', '-T', 'redis-mailcow', 'redis-cli', '--no-auth-warning', '-a', 'of-redis', ...words);
      await until(() => redis('SET', 'DKIM_PRIV_KEYS', 'a private key'));
      await must('init', '--preset', 'mailcow', '--root', root, '--disk', join(folder, 'disks/mailcow'));
      const text = await readFile(join(person.home, '.config/mailkeep/mailkeep.yaml'), 'utf8');
      assert.doesNotMatch(text, /of-root|of-redis|of-mailcow/);
      await must('run', 'mailcow', '--daily');
      await must('doctor', 'mailcow');
      await sql("UPDATE mailbox SET username = 'mallory'", '-pof-root', 'mailcow');
      await rm(join(vmail, 'example.com'), { recursive: true });
      const started = await startOf('mailcowdockerized-dovecot-mailcow-1');
      await restore('mailcow', 'mysql,mail');
      assert.equal(await sql('SELECT username FROM mailbox', '-pof-root', 'mailcow'), 'alice\n');
      assert.match(await succeed('find', [vmail, '-name', '1700*', '-size', '55c']), /cur/);
      assert.notEqual(await startOf('mailcowdockerized-dovecot-mailcow-1'), started, 'it was at rest meanwhile');
      await redis('SET', 'DKIM_PRIV_KEYS', 'of another');
      await restore('mailcow', 'redis');
      assert.equal(await redis('GET', 'DKIM_PRIV_KEYS'), 'a private key\n');
      await compose(root, 'down');
    });

    test('Mailu: its folders, its SQLite and its Redis are backed up while they run, and come back', async () => {
      const root = join(folder, 'mailu');
      await create(root, mailuOf(root), {
        'mailu.env': 'SECRET_KEY=of-mailu\nDOMAIN=example.com\n',
        'mail/alice@example.com/cur/1700000001.M1P1.host:2,S': message,
        'dkim/example.com.dkim.key': 'KEY',
        'certs/key.pem': 'KEY',
        'filter/bayes': 'x',
      });
      for (const name of ['data', 'redis', 'mailqueue']) await mkdir(join(root, name), { recursive: true });
      const database = join(root, 'data/main.db');
      await succeed('sqlite3', [database, "CREATE TABLE user (email); INSERT INTO user VALUES ('alice')"]);
      await compose(root, 'up', '-d');
      await until(() => compose(root, 'exec', '-T', 'redis', 'redis-cli', 'SET', 'key', 'value'));
      await must('init', '--preset', 'mailu', '--root', root, '--disk', join(folder, 'disks/mailu'), '--yes');
      await must('run', 'mailu', '--daily');
      await succeed('sqlite3', [database, 'DELETE FROM user']);
      await rm(join(root, 'mail/alice@example.com'), { recursive: true });
      const started = await startOf('mailu-admin-1');
      await restore('mailu', 'sqlite,mail');
      assert.equal(await succeed('sqlite3', [database, 'SELECT email FROM user']), 'alice\n');
      assert.equal(await readFile(join(root, 'mail/alice@example.com/cur/1700000001.M1P1.host:2,S'), 'utf8'), message);
      assert.notEqual(await startOf('mailu-admin-1'), started, 'it was at rest meanwhile');
    });

    test('docker-mailserver: its mail comes back, and it is at rest meanwhile, with what overrides its compose file', async () => {
      const root = join(folder, 'dms');
      const override = { services: { mailserver: { environment: { OF: 'the override' } } } };
      const mail = 'docker-data/dms/mail-data/example.com/alice/cur/1700000001.M1P1.host:2,S';
      await create(root, dockerMailserver, {
        'docker-compose.override.yml': JSON.stringify(override),
        'mailserver.env': 'RELAY_PASSWORD=hidden-secret\n',
        [mail]: message,
        'docker-data/dms/mail-state/lib-redis/dump.rdb': 'REDIS',
        'docker-data/dms/mail-logs/mail.log': '',
        'docker-data/dms/config/postfix-accounts.cf': 'alice@example.com|x\n',
        'docker-data/dms/config/opendkim/keys/example.com/mail.private': 'KEY',
      });
      await compose(root, 'up', '-d');
      const disk = join(folder, 'disks/docker-mailserver');
      await must('init', '--preset', 'docker-mailserver', '--root', root, '--disk', disk, '--yes');
      await must('run', 'docker-mailserver', '--daily');
      const started = await startOf('mailserver');
      await rm(join(root, 'docker-data/dms/mail-data/example.com'), { recursive: true });
      await restore('docker-mailserver', 'mail');
      assert.equal(await readFile(join(root, mail), 'utf8'), message);
      assert.notEqual(await startOf('mailserver'), started, 'it was at rest meanwhile');
      assert.match(await engine.docker('inspect', '--format', '{{.Config.Env}}', 'mailserver'), /OF=the override/);
    });
  },
);
