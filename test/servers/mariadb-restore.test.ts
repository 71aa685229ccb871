import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DatabaseTargetOptions } from '../../src/contract/database-target.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { createMariadbTarget } from '../../src/protocol/database/restore/mariadb-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { succeed } from '../requirement/command.ts';
import { dump, parts, settingOf } from './database-dumps.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

/** Schemas of real programs, where they lie beside the project. */
const corpora = fileURLToPath(new URL('../../../shared/corpora/sql-databases/', import.meta.url));

const usual: DatabaseTargetOptions = { replace: false, users: false };

describe('a restore to MariaDB', () => {
  let server: Mariadb;
  const setting = () => {
    const parsed = settingOf({ database: 'mariadb', socket: server.socket, user: 'root', password: { value: 'x' } });
    assert.ok(parsed.database === 'mariadb');
    return parsed;
  };
  const dumped = async (): Promise<ReadonlyMap<string, Buffer>> => {
    const { contents, verdicts } = await dump(databaseComponent('mysql', setting(), parts(server.password)));
    for (const [name, verdict] of verdicts)
      assert.equal(verdict.kind, 'complete', `${name}: ${JSON.stringify(verdict)}`);
    return contents;
  };
  const restore = async (
    files: ReadonlyMap<string, Uint8Array | string>,
    options: Partial<DatabaseTargetOptions> = {},
  ) => {
    const run = createTestRun();
    const children = Object.fromEntries([...files].map(([name, content]) => [name, memoryFile(content)]));
    const source = createMemorySource(memoryDirectory(children));
    const more = { parts: parts(server.password), options: { ...usual, ...options } };
    const target = await createMariadbTarget(setting(), more, run);
    const plan = await target.plan(source, run);
    return { plan, apply: () => target.apply(plan, source, run) };
  };
  const databases = async (): Promise<readonly string[]> =>
    (await server.sql('SHOW DATABASES'))
      .trim()
      .split('\n')
      .filter((name) => name.startsWith('mailkeep_'));
  const rows = async (database: string): Promise<string> =>
    server.sql('SELECT name, HEX(picture) FROM users ORDER BY id', database);

  before(async () => {
    server = await startMariadb();
    await server.sql('CREATE DATABASE usermgmt CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; CREATE DATABASE views');
    await server.sql(
      `CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), picture BLOB) ENGINE=InnoDB;
       CREATE TABLE aliases (user INT, alias VARCHAR(100), FOREIGN KEY (user) REFERENCES users (id));
       INSERT INTO users (name, picture) VALUES ('ä 😀 日本', 0x00FF0A27), ('it''s; (two)\\nlines', NULL);
       INSERT INTO aliases VALUES (1, 'a'), (1, 'b'), (2, 'c');`,
      'usermgmt',
    );
    await server.sql(
      `CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT a FROM t;
       CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a;
       CREATE DEFINER=gone@nowhere PROCEDURE p() SELECT 1;`,
      'views',
    );
  });
  after(() => server.stop());

  test('B11: a database that is gone comes back as it was, with its character set', async () => {
    const files = await dumped();
    const before = await rows('usermgmt');
    await server.sql('DROP DATABASE usermgmt');
    const { plan, apply } = await restore(files, { only: ['usermgmt'] });
    assert.deepEqual(
      plan.dumps.map(({ file, into, action, tables, rows }) => ({ file, into, action, tables, rows })),
      [{ file: 'usermgmt.sql', into: 'usermgmt', action: { kind: 'create' }, tables: 2, rows: 5 }],
    );
    const report = await apply();
    assert.deepEqual([report.restored.length, report.failed.map(({ fault }) => fault.message)], [1, []]);
    assert.equal(await rows('usermgmt'), before);
    assert.match(await server.sql('SHOW CREATE DATABASE usermgmt'), /utf8mb4_bin/);
  });

  test('B11: a database that is there is exchanged in one step, foreign keys too, and nothing else stays', async () => {
    const files = await dumped();
    const before = await rows('usermgmt');
    await server.sql('DELETE FROM aliases; DELETE FROM users WHERE id = 1; CREATE TABLE added (x INT)', 'usermgmt');
    const { plan, apply } = await restore(files, { only: ['usermgmt'] });
    assert.equal(plan.dumps[0]?.action.kind, 'swap');
    const report = await apply();
    assert.deepEqual(
      report.failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await rows('usermgmt'), before);
    assert.equal((await server.sql('SHOW TABLES', 'usermgmt')).trim(), 'aliases\nusers');
    assert.match(await server.sql('SHOW CREATE TABLE aliases', 'usermgmt'), /REFERENCES `users` \(`id`\)/);
    await assert.rejects(server.sql('INSERT INTO aliases VALUES (99, 1)', 'usermgmt'), /foreign key/);
    assert.deepEqual(await databases(), []);
  });

  test('one with views and triggers is refused with a hint, and replaced when that is allowed; strange definers are told', async () => {
    const files = await dumped();
    await server.sql('DELETE FROM t', 'views');
    const refused = await restore(files, { only: ['views'] });
    const [planned] = refused.plan.dumps;
    assert.ok(planned?.action.kind === 'refuse' && isFault(planned.action.fault, 'target-occupied'));
    assert.deepEqual(planned.others, ['1 view', '1 trigger', '1 routine']);
    assert.match(planned.notes.join(), /gone@nowhere/);
    assert.equal((await refused.apply()).failed.length, 1);
    assert.equal(await server.sql('SELECT COUNT(*) FROM t', 'views'), '0\n');
    const { plan, apply } = await restore(files, { only: ['views'], replace: true });
    assert.equal(plan.dumps[0]?.action.kind, 'replace');
    assert.deepEqual((await apply()).failed, []);
    assert.equal(await server.sql('SELECT COUNT(*) FROM v', 'views'), '2\n');
    assert.match(await server.sql('SHOW TRIGGERS', 'views'), /^g\t/);
    assert.deepEqual(await databases(), []);
  });

  test('a dump that is cut, or cannot be loaded, changes nothing', async () => {
    const whole = (await dumped()).get('usermgmt.sql') ?? Buffer.alloc(0);
    const before = await rows('usermgmt');
    const cut = await restore(new Map([['usermgmt.sql', whole.subarray(0, whole.length - 30)]]));
    assert.equal(cut.plan.dumps[0]?.action.kind, 'refuse');
    await cut.apply();
    const broken = whole.toString().replace('CREATE TABLE `users`', 'CREATE TABLE `users` nonsense');
    const failing = await restore(new Map([['usermgmt.sql', broken]]));
    const report = await failing.apply();
    assert.equal(report.failed.length, 1);
    assert.match(report.failed[0]?.fault.message ?? '', /nonsense|SQL syntax/);
    assert.equal(await rows('usermgmt'), before);
    assert.deepEqual(await databases(), []);
  });

  test('what a restore that broke off has put aside is never removed', async () => {
    const files = await dumped();
    const before = await rows('usermgmt');
    await server.sql('CREATE DATABASE mailkeep_old_usermgmt; CREATE TABLE mailkeep_old_usermgmt.kept (a INT)');
    const { apply } = await restore(files, { only: ['usermgmt'] });
    assert.ok(isFault((await apply()).failed[0]?.fault, 'target-occupied'));
    assert.equal(await rows('usermgmt'), before);
    assert.equal((await server.sql('SHOW TABLES', 'mailkeep_old_usermgmt')).trim(), 'kept');
    await server.sql('DROP DATABASE mailkeep_old_usermgmt; DROP DATABASE mailkeep_restore_usermgmt');
  });

  test('both forms of the sandbox line, and none, are loaded; a dump that would leave its database is refused', async () => {
    const whole = ((await dumped()).get('usermgmt.sql') ?? '').toString().replace(/^\/\*M?!999999[^\n]*\n/, '');
    for (const line of [
      '/*!999999\\- enable the sandbox mode */ \n',
      '/*M!999999\\- enable the sandbox mode */ \n',
      '',
    ]) {
      const { apply } = await restore(new Map([['usermgmt.sql', line + whole]]), { rename: { usermgmt: 'again' } });
      assert.deepEqual(
        (await apply()).failed.map(({ fault }) => fault.message),
        [],
      );
      assert.equal(await rows('again'), await rows('usermgmt'));
      await server.sql('DROP DATABASE again');
    }
    for (const line of ['USE mysql;\n', '\\! touch /tmp/mailkeep-escaped\n']) {
      const { plan } = await restore(new Map([['usermgmt.sql', line + whole]]));
      assert.ok(plan.dumps[0]?.action.kind === 'refuse' && isFault(plan.dumps[0].action.fault, 'target-unsafe'));
    }
  });

  test('users that are gone come back with their rights, and those that are there stay as they are', async () => {
    await server.sql(
      "CREATE USER u1@localhost IDENTIFIED BY 'one'; GRANT SELECT ON usermgmt.* TO u1@localhost; CREATE ROLE staff; GRANT staff TO u1@localhost; CREATE USER u2@localhost IDENTIFIED BY 'two'",
    );
    const files = await dumped();
    const before = await server.sql('SHOW GRANTS FOR u1@localhost');
    await server.sql("DROP USER u1@localhost; DROP ROLE staff; ALTER USER u2@localhost IDENTIFIED BY 'another'");
    const changed = await server.sql('SHOW CREATE USER u2@localhost');
    const { plan, apply } = await restore(files, { only: [], users: true });
    assert.deepEqual(
      plan.dumps.map(({ file, action }) => [file, action.kind]),
      [['users.sql', 'add']],
    );
    assert.deepEqual(
      (await apply()).failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await server.sql('SHOW GRANTS FOR u1@localhost'), before);
    assert.equal(await server.sql('SHOW CREATE USER u2@localhost'), changed);
  });

  test('schemas of Postfixadmin, Roundcube and iRedMail come back as they were', async (context) => {
    if (!existsSync(corpora)) return context.skip(`there are no corpora in ${corpora}`);
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-sql-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    for (const archive of ['postfixadmin-dump-hardware-mailserver', 'roundcube-schema', 'iredmail']) {
      await succeed('tar', ['-xzf', join(corpora, `${archive}.tar.gz`), '-C', folder]);
    }
    await server.sql('CREATE DATABASE postfix; CREATE DATABASE roundcubemail; CREATE DATABASE vmail');
    await server.sql(`source ${join(folder, 'mariadb/struct.sql')}`, 'postfix');
    await server.sql(`source ${join(folder, 'SQL/mysql.initial.sql')}`, 'roundcubemail');
    await server.sql(`source ${join(folder, 'samples/iredmail/iredmail.mysql')}`, 'vmail');
    await server.sql(
      "INSERT INTO users (username, mail_host, preferences) SELECT CONCAT('u', seq), 'h', REPEAT('😀', 1000) FROM seq_1_to_500",
      'roundcubemail',
    );
    await server.sql(
      "INSERT INTO contacts (user_id, name, email, vcard, words) SELECT user_id, 'ü', 'x', 'v', 'w' FROM users",
      'roundcubemail',
    );
    await server.sql(
      "INSERT INTO mailbox (username, password, name, maildir, local_part, domain) VALUES ('a@b', '$6$x', 'Ä', 'b/a/', 'a', 'b')",
      'postfix',
    );
    const files = await dumped();
    await writeFile(join(folder, 'unused'), '');
    for (const database of ['postfix', 'roundcubemail', 'vmail']) {
      const checksums = async (of: string): Promise<string> => {
        const tables = (await server.sql('SHOW TABLES', of)).trim().split('\n');
        const sums = await server.sql(`CHECKSUM TABLE ${tables.map((table) => `\`${table}\``).join(', ')}`, of);
        return sums.replaceAll(`${of}.`, '');
      };
      const { plan, apply } = await restore(files, { only: [database], rename: { [database]: `${database}2` } });
      assert.equal(plan.dumps[0]?.action.kind, 'create', JSON.stringify(plan.dumps));
      assert.deepEqual(
        (await apply()).failed.map(({ fault }) => fault.message),
        [],
      );
      assert.equal(await checksums(`${database}2`), await checksums(database));
      const rename = { [database]: `${database}2` };
      const again = await restore(files, { only: [database], rename, replace: true });
      assert.deepEqual(
        (await again.apply()).failed.map(({ fault }) => fault.message),
        [],
      );
      assert.equal(await checksums(`${database}2`), await checksums(database));
    }
  });
});
