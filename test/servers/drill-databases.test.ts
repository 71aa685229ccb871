import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Redis, startRedis } from './redis.ts';

const skip = process.getuid?.() === 0 ? false : 'PostgreSQL is started as nobody';

const [alice, bob] = ['of alice', 'of bob'];
/** As Mailu has them: bcrypt_sha256 of passlib, here of its documentation. */
const foreignHash = '$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2';

describe('the drill of databases other than MariaDB', { skip, timeout: 900_000 }, () => {
  let folder: string;
  let person: Person;
  let postgres: Postgres;
  let redis: Redis;
  let mailu: string;
  /** Where a Redis is installed; on Debian its server is its tool, called by another name. */
  let programs: string;

  const mailkeep = (args: readonly string[], path = `${programs}:${person.environment['PATH'] ?? ''}`) =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')], { environment: { PATH: path } });
  const told = ({ stdout, stderr }: CommandResult): string => stdout + stderr;
  const night = async (): Promise<void> => {
    const result = await mailkeep(['run', 'mailserver', '--daily', '--quiet']);
    assert.equal(result.code, 0, told(result));
  };
  const drill = (...more: readonly string[]): Promise<CommandResult> => mailkeep(['drill', 'mailserver', ...more]);
  const leftOver = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('mailkeep-drill-'));

  const fillPostgres = async (): Promise<void> => {
    const hash = (await succeed('doveadm', ['pw', '-s', 'SHA512-CRYPT', '-p', alice])).trim();
    await postgres.sql("CREATE ROLE vmail LOGIN PASSWORD 'its password'");
    await postgres.sql('CREATE DATABASE vmail OWNER vmail');
    await postgres.sql(
      `SET ROLE vmail; CREATE TABLE mailbox (username text PRIMARY KEY, password text NOT NULL, active boolean NOT NULL);
       INSERT INTO mailbox VALUES ('alice@example.com', '${hash}', true), ('gone@example.com', '', false);
       CREATE TABLE alias (address text); INSERT INTO alias VALUES ('postmaster@example.com'), ('abuse@example.com');
       CREATE SCHEMA "webmail's"; CREATE TABLE "webmail's"."Contacts" (name text); INSERT INTO "webmail's"."Contacts" VALUES ('ä 😀')`,
      'vmail',
    );
    // What every server has, a backup has too.
    await postgres.sql('CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)');
  };
  const fillMailu = (): Promise<string> =>
    succeed('sqlite3', [
      mailu,
      `CREATE TABLE user (email VARCHAR PRIMARY KEY, localpart VARCHAR, domain_name VARCHAR, password VARCHAR, enabled BOOLEAN);
       INSERT INTO user VALUES ('bob@example.com', 'bob', 'example.com', '${foreignHash}', 1), ('off@example.com', 'off', 'example.com', 'none', 0)`,
    ]);
  const deliver = async (name: string): Promise<void> => {
    const maildir = join(folder, 'live/vmail/example.com', name, 'Maildir');
    for (const below of ['cur', 'new', 'tmp']) await mkdir(join(maildir, below), { recursive: true });
    const message = `From: x@example.net\r\nTo: ${name}@example.com\r\nSubject: of ${name}\r\n\r\nhello\r\n`;
    await writeFile(join(maildir, 'cur/1700000000.M1P1.mail:2,S'), message);
    await succeed('chown', ['-R', '1000:1000', maildir]);
  };
  const configure = async (): Promise<void> => {
    const secrets = { postgres: 'of postgres', redis: 'of redis', alice, bob };
    for (const [name, text] of Object.entries(secrets)) {
      await writeFile(join(person.folder, name), `${text}\n`, { mode: 0o600 });
    }
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    const lines = [
      'version: 1',
      'servers:',
      '  mailserver:',
      '    components:',
      `      mail: {folders: {vmail: ${folder}/live/vmail}}`,
      `      accounts: {database: postgres, host: ${postgres.host}, user: postgres, password: {file: postgres}}`,
      `      mailu: {database: sqlite, files: {main: ${mailu}}}`,
      `      redis: {database: redis, socket: ${redis.socket}, password: {file: redis}, file: ${redis.file}}`,
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    gentle: {nice: 0, cpu: 100%, io: normal}',
      '    alarms: {enabled: false}',
      `    drill: {folder: ${folder}, logins: {alice@example.com: {file: alice}, bob@example.com: {file: bob}}}`,
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
  };

  before(async () => {
    folder = await mkdtemp('/var/tmp/mailkeep-test-');
    await chmod(folder, 0o711);
    [person, postgres, redis] = await Promise.all([
      createPerson(),
      startPostgres('of postgres'),
      startRedis('of redis'),
    ]);
    mailu = join(folder, 'main.db');
    programs = join(folder, 'programs');
    await mkdir(programs);
    await symlink('/usr/bin/redis-check-rdb', join(programs, 'redis-server'));
    await Promise.all([fillPostgres(), fillMailu(), deliver('alice'), deliver('bob')]);
    await redis.ask('SET', 'DKIM_PRIV_KEYS', 'a private key');
    await redis.ask('SET', 'soon gone', 'x', 'EX', '3600');
    await configure();
    await night();
  });
  after(async () => {
    await Promise.all([person.leave(), postgres.stop(), redis.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('B12: PostgreSQL, SQLite and Redis are loaded and counted, and their accounts log in', async () => {
    const result = await drill('--json');
    assert.equal(result.code, 0, told(result));
    const [record] = recordsOf(result.stdout).filter(isMessageLine('drill'));
    assert.equal(record?.['verdict'], 'passed');
    assert.equal(record?.['accounts'], 2);
    assert.deepEqual(record?.['tables'], {
      'postgres.kept': 1,
      'vmail.alias': 2,
      'vmail.mailbox': 2,
      "vmail.webmail's.Contacts": 1,
      'main.user': 2,
      'redis.db0': 1,
    });
    assert.match(result.stdout, /"reason":"hash-foreign","detail":"bob@example\.com"/);
    assert.deepEqual(leftOver(), []);
  });

  test(
    'B12: a drill whose Redis is not installed fails, and says so',
    { skip: existsSync('/usr/bin/redis-server') ? 'one is installed' : false },
    async () => {
      const result = await mailkeep(['drill', 'mailserver'], person.environment['PATH']);
      assert.equal(result.code, 1, told(result));
      // Where there is an engine for containers, an image would do, too.
      assert.match(result.stdout, /(?:not|neither) installed here.*: Redis \((?:apt install )?redis-server/);
    },
  );

  test('B12: a table that was emptied, one that is gone, lost keys and an unknown hash each fail with a sentence of their own', async () => {
    await postgres.sql("DELETE FROM alias; UPDATE mailbox SET password = 'cut'", 'vmail');
    await succeed('sqlite3', [mailu, 'DROP TABLE user']);
    await redis.ask('DEL', 'DKIM_PRIV_KEYS');
    await night();
    const result = await drill();
    assert.equal(result.code, 1, told(result));
    assert.match(result.stdout, /the table vmail\.alias is empty; it had 2 rows at the last good drill/);
    assert.match(result.stdout, /main\.user/);
    assert.match(result.stdout, /redis\.db0/);
    assert.match(result.stdout, /alice@example\.com has no password hash that Dovecot knows/);
    assert.deepEqual(leftOver(), []);
  });
});
