import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DatabaseTargetOptions } from '../../src/contract/database-target.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { succeed } from '../requirement/command.ts';
import { dump, parts, settingOf } from './database-dumps.ts';
import { type Mysql, startMysql } from './mysql.ts';

describe("MySQL's own server", () => {
  let server: Mysql;
  let folder: string;
  let files: ReadonlyMap<string, Buffer>;
  const setting = () => settingOf({ database: 'mysql', socket: server.socket, defaultsFile: join(folder, 'my.cnf') });
  const restore = async (
    chosen: ReadonlyMap<string, Uint8Array>,
    options: Partial<DatabaseTargetOptions> = {},
    by = setting(),
  ) => {
    const run = createTestRun();
    const children = Object.fromEntries([...chosen].map(([name, content]) => [name, memoryFile(content)]));
    const source = createMemorySource(memoryDirectory(children));
    const own = {
      parts: parts(server.password, server.variables),
      options: { replace: false, users: false, ...options },
    };
    const target = await databaseTarget(by, own, run);
    const plan = await target.plan(source, run);
    const { failed } = await target.apply(plan, source, run);
    assert.deepEqual(
      failed.map(({ fault }) => fault.message),
      [],
    );
    return plan.dumps.map(({ into, action }) => `${into} ${action.kind}`);
  };
  const dumped = (by = setting(), variables = server.variables) =>
    dump(databaseComponent('mysql', by, parts(server.password, variables)));
  /** Over the network, with what an option file says besides user and password. */
  const overNetwork = async (...lines: readonly string[]) => {
    const defaultsFile = join(folder, 'network.cnf');
    const text = ['[client]', 'user=backup', `password="${server.password}"`, ...lines, ''].join('\n');
    await writeFile(defaultsFile, text, { mode: 0o600 });
    const at = { host: '127.0.0.1', port: server.port };
    return settingOf({ database: 'mysql', ...at, databases: ['usermgmt'], users: false, defaultsFile });
  };
  const mailboxes = (): Promise<string> => server.sql('SELECT username, HEX(picture) FROM mailbox', 'usermgmt');

  before(async () => {
    server = await startMysql();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-mysql-login-'));
    await writeFile(join(folder, 'my.cnf'), `[client]\nuser=root\npassword="${server.password}"\n`, { mode: 0o600 });
    await server.sql(
      `CREATE DATABASE usermgmt CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci; CREATE DATABASE views;
       CREATE USER 'backup'@'%' IDENTIFIED BY '${server.password}'; GRANT ALL ON *.* TO 'backup'@'%' WITH GRANT OPTION;
       CREATE USER 'roundcube'@'%' IDENTIFIED BY 'of roundcube'; GRANT SELECT ON usermgmt.* TO 'roundcube'@'%'`,
    );
    await server.sql(
      `CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY, picture BLOB, length INT AS (LENGTH(picture)) STORED, more JSON);
       INSERT INTO mailbox (username, picture, more) VALUES ('ä 😀 日本', 0x00FF0A27, '{"a": "ü"}'), ('bob', NULL, NULL)`,
      'usermgmt',
    );
    await server.sql(
      `CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT a FROM t;
       CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a;
       CREATE PROCEDURE p() SELECT 'with; a semicolon';
       CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SET @a = 1`,
      'views',
    );
    const { contents, verdicts } = await dumped();
    for (const [name, { kind }] of verdicts) assert.equal(kind, 'complete', name);
    files = contents;
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const only = (...names: readonly string[]): ReadonlyMap<string, Uint8Array> =>
    new Map([...files].filter(([name]) => names.includes(name) || name === 'server.json'));

  test('B1: mysqldump dumps whole, with routines and events, and nothing that only an empty server would take', async () => {
    assert.deepEqual([...files.keys()].toSorted(), ['server.json', 'usermgmt.sql', 'users.sql', 'views.sql']);
    for (const name of ['usermgmt.sql', 'views.sql']) {
      const text = files.get(name)?.toString() ?? '';
      assert.match(text, /^-- MySQL dump /);
      assert.match(text, /-- Dump completed\n$/);
      assert.doesNotMatch(text, /GTID_PURGED|SQL_LOG_BIN|999999/);
    }
    assert.match(files.get('views.sql')?.toString() ?? '', /PROCEDURE `p`[^]*EVENT `e`|EVENT `e`[^]*PROCEDURE `p`/);
    assert.match(files.get('server.json')?.toString() ?? '', /"collation": "utf8mb4_0900_ai_ci"/);
    const again = await dumped();
    assert.equal(
      again.texts.get('usermgmt.sql'),
      files.get('usermgmt.sql')?.toString(),
      'equal nights are equal bytes',
    );
  });

  test('B11: a database that is there is exchanged in one step, and one that is gone comes back', async () => {
    const before = await mailboxes();
    await server.sql("DELETE FROM mailbox; INSERT INTO mailbox (username) VALUES ('stranger')", 'usermgmt');
    assert.deepEqual(await restore(only('usermgmt.sql')), ['usermgmt swap']);
    assert.equal(await mailboxes(), before);
    await server.sql('DROP DATABASE usermgmt');
    assert.deepEqual(await restore(only('usermgmt.sql')), ['usermgmt create']);
    assert.equal(await mailboxes(), before);
    assert.equal(await server.sql("SHOW DATABASES LIKE 'mailkeep%'"), '');
  });

  test('B11: one with a view, a trigger, a routine and an event is replaced when that is allowed', async () => {
    await server.sql('DELETE FROM t; DROP PROCEDURE p; DROP EVENT e', 'views');
    assert.deepEqual(await restore(only('views.sql'), { replace: true }), ['views replace']);
    assert.equal(await server.sql('SELECT SUM(a) FROM v; CALL p', 'views'), '3\nwith; a semicolon\n');
    assert.match(await server.sql('SHOW EVENTS FROM views'), /\be\b/);
  });

  test('B11: a user that is gone comes back with its password, of which the server keeps any bytes, and its rights', async () => {
    const kept = "SELECT HEX(authentication_string), plugin FROM mysql.user WHERE User = 'roundcube'";
    const before = await server.sql(kept);
    assert.match(before, /caching_sha2_password/);
    await server.sql("DROP USER 'roundcube'@'%'");
    assert.deepEqual(await restore(only('users.sql'), { users: true }), ['users add']);
    assert.equal(await server.sql(kept), before);
    assert.match(await server.sql("SHOW GRANTS FOR 'roundcube'@'%'"), /GRANT SELECT ON `usermgmt`\.\*/);
  });

  test('B1, B11: over the network with a password it is dumped as by its socket, and brought back', async () => {
    const at = { host: '127.0.0.1', port: server.port, user: 'backup', password: { value: 'x' } };
    const by = settingOf({ database: 'mysql', ...at, databases: ['usermgmt'] });
    const { contents } = await dumped(by);
    const bySocket = files.get('usermgmt.sql')?.toString().replace('Host: localhost', 'Host: 127.0.0.1');
    assert.equal(contents.get('usermgmt.sql')?.toString(), bySocket);
    assert.equal(contents.get('users.sql')?.toString(), files.get('users.sql')?.toString());
    const before = await mailboxes();
    await server.sql('DELETE FROM mailbox', 'usermgmt');
    assert.deepEqual(await restore(only('usermgmt.sql'), {}, by), ['usermgmt swap']);
    assert.equal(await mailboxes(), before);
  });

  test('an authority that is named has to vouch for the server, and one that does not is told', async () => {
    const right = `ssl-ca=${join(server.data, 'ca.pem')}`;
    const { verdicts } = await dumped(await overNetwork('ssl-mode=VERIFY_CA', right));
    assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
    const stranger = join(folder, 'stranger.pem');
    const made = ['-nodes', '-keyout', join(folder, 'stranger-key.pem'), '-out', stranger, '-subj', '/CN=stranger'];
    await succeed('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...made]);
    for (const lines of [
      ['ssl-mode=VERIFY_CA', `ssl-ca=${stranger}`],
      ['ssl-mode=VERIFY_IDENTITY', right],
    ]) {
      await assert.rejects(dumped(await overNetwork(...lines)), { code: 'certificate-untrusted', hint: /ssl-ca/ });
    }
  });

  test("a server that wants TLS is told, and MariaDB's programs dump it over TLS too", async () => {
    const plain = { code: 'configuration', message: /insecure transport/, hint: /ssl-mode=REQUIRED/ };
    await assert.rejects(dumped(await overNetwork('ssl-mode=DISABLED')), plain);
    await assert.rejects(dumped(await overNetwork('skip-ssl'), process.env), plain);
    const { verdicts, texts } = await dumped(await overNetwork(), process.env);
    assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
    assert.match(texts.get('usermgmt.sql') ?? '', /^\/\*M?!999999|^-- MariaDB dump/);
  });

  test('a wrong password is told without it', async () => {
    await writeFile(join(folder, 'my.cnf'), '[client]\nuser=root\npassword=wrong-4711\n', { mode: 0o600 });
    await assert.rejects(
      dumped(),
      (thrown) => isFault(thrown, 'credentials-refused') && !thrown.message.includes('wrong-4711'),
    );
  });
});
