import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PresetName } from './finding.ts';
import { propose } from './known-presets.ts';
import { codesOf, componentsOf, findingsOf, mailOf, makeMachine, type MadeMachine, psLine } from './machine-fixture.ts';

const look = (preset: PresetName, root: string, made: MadeMachine) => propose(preset, makeMachine(made), root);

const encrypted = 'CRYPTED\x03\x07rest';

describe('B15: the preset docker-mailserver', () => {
  const root = '/srv/dms';
  const data = `${root}/docker-data/dms`;
  const compose = (more = ''): string => `
services:
  mailserver:
    image: ghcr.io/docker-mailserver/docker-mailserver:15
    container_name: mailserver
    env_file: mailserver.env
    volumes:
      - ./docker-data/dms/mail-data/:/var/mail/
      - ./docker-data/dms/mail-state/:/var/mail-state/
      - ./docker-data/dms/mail-logs/:/var/log/mail/
      - ./docker-data/dms/config/:/tmp/docker-mailserver/
      - /etc/letsencrypt:/etc/letsencrypt:ro
      - /etc/localtime:/etc/localtime:ro
${more}`;
  const files = {
    [`${root}/compose.yaml`]: compose(),
    [`${root}/mailserver.env`]: 'ENABLE_RSPAMD=1\n',
    ...mailOf(`${data}/mail-data/example.com/alice`),
    [`${data}/mail-state/lib-redis/dump.rdb`]: 'REDIS',
    [`${data}/mail-logs/mail.log`]: '',
    [`${data}/config/postfix-accounts.cf`]: 'alice@example.com|{SHA512-CRYPT}x',
    [`${data}/config/rspamd/dkim/rsa-2048-mail-example.com.private.txt`]: '',
    [`${data}/config/rspamd/dkim/mail.private`]: 'KEY',
    '/etc/letsencrypt/live/mail/privkey.pem': 'KEY',
  };

  test('it finds mail, configuration, secrets, keys, certificates, state and logs', async () => {
    const proposal = await look('docker-mailserver', root, { files });
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { 'mail-data': 'docker-data/dms/mail-data' } },
      config: { folders: { config: 'docker-data/dms/config' }, files: ['compose.yaml', 'mailserver.env'] },
      ssl: { folders: { letsencrypt: '/etc/letsencrypt' } },
      dkim: { folders: { 'rspamd-dkim': 'docker-data/dms/config/rspamd/dkim' } },
      state: { folders: { 'mail-state': 'docker-data/dms/mail-state' }, exclude: ['lib-clamav'], form: 'archive' },
      logs: { folders: { 'mail-logs': 'docker-data/dms/mail-logs' } },
    });
    assert.deepEqual(codesOf(proposal), ['stack', 'places', 'engine-silent']);
  });

  test('what is not there, is closed, or in LDAP is told, and a mount that no component has', async () => {
    const more =
      '      - ./extra:/etc/extra\n    environment: {ACCOUNT_PROVISIONER: LDAP, LDAP_SERVER_HOST: ldap.example.com}\n';
    const { [`${root}/mailserver.env`]: _environment, ...others } = files;
    const proposal = await look('docker-mailserver', root, {
      files: { ...others, [`${root}/compose.yaml`]: compose(more), [`${root}/extra/x`]: '' },
      closed: [`${data}/mail-data`],
    });
    assert.deepEqual(
      findingsOf(proposal, 'closed').map(({ path }) => path),
      [`${data}/mail-data`],
    );
    assert.deepEqual(
      findingsOf(proposal, 'not-there').map(({ path }) => path),
      [`${root}/mailserver.env`],
    );
    assert.deepEqual(
      findingsOf(proposal, 'accounts-elsewhere').map(({ where }) => where),
      ['ldap.example.com'],
    );
    assert.deepEqual(
      findingsOf(proposal, 'volume-unclaimed').map(({ path }) => path),
      [`${root}/extra`],
    );
    assert.ok(proposal?.components.has('mail'), 'root can read it at night');
  });

  test('without mail, without keys, and without the service, that is said', async () => {
    const bare = await look('docker-mailserver', root, { files: { [`${root}/compose.yaml`]: compose() } });
    assert.deepEqual(
      findingsOf(bare, 'mail-missing').map(({ path }) => path),
      [`${data}/mail-data`],
    );
    assert.ok(codesOf(bare).includes('dkim-missing'));
    const other = await look('docker-mailserver', root, {
      files: { [`${root}/compose.yml`]: 'services: {web: {image: nginx}}' },
    });
    assert.deepEqual(codesOf(other), ['stack', 'engine-silent', 'service-missing']);
    assert.equal(await look('docker-mailserver', '/nothing', { files }), undefined);
  });
});

describe('B15: the preset mailcow', () => {
  const root = '/opt/mailcow-dockerized';
  const compose = `
services:
  mysql-mailcow:
    image: mariadb:10.11
    volumes: ['mysql-vol-1:/var/lib/mysql/', 'mysql-socket-vol-1:/var/run/mysqld/:z']
    environment: ['MYSQL_ROOT_PASSWORD=\${DBROOT}', 'MYSQL_USER=\${DBUSER}', 'MYSQL_PASSWORD=\${DBPASS}']
  redis-mailcow:
    image: redis:7.4-alpine
    volumes: ['redis-vol-1:/data/']
    environment: ['REDISPASS=\${REDISPASS}']
  rspamd-mailcow:
    image: ghcr.io/mailcow/rspamd:4
    volumes: ['rspamd-vol-1:/var/lib/rspamd', './data/conf/rspamd/custom/:/etc/rspamd/custom:z']
  php-fpm-mailcow: {image: ghcr.io/mailcow/phpfpm:8, volumes: ['./data/web:/web:z']}
  sogo-mailcow:
    image: ghcr.io/mailcow/sogo:5
    volumes: ['sogo-web-vol-1:/sogo_web', 'sogo-userdata-backup-vol-1:/sogo_backup']
  dovecot-mailcow:
    image: ghcr.io/mailcow/dovecot:2.3
    volumes: ['./data/conf/dovecot:/etc/dovecot:z', './data/assets/ssl:/etc/ssl/mail/:ro,z', 'vmail-vol-1:/var/vmail', 'vmail-index-vol-1:/var/vmail_index', 'crypt-vol-1:/mail_crypt/']
  postfix-mailcow:
    image: ghcr.io/mailcow/postfix:3
    volumes: ['postfix-vol-1:/var/spool/postfix', 'crypt-vol-1:/var/lib/zeyple']
volumes: {vmail-vol-1: , vmail-index-vol-1: , mysql-vol-1: , redis-vol-1: , crypt-vol-1: , sogo-userdata-backup-vol-1: }
`;
  const volume = (name: string): string => `/var/lib/docker/volumes/mailcowdockerized_${name}/_data`;
  const secrets =
    'DBUSER=mailcow\nDBPASS=first-secret\nDBROOT=second-secret\nREDISPASS=third-secret\nCOMPOSE_PROJECT_NAME=mailcowdockerized\n';
  const files: Readonly<Record<string, string>> = {
    [`${root}/docker-compose.yml`]: compose,
    [`${root}/.env`]: secrets,
    [`${root}/mailcow.conf`]: secrets,
    [`${root}/data/conf/dovecot/dovecot.conf`]: '',
    [`${root}/data/assets/ssl/cert.pem`]: '',
    ...mailOf(`${volume('vmail-vol-1')}/example.com/alice/Maildir`, encrypted),
    [`${volume('crypt-vol-1')}/ecprivkey.pem`]: 'KEY',
    [`${volume('rspamd-vol-1')}/x`]: '',
    [`${volume('postfix-vol-1')}/x`]: '',
    [`${volume('sogo-userdata-backup-vol-1')}/x`]: '',
  };
  const says = {
    'docker ps': ['mysql', 'redis', 'dovecot']
      .map((name) => psLine(`mailcowdockerized-${name}-mailcow-1`, name, 'mailcowdockerized', `${name}-mailcow`, root))
      .join(''),
    ...Object.fromEntries(
      ['vmail-vol-1', 'crypt-vol-1', 'rspamd-vol-1', 'postfix-vol-1', 'sogo-userdata-backup-vol-1'].map((name) => [
        `docker volume inspect --format {{.Mountpoint}} mailcowdockerized_${name}`,
        `${volume(name)}\n`,
      ]),
    ),
  };

  test('it finds mail with its keys, MariaDB, Redis with the DKIM keys, and everything else', async () => {
    const proposal = await look('mailcow', root, { files, says });
    const into = (name: string): string => `docker exec mailcowdockerized-${name}-mailcow-1`;
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { vmail: volume('vmail-vol-1') } },
      keys: {
        folders: { crypt: volume('crypt-vol-1') },
        files: [`${volume('crypt-vol-1')}/ecprivkey.pem`],
        form: 'archive',
      },
      mysql: {
        database: 'mariadb',
        in: { docker: 'mailcowdockerized-mysql-mailcow-1' },
        user: 'root',
        password: { command: `${into('mysql')} printenv MYSQL_ROOT_PASSWORD` },
      },
      redis: {
        database: 'redis',
        in: { docker: 'mailcowdockerized-redis-mailcow-1' },
        password: { command: `${into('redis')} printenv REDISPASS` },
      },
      config: { folders: { conf: 'data/conf' }, files: ['docker-compose.yml', '.env', 'mailcow.conf'] },
      ssl: { folders: { ssl: 'data/assets/ssl' } },
      rspamd: { folders: { rspamd: volume('rspamd-vol-1') }, form: 'archive' },
      queue: { folders: { postfix: volume('postfix-vol-1') }, form: 'archive' },
      sogo: { folders: { 'sogo-backup': volume('sogo-userdata-backup-vol-1') }, form: 'archive' },
    });
    assert.deepEqual(codesOf(proposal), ['stack', 'places', 'database', 'password', 'dkim-in-redis', 'encrypted-mail']);
    assert.deepEqual(
      findingsOf(proposal, 'encrypted-mail').map(({ keys }) => keys),
      [[`${volume('crypt-vol-1')}/ecprivkey.pem`]],
    );
  });

  test('no secret is in what it says or writes', async () => {
    const text = JSON.stringify(
      [await look('mailcow', root, { files, says })].map((one) => [one?.findings, componentsOf(one)]),
    );
    assert.doesNotMatch(text, /first-secret|second-secret|third-secret/);
  });

  test('a key that is not there stays in the entry, so that each night fails, and is said to be missing', async () => {
    const { [`${volume('crypt-vol-1')}/ecprivkey.pem`]: _key, ...others } = files;
    const proposal = await look('mailcow', root, { files: others, says });
    assert.ok(proposal?.components.has('keys'));
    assert.deepEqual(
      findingsOf(proposal, 'mail-key-missing').map(({ key }) => key),
      [`${volume('crypt-vol-1')}/ecprivkey.pem`],
    );
  });

  test('without Docker and .env it says what it does not know, and still knows the volumes', async () => {
    const { [`${root}/.env`]: _link, [`${root}/mailcow.conf`]: _conf, ...others } = files;
    const proposal = await look('mailcow', root, { files: others });
    assert.deepEqual(
      findingsOf(proposal, 'file-missing').map(({ path }) => path),
      [`${root}/.env`],
    );
    assert.ok(codesOf(proposal).includes('engine-silent'));
    assert.deepEqual(
      componentsOf(proposal)['mail'],
      { folders: { vmail: volume('vmail-vol-1') } },
      'by the name of Compose 1',
    );
    assert.match(
      JSON.stringify(componentsOf(proposal)['redis']),
      /docker compose -f \/opt\/mailcow-dockerized\/docker-compose.yml exec -T redis-mailcow printenv REDISPASS/,
    );
  });
});

describe('B15: the preset mailu', () => {
  const root = '/mailu';
  const image = (name: string): string =>
    `\${DOCKER_ORG:-ghcr.io/mailu}/\${DOCKER_PREFIX:-}${name}:\${MAILU_VERSION:-2024.06}`;
  const compose = `
services:
  redis: {image: 'redis:alpine', volumes: ['/mailu/redis:/data']}
  front: {image: '${image('nginx')}', env_file: mailu.env, volumes: ['/mailu/certs:/certs', '/mailu/overrides/nginx:/overrides:ro']}
  admin: {image: '${image('admin')}', env_file: mailu.env, volumes: ['/mailu/data:/data', '/mailu/dkim:/dkim']}
  imap: {image: '${image('dovecot')}', env_file: mailu.env, volumes: ['/mailu/mail:/mail', '/mailu/overrides/dovecot:/overrides:ro']}
  smtp: {image: '${image('postfix')}', env_file: mailu.env, volumes: ['/mailu/mailqueue:/queue', '/mailu/overrides/postfix:/overrides:ro']}
  antispam: {image: '${image('rspamd')}', env_file: mailu.env, volumes: ['/mailu/filter:/var/lib/rspamd']}
  webdav: {image: '${image('radicale')}', volumes: ['/mailu/dav:/data']}
  webmail: {image: '${image('webmail')}', env_file: mailu.env, volumes: ['/mailu/webmail:/data']}
`;
  const files = {
    '/mailu/docker-compose.yml': compose,
    '/mailu/mailu.env': 'SECRET_KEY=ABCDEFGH\nDOMAIN=example.com\n',
    ...mailOf('/mailu/mail/alice@example.com', '\x1f\x8b\x08'),
    '/mailu/data/main.db': 'SQLite format 3\0',
    '/mailu/data/instance': 'x',
    '/mailu/dkim/example.com.dkim.key': 'KEY',
    '/mailu/certs/letsencrypt/live/mailu/privkey.pem': 'KEY',
    '/mailu/filter/x': '',
    '/mailu/dav/x': '',
    '/mailu/webmail/roundcube.db': 'SQLite format 3\0',
    '/mailu/mailqueue/x': '',
    '/mailu/redis/dump.rdb': '',
    '/mailu/overrides/nginx/x': '',
  };

  test('it finds the accounts in SQLite, copied by its own call, mail, keys, and the rest', async () => {
    const proposal = await look('mailu', root, { files });
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { mail: 'mail' } },
      sqlite: { database: 'sqlite', files: { main: '/mailu/data/main.db', roundcube: '/mailu/webmail/roundcube.db' } },
      redis: { database: 'redis', in: { compose: { file: '/mailu/docker-compose.yml', service: 'redis' } } },
      config: { folders: { overrides: 'overrides' }, files: ['docker-compose.yml', 'mailu.env'] },
      ssl: { folders: { certs: 'certs' } },
      dkim: { folders: { dkim: 'dkim' } },
      data: { folders: { data: 'data' }, exclude: ['main.db', 'main.db-*'], form: 'archive' },
      filter: { folders: { filter: 'filter' }, form: 'archive' },
      dav: { folders: { dav: 'dav' }, form: 'archive' },
      webmail: { folders: { webmail: 'webmail' }, form: 'archive' },
      queue: { folders: { queue: 'mailqueue' }, form: 'archive' },
    });
    assert.deepEqual(
      findingsOf(proposal, 'compressed-mail').map(({ form }) => form),
      ['gzip'],
    );
    assert.deepEqual(
      codesOf(proposal).filter((code) => code.includes('missing') || code === 'volume-unclaimed'),
      [],
    );
  });

  test('with another database it is asked: in the compose file, or on its own machine with a password that is referred to', async () => {
    const environment = 'DB_FLAVOR=mysql\nDB_HOST=sql.example.com\nDB_USER=mailu\nDB_PW=hidden\nDB_NAME=mailu\n';
    const far = await look('mailu', root, { files: { ...files, '/mailu/mailu.env': environment } });
    assert.deepEqual(componentsOf(far)['mysql'], {
      database: 'mariadb',
      host: 'sql.example.com',
      user: 'mailu',
      databases: ['mailu'],
      password: { command: 'docker compose -f /mailu/docker-compose.yml exec -T admin printenv DB_PW' },
      users: false,
    });
    const service =
      "  database: {image: 'postgres:16', environment: {POSTGRES_USER: mailu, POSTGRES_PASSWORD_FILE: /run/secrets/db}}\n";
    const near = await look('mailu', root, {
      files: {
        ...files,
        '/mailu/docker-compose.yml': compose + service,
        '/mailu/mailu.env': environment.replace('mysql', 'postgresql').replace('sql.example.com', 'database'),
      },
    });
    assert.deepEqual(componentsOf(near)['postgres'], {
      database: 'postgres',
      in: { compose: { file: '/mailu/docker-compose.yml', service: 'database' } },
      user: 'mailu',
      password: { command: 'docker compose -f /mailu/docker-compose.yml exec -T database cat /run/secrets/db' },
    });
  });
});

describe("B15: the preset mailserver, the design's own layout", () => {
  const root = '/opt/mailserver';
  const compose = `
services:
  mariadb:
    image: mariadb:10.11
    container_name: mailserver-mariadb
    environment: {MARIADB_ROOT_PASSWORD: '\${DB_ROOT}', MARIADB_USER: usermgmt, MARIADB_PASSWORD: x}
    volumes: ['./data/mysql:/var/lib/mysql']
  dovecot: {image: dovecot, volumes: ['./data/mail/vmail:/var/vmail']}
`;
  const files = {
    [`${root}/docker-compose.yml`]: compose,
    [`${root}/.env`]: 'DB_ROOT=hidden\n',
    ...mailOf(`${root}/data/mail/vmail/example.com/alice@example.com`),
    [`${root}/data/mail/sieve/x.sieve`]: '',
    [`${root}/data/certbot/live/x`]: '',
    [`${root}/config/opendkim/keys/example.com/default.private`]: 'KEY',
    [`${root}/config/postfix/main.cf`]: '',
    [`${root}/logs/mail.log`]: '',
    [`${root}/scripts/backup.sh`]: '',
  };

  test('it is what docs/mail-server.md shows', async () => {
    const proposal = await look('mailserver', root, { files });
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { vmail: 'data/mail/vmail', sieve: 'data/mail/sieve' }, exclude: ['*.tmp'] },
      mysql: {
        database: 'mariadb',
        in: { docker: 'mailserver-mariadb' },
        user: 'root',
        password: { command: 'docker exec mailserver-mariadb printenv MARIADB_ROOT_PASSWORD' },
      },
      config: { folders: { config: 'config' }, files: ['docker-compose.yml', '.env'] },
      ssl: { folders: { certbot: 'data/certbot' } },
      dkim: { folders: { 'opendkim-keys': 'config/opendkim/keys' } },
      scripts: { folders: { scripts: 'scripts' } },
      logs: { folders: { logs: 'logs' } },
    });
  });

  test('with a user who is not root that is said, and with none that a password is missing', async () => {
    const weak = compose.replace("MARIADB_ROOT_PASSWORD: '${DB_ROOT}', ", '');
    const proposal = await look('mailserver', root, { files: { ...files, [`${root}/docker-compose.yml`]: weak } });
    assert.deepEqual(
      findingsOf(proposal, 'weak-user').map(({ user }) => user),
      ['usermgmt'],
    );
    const none = weak.replace('MARIADB_USER: usermgmt, MARIADB_PASSWORD: x', 'TZ: UTC');
    const unknown = await look('mailserver', root, { files: { ...files, [`${root}/docker-compose.yml`]: none } });
    assert.deepEqual(
      findingsOf(unknown, 'no-password').map(({ component }) => component),
      ['mysql'],
    );
  });
});

describe('B15: what a person has put beside a stack', () => {
  test('databases of other services are asked, each by a component of its own, and files of secrets are taken', async () => {
    const compose = `
services:
  mailserver: {image: 'ghcr.io/docker-mailserver/docker-mailserver:14', volumes: ['./mail:/var/mail', './config:/tmp/docker-mailserver']}
  webmail-db: {image: 'mariadb:11', environment: {MARIADB_ROOT_PASSWORD_FILE: /run/secrets/root}, volumes: ['data:/var/lib/mysql']}
  files-db: {image: 'mysql:8', environment: {MYSQL_ROOT_PASSWORD: x}}
  cache: {image: 'redis:7'}
volumes: {data: {}}
secrets: {root: {file: ./secrets/root}, elsewhere: {external: true}}
`;
    const files = { '/s/compose.yaml': compose, '/s/secrets/root': 'hidden', '/s/config/': '', ...mailOf('/s/mail/a') };
    const proposal = await look('docker-mailserver', '/s', { files });
    const place = (service: string) => ({ compose: { file: '/s/compose.yaml', service } });
    const into = 'docker compose -f /s/compose.yaml exec -T';
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { 'mail-data': 'mail' } },
      mysql: {
        database: 'mariadb',
        in: place('webmail-db'),
        user: 'root',
        password: { command: `${into} webmail-db cat /run/secrets/root` },
      },
      config: { folders: { config: 'config' }, files: ['compose.yaml', 'secrets/root'] },
      'mysql-files-db': {
        database: 'mysql',
        in: place('files-db'),
        user: 'root',
        password: { command: `${into} files-db printenv MYSQL_ROOT_PASSWORD` },
      },
    });
  });
});
