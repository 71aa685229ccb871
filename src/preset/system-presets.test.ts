import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PresetName } from './finding.ts';
import { propose, seenStacks } from './known-presets.ts';
import { codesOf, componentsOf, findingsOf, mailOf, makeMachine, type MadeMachine } from './machine-fixture.ts';

const look = (preset: PresetName, made: MadeMachine, root = '/') => propose(preset, makeMachine(made), root);

/** The same system, mounted at a folder. */
const mounted = (files: Readonly<Record<string, string>>, root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${root}${path}`, text]));

describe('B15: the preset iredmail', () => {
  const files = {
    '/etc/iredmail-release': '1.6.8',
    ...mailOf('/var/vmail/vmail1/example.com/a/l/i/alice-2024.01.01.00.00.00/Maildir'),
    '/var/vmail/sieve/dovecot.sieve': '',
    '/var/vmail/mlmmj/list/x': '',
    '/var/vmail/backup/mysql/2024/01/01/vmail.sql.bz2': '',
    '/etc/postfix/mysql/catchall_maps.cf': '',
    '/etc/postfix/main.cf': '',
    '/etc/dovecot/dovecot.conf': 'mail_location = maildir:%Lh/Maildir/:INDEX=%Lh/Maildir/\n',
    '/etc/dovecot/dovecot-mysql.conf':
      'driver = mysql\nconnect = host=127.0.0.1 dbname=vmail user=vmail password=hidden\n',
    '/etc/amavis/conf.d/50-user': '',
    '/opt/iredapd/settings.py': '',
    '/opt/mlmmjadmin/settings.py': '',
    '/opt/www/roundcubemail/config/config.inc.php': '',
    '/root/.my.cnf': '[client]\nuser=root\npassword=hidden\n',
    '/root/.iredmail/kv/sql_user_root': 'hidden',
    '/etc/ssl/certs/iRedMail.crt': '',
    '/etc/ssl/private/iRedMail.key': '',
    '/var/lib/dkim/example.com.pem': 'KEY',
  };
  const says = {
    'mariadb --defaults-extra-file=/root/.my.cnf --batch':
      'information_schema\nmysql\nvmail\nroundcubemail\namavisd\niredadmin\niredapd\nfail2ban\n',
  };

  test('it finds the mailboxes with sieve and lists, all databases, settings, secrets, certificates and keys', async () => {
    const proposal = await look('iredmail', { files, says });
    const { mail, mysql, config, ssl, dkim, ...others } = componentsOf(proposal);
    assert.deepEqual(others, { 'config-mlmmjadmin': { files: ['/opt/mlmmjadmin/settings.py'], form: 'archive' } });
    assert.deepEqual(mail, {
      folders: { mlmmj: '/var/vmail/mlmmj', sieve: '/var/vmail/sieve', vmail1: '/var/vmail/vmail1' },
    });
    assert.deepEqual(mysql, { database: 'mariadb', defaultsFile: '/root/.my.cnf' });
    assert.deepEqual(config, {
      folders: {
        postfix: '/etc/postfix',
        dovecot: '/etc/dovecot',
        amavis: '/etc/amavis',
        config: '/opt/www/roundcubemail/config',
        '.iredmail': '/root/.iredmail',
      },
      files: ['/etc/iredmail-release', '/opt/iredapd/settings.py', '/root/.my.cnf'],
    });
    assert.deepEqual(ssl, { files: ['/etc/ssl/certs/iRedMail.crt', '/etc/ssl/private/iRedMail.key'] });
    assert.deepEqual(dkim, { folders: { dkim: '/var/lib/dkim' } });
    assert.deepEqual(
      findingsOf(proposal, 'databases').map(({ names }) => names),
      [['vmail', 'roundcubemail', 'amavisd', 'iredadmin', 'iredapd', 'fail2ban']],
    );
    assert.deepEqual(
      findingsOf(proposal, 'databases-absent').map(({ names }) => names),
      [['sogo']],
    );
    assert.doesNotMatch(JSON.stringify([proposal?.findings, componentsOf(proposal)]), /hidden/);
  });

  test('with PostgreSQL it is asked as its own user', async () => {
    const { '/etc/postfix/mysql/catchall_maps.cf': _mysql, ...others } = files;
    const proposal = await look('iredmail', { files: { ...others, '/etc/postfix/pgsql/catchall_maps.cf': '' } });
    assert.deepEqual(componentsOf(proposal)['postgres'], { database: 'postgres', systemUser: 'postgres' });
  });

  test('with OpenLDAP it says loudly that accounts cannot be dumped, and takes the dumps that the server makes itself', async () => {
    const ldap = { ...files, '/etc/postfix/ldap/catchall_maps.cf': '', '/etc/ldap/slapd.conf': '' };
    const without = await look('iredmail', { files: ldap, says });
    assert.deepEqual(
      findingsOf(without, 'ldap-uncaptured').map(({ command }) => command),
      ['slapcat -f /etc/ldap/slapd.conf'],
    );
    assert.deepEqual(
      findingsOf(without, 'not-there').map(({ path }) => path),
      ['/var/vmail/backup/ldap'],
    );
    const copied = await look('iredmail', { files: { ...ldap, '/var/vmail/backup/ldap/2024/x.ldif.bz2': '' }, says });
    assert.deepEqual(componentsOf(copied)['ldap'], { folders: { ldap: '/var/vmail/backup/ldap' }, form: 'tree' });
    assert.ok(codesOf(copied).includes('ldap-uncaptured') && codesOf(copied).includes('ldap-copies'));
  });

  test('of a disk that is mounted it takes the files, asks nothing of this machine, and says that databases are missing', async () => {
    const machine = makeMachine({ files: mounted(files, '/mnt/old'), says });
    const proposal = await propose('iredmail', machine, '/mnt/old');
    assert.deepEqual(componentsOf(proposal)['mail'], {
      folders: { mlmmj: 'var/vmail/mlmmj', sieve: 'var/vmail/sieve', vmail1: 'var/vmail/vmail1' },
    });
    assert.deepEqual(
      findingsOf(proposal, 'not-running').map(({ engine }) => engine),
      ['mariadb'],
    );
    assert.equal(proposal?.components.has('mysql'), false);
    assert.deepEqual(machine.asked, []);
  });
});

describe('B15: the preset mail-in-a-box', () => {
  const store = '/home/user-data';
  const files = {
    '/etc/mailinabox.conf': `STORAGE_USER=user-data\nSTORAGE_ROOT=${store}\nPRIMARY_HOSTNAME=box.example.com\n`,
    ...mailOf(`${store}/mail/mailboxes/example.com/alice`),
    [`${store}/mail/sieve/example.com/alice.sieve`]: '',
    [`${store}/mail/users.sqlite`]: 'SQLite',
    [`${store}/mail/roundcube/roundcube.sqlite`]: 'SQLite',
    [`${store}/mail/dkim/mail.private`]: 'KEY',
    [`${store}/owncloud/owncloud.db`]: 'SQLite',
    [`${store}/owncloud/config.php`]: '',
    [`${store}/ssl/ssl_private_key.pem`]: 'KEY',
    [`${store}/dns/dnssec/RSASHA256.conf`]: '',
    [`${store}/www/default/index.html`]: '',
    [`${store}/settings.yaml`]: '',
    [`${store}/backup/secret_key.txt`]: 'hidden',
    [`${store}/backup/encrypted/duplicity-full.gpg`]: '',
  };

  test('it finds everything of the box, its three databases, and the key that its own backups leave out', async () => {
    const proposal = await look('mail-in-a-box', { files });
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { mailboxes: `${store}/mail/mailboxes`, sieve: `${store}/mail/sieve` } },
      keys: { files: [`${store}/backup/secret_key.txt`], form: 'archive' },
      sqlite: {
        database: 'sqlite',
        files: {
          users: `${store}/mail/users.sqlite`,
          roundcube: `${store}/mail/roundcube/roundcube.sqlite`,
          nextcloud: `${store}/owncloud/owncloud.db`,
        },
      },
      config: { files: ['/etc/mailinabox.conf', `${store}/settings.yaml`], folders: { dns: `${store}/dns` } },
      ssl: { folders: { ssl: `${store}/ssl` } },
      dkim: { folders: { dkim: `${store}/mail/dkim` } },
      www: { folders: { www: `${store}/www` }, form: 'tree' },
      nextcloud: {
        folders: { owncloud: `${store}/owncloud` },
        exclude: ['owncloud.db', 'owncloud.db-*'],
        form: 'tree',
      },
    });
    assert.deepEqual(codesOf(proposal), ['stack', 'places', 'database', 'own-backup-key']);
    assert.doesNotMatch(JSON.stringify([proposal?.findings, componentsOf(proposal)]), /hidden/);
  });

  test('without that key, and without contacts, that is said', async () => {
    const { [`${store}/backup/secret_key.txt`]: _key, [`${store}/owncloud/owncloud.db`]: _cloud, ...others } = files;
    const proposal = await look('mail-in-a-box', { files: others });
    assert.deepEqual(findingsOf(proposal, 'own-backup-key-missing').length, 1);
    assert.deepEqual(
      findingsOf(proposal, 'not-there').map(({ path }) => path),
      [`${store}/owncloud/owncloud.db`],
    );
  });
});

describe('B15: the preset dovecot', () => {
  const settings = `# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
mail_location = maildir:/var/vmail/%d/%n:INDEX=/var/index/%u:CONTROL=/var/control/%d/%n
mail_plugins = " quota mail_crypt zlib"
namespace inbox {
  inbox = yes
  location =
}
namespace {
  location = maildir:/srv/public
  type = public
}
passdb {
  args = scheme=SHA512-CRYPT username_format=%u /srv/accounts/users
  driver = passwd-file
}
userdb {
  args = /etc/dovecot/dovecot-sql.conf.ext
  driver = sql
}
plugin {
  mail_crypt_global_private_key = </srv/keys/ecprivkey.pem
  mail_crypt_global_public_key = </srv/keys/ecpubkey.pem
  sieve = file:/var/sieve/%d/%n/scripts;active=/var/sieve/%d/%n/active
}
ssl_cert = </etc/letsencrypt/live/mail.example.com/fullchain.pem
ssl_key = # hidden, use -P to show it
`;
  const files = {
    '/etc/dovecot/dovecot.conf': '!include conf.d/*.conf\n',
    '/etc/dovecot/conf.d/10-ssl.conf': 'ssl_key = </srv/certificates/mail.key\n',
    '/etc/dovecot/dovecot-sql.conf.ext':
      'driver = mysql\nconnect = host=localhost dbname=postfix user=mail password=hidden\n',
    '/etc/postfix/main.cf':
      'virtual_alias_maps = hash:/srv/postfix/virtual,\n  mysql:/etc/postfix/aliases.cf\nalias_maps = hash:/etc/aliases\n',
    '/etc/aliases': '',
    '/etc/letsencrypt/live/mail.example.com/fullchain.pem': '',
    '/etc/opendkim.conf': 'KeyTable refile:/srv/dkim/KeyTable\nSigningTable x\n',
    '/srv/dkim/KeyTable': 'mail._domainkey.example.com example.com:mail:/srv/dkim/example.com/mail.private\n',
    '/srv/dkim/example.com/mail.private': 'KEY',
    '/srv/accounts/users': 'alice@example.com:x\n',
    '/srv/postfix/virtual': '',
    '/srv/keys/ecprivkey.pem': 'KEY',
    '/srv/keys/ecpubkey.pem': 'KEY',
    '/srv/certificates/mail.key': 'KEY',
    ...mailOf('/var/vmail/example.com/alice', 'CRYPTED\x03\x07'),
    '/var/control/example.com/alice/dovecot-uidlist': '',
    '/srv/public/.Shared/cur/': '',
    '/var/sieve/example.com/alice/scripts/x.sieve': '',
  };

  test('what its settings say is where everything lies: with variables, public folders, control files, keys', async () => {
    const proposal = await look('dovecot', { files, says: { 'doveconf -n': settings } });
    assert.deepEqual(componentsOf(proposal), {
      mail: { folders: { vmail: '/var/vmail', control: '/var/control', public: '/srv/public', sieve: '/var/sieve' } },
      keys: { files: ['/srv/keys/ecprivkey.pem', '/srv/keys/ecpubkey.pem'], form: 'archive' },
      mysql: { database: 'mariadb' },
      config: {
        folders: { dovecot: '/etc/dovecot', postfix: '/etc/postfix' },
        files: ['/etc/aliases', '/srv/postfix/virtual', '/srv/accounts/users', '/etc/opendkim.conf'],
      },
      ssl: { folders: { letsencrypt: '/etc/letsencrypt' }, files: ['/srv/certificates/mail.key'] },
      dkim: { files: ['/srv/dkim/KeyTable', '/srv/dkim/example.com/mail.private'] },
    });
    assert.deepEqual(codesOf(proposal), ['stack', 'places', 'encrypted-mail', 'database', 'password']);
    assert.doesNotMatch(JSON.stringify([proposal?.findings, componentsOf(proposal)]), /hidden/);
  });

  test('a key of encrypted mail that is not there, and mail whose key nobody knows, are losses', async () => {
    const { '/srv/keys/ecprivkey.pem': _key, ...others } = files;
    const missing = await look('dovecot', { files: others, says: { 'doveconf -n': settings } });
    assert.deepEqual(
      [...new Set(findingsOf(missing, 'mail-key-missing').map(({ key }) => key))],
      ['/srv/keys/ecprivkey.pem'],
    );
    assert.ok(JSON.stringify(componentsOf(missing)['keys']).includes('/srv/keys/ecprivkey.pem'));
    const plain = 'mail_location = maildir:/var/vmail/%d/%n\n';
    const unknown = await look('dovecot', { files, says: { 'doveconf -n': plain } });
    assert.deepEqual(
      findingsOf(unknown, 'mail-key-unknown').map(({ mail }) => mail),
      ['/var/vmail'],
    );
  });

  const mailIn = async (said: string, more: Readonly<Record<string, string>> = {}) => {
    const proposal = await look('dovecot', { files: { ...files, ...more }, says: { 'doveconf -n': said } });
    return { mail: JSON.stringify(componentsOf(proposal)['mail'] ?? {}), codes: codesOf(proposal) };
  };

  test('homes of a userdb, of a file of users, and of the system are where mail lies that begins with ~', async () => {
    const home = 'mail_location = maildir:~/Maildir\n';
    const fixed = `${home}userdb {\n  args = uid=vmail gid=vmail home=/var/vmail/%d/%n\n  driver = static\n}\n`;
    assert.match((await mailIn(fixed)).mail, /"vmail":"\/var\/vmail"/);
    const users = 'a@x.org:{PLAIN}x:5000:5000::/data/mail/x.org/a::\nb@y.org:x:5000:5000::/data/mail/y.org/b::\n';
    const named = `${home}userdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n`;
    const found = await mailIn(named, { '/etc/dovecot/users': users, ...mailOf('/data/mail/x.org/a/Maildir') });
    assert.match(found.mail, /"mail":"\/data\/mail"/);
    const system = await mailIn(home, mailOf('/home/alice/Maildir'));
    assert.match(system.mail, /"home":"\/home"/);
    assert.ok(system.codes.includes('user-homes'));
  });

  test('Dovecot 2.4 says it otherwise', async () => {
    const said =
      'mail_driver = maildir\nmail_home = /var/vmail/%{user | domain}/%{user | username}\nmail_path = ~/mail\n';
    assert.match((await mailIn(said)).mail, /"vmail":"\/var\/vmail"/);
  });

  test('what is no Maildir is told: its files may not fit together', async () => {
    const { mail, codes } = await mailIn('mail_location = mdbox:/var/vmail/%d/%n\n');
    assert.match(mail, /\/var\/vmail/);
    assert.ok(codes.includes('not-maildir'));
  });

  test('without doveconf its files are read', async () => {
    const text = 'mail_location = maildir:/var/vmail/%d/%n\n';
    const proposal = await look('dovecot', { files: { ...files, '/etc/dovecot/conf.d/10-mail.conf': text } });
    assert.match(JSON.stringify(componentsOf(proposal)['mail']), /\/var\/vmail/);
  });
});

describe('B15: stacks are recognised', () => {
  test('by where one is, by what runs, in the usual places, and by marks of installers', async () => {
    const mailcow = 'services: {dovecot-mailcow: {image: ghcr.io/mailcow/dovecot}}';
    const mailu = 'services: {imap: {image: ghcr.io/mailu/dovecot}}';
    const dms = 'services: {mail: {image: docker.io/mailserver/docker-mailserver}}';
    const machine = makeMachine({
      files: {
        '/home/me/mail/compose.yaml': dms,
        '/elsewhere/docker-compose.yml': mailu,
        '/opt/mailcow-dockerized/docker-compose.yml': mailcow,
        '/opt/mailserver/docker-compose.yml': 'services: {db: {image: mariadb}}',
        '/opt/mailserver/data/mail/vmail/': '',
        '/srv/mailserver/compose.yml': 'services: {web: {image: nginx}}',
        '/etc/iredmail-release': '',
      },
      says: { 'docker ps': 'x\tghcr.io/mailu/dovecot\tmailu\timap\t/elsewhere\nother\tnginx\t\t\t\n' },
    });
    assert.deepEqual(await seenStacks(machine, '/home/me/mail'), [
      { preset: 'docker-mailserver', root: '/home/me/mail' },
      { preset: 'mailu', root: '/elsewhere' },
      { preset: 'mailcow', root: '/opt/mailcow-dockerized' },
      { preset: 'mailserver', root: '/opt/mailserver' },
      { preset: 'iredmail', root: '/' },
    ]);
  });

  test('a machine with Dovecot alone, or with nothing, has none', async () => {
    assert.deepEqual(await seenStacks(makeMachine({ files: { '/etc/dovecot/dovecot.conf': '' } }), '/root'), []);
    assert.deepEqual(await seenStacks(makeMachine({ files: {} }), '/root'), []);
  });
});
