import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forgottenOf } from './forgotten.ts';
import { propose, stackOfServer } from './known-presets.ts';
import { mailOf, makeMachine, type MadeMachine } from './machine-fixture.ts';

type Captured = Parameters<typeof forgottenOf>[1];

const root = '/srv/mail';
const compose = `
services:
  db: {image: mariadb, container_name: db, environment: {MARIADB_ROOT_PASSWORD: x}, volumes: ['./data/mysql:/var/lib/mysql']}
  cache: {image: redis, container_name: cache}
  web: {image: roundcube, volumes: ['./data/web:/var/www']}
`;
const files = {
  [`${root}/docker-compose.yml`]: compose,
  [`${root}/.env`]: 'X=hidden\n',
  ...mailOf(`${root}/data/mail/vmail/example.com/alice`),
  [`${root}/config/opendkim/keys/example.com/default.private`]: 'KEY',
  [`${root}/data/certbot/live/mail/privkey.pem`]: '',
  [`${root}/data/certbot/archive/mail/privkey1.pem`]: '',
  [`${root}/data/certbot/accounts/x`]: '',
  [`${root}/data/mysql/ibdata1`]: '',
  [`${root}/data/web/index.php`]: '',
};

const of = async (captured: Partial<Captured>, made: Partial<MadeMachine> = {}) => {
  const machine = makeMachine({
    files: { ...files, ...made.files },
    ...(made.says === undefined ? {} : { says: made.says }),
  });
  const stack = await stackOfServer(machine, root);
  const proposal = stack === undefined ? undefined : await propose(stack.preset, machine, stack.root);
  return forgottenOf(machine, { places: [], databases: [], ...captured }, proposal);
};

const at = (component: string, path: string) => ({ component, path: `${root}/${path}` });
const all: Captured = {
  places: [
    at('mail', 'data/mail/vmail'),
    at('config', 'config'),
    at('config', 'docker-compose.yml'),
    at('config', '.env'),
    at('ssl', 'data/certbot'),
    at('web', 'data/web'),
  ],
  databases: [
    { component: 'mysql', engine: 'mysql', files: [] },
    { component: 'redis', engine: 'redis', files: [] },
  ],
};

describe('B15: doctor tells what a stack usually forgets', () => {
  test('nothing, where everything is captured', async () => {
    assert.deepEqual(await of(all), []);
  });

  test('mail, secrets, DKIM keys, certificates, databases, and a mount, each by its place', async () => {
    const findings = await of({});
    assert.deepEqual(
      findings.map((finding) => [
        finding.code,
        'path' in finding ? finding.path.replace(root, '') : 'engine' in finding ? finding.engine : '',
      ]),
      [
        ['forgotten', '/data/mail/vmail'],
        ['forgotten', '/config'],
        ['forgotten', '/docker-compose.yml'],
        ['forgotten', '/.env'],
        ['forgotten', '/data/certbot'],
        ['forgotten-database', 'mariadb'],
        ['forgotten-database', 'redis'],
        ['volume-unclaimed', '/data/web'],
      ],
    );
    const keys = await of({
      ...all,
      places: all.places.filter(({ path }) => path !== `${root}/config`).concat(at('config', 'config/postfix')),
    });
    assert.deepEqual(
      keys.map((finding) => ('path' in finding ? finding.path : '')),
      [`${root}/config`],
    );
  });

  test('the folder of a running database among the files', async () => {
    const findings = await of({ ...all, places: [...all.places, at('data', 'data')] });
    assert.deepEqual(findings, [
      { code: 'live-database-files', component: 'data', path: `${root}/data/mysql`, engine: 'MariaDB' },
    ]);
  });

  test('certificates without the account and the archive that the links lead to', async () => {
    const places = all.places.filter(({ component }) => component !== 'ssl');
    const findings = await of({ ...all, places: [...places, at('ssl', 'data/certbot/live/mail')] });
    assert.deepEqual(
      findings.map((finding) => [
        finding.code,
        'missing' in finding ? finding.missing : 'path' in finding ? finding.path : '',
      ]),
      [
        ['forgotten', `${root}/data/certbot`],
        ['certificates-partial', ['accounts', 'archive']],
      ],
    );
  });

  test('keys of encrypted mail', async () => {
    const vmail = '/var/vmail/example.com/alice';
    const machine = makeMachine({
      files: {
        '/etc/dovecot/dovecot.conf':
          'mail_location = maildir:/var/vmail/%d/%n\nplugin {\n mail_crypt_global_private_key = </srv/key.pem\n}\n',
        '/etc/postfix/main.cf': '',
        '/etc/opendkim/keys/x.private': '',
        '/srv/key.pem': 'KEY',
        ...mailOf(vmail, 'CRYPTED\x03\x07'),
      },
    });
    const stack = await stackOfServer(machine, undefined);
    assert.deepEqual(stack, { preset: 'dovecot', root: '/' });
    const places = ['/var/vmail', '/etc'].map((path) => ({ component: 'x', path }));
    const findings = await forgottenOf(machine, { places, databases: [] }, await propose('dovecot', machine, '/'));
    assert.deepEqual(findings, [{ code: 'forgotten', role: 'mail-key', path: '/srv/key.pem' }]);
  });

  test('LDAP, unless the dumps that the server makes itself are captured', async () => {
    const machine = makeMachine({
      files: {
        '/etc/iredmail-release': '',
        '/etc/postfix/ldap/x.cf': '',
        '/etc/dovecot/dovecot.conf': '',
        '/etc/ldap/slapd.conf': '',
        '/var/lib/dkim/x.pem': '',
        '/var/vmail/backup/ldap/x.ldif': '',
        ...mailOf('/var/vmail/vmail1/example.com/alice/Maildir'),
      },
    });
    const codes = async (...paths: readonly string[]): Promise<readonly string[]> => {
      const places = paths.map((path) => ({ component: 'x', path }));
      const databases = [{ component: 'mysql', engine: 'mariadb', files: [] }] as const;
      const findings = await forgottenOf(machine, { places, databases }, await propose('iredmail', machine, '/'));
      return findings.map(({ code }) => code);
    };
    assert.deepEqual(await codes('/etc', '/var/lib/dkim', '/var/vmail/vmail1'), ['forgotten', 'ldap-uncaptured']);
    assert.deepEqual(await codes('/etc', '/var/lib/dkim', '/var/vmail'), []);
  });
});
