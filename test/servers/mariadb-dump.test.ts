import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordCapture } from '../../src/contract/recorded-capture.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { spooled } from '../../src/protocol/database/spooled.ts';
import { succeed } from '../requirement/command.ts';
import { dump, faultOf, parts, readUntil, seenInProc, settingOf } from './database-dumps.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

describe('MariaDB on this machine', () => {
  let server: Mariadb;
  const component = (more: Readonly<Record<string, unknown>> = {}, password = server.password) =>
    databaseComponent(
      'mysql',
      settingOf({ database: 'mariadb', socket: server.socket, user: 'root', password: { value: 'x' }, ...more }),
      parts(password),
    );

  before(async () => {
    server = await startMariadb();
    await server.sql('CREATE DATABASE usermgmt CHARACTER SET utf8mb4; CREATE DATABASE `odd/na.me %`');
    await server.sql(
      `CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), picture BLOB);
       INSERT INTO users (name, picture) VALUES ('ä 😀 日本', 0x00FF0A27), ('two\\nlines', NULL);
       CREATE VIEW names AS SELECT name FROM users;
       CREATE PROCEDURE count_users() SELECT COUNT(*) FROM users;
       CREATE TRIGGER upper BEFORE INSERT ON users FOR EACH ROW SET NEW.name = TRIM(NEW.name);
       CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM users WHERE id < 0;`,
      'usermgmt',
    );
    await server.sql(
      "CREATE USER reader@localhost IDENTIFIED BY 'reader'; GRANT SELECT ON usermgmt.* TO reader@localhost; CREATE ROLE staff",
    );
  });
  after(() => server.stop());

  test('B1: every database is a file that ends as a whole dump, with routines, events, triggers and emoji', async () => {
    const { texts, verdicts } = await dump(component());
    assert.deepEqual([...texts.keys()], ['odd%2Fna.me %25.sql', 'server.json', 'usermgmt.sql', 'users.sql']);
    for (const [name, verdict] of verdicts)
      assert.equal(verdict.kind, 'complete', `${name}: ${JSON.stringify(verdict)}`);
    const sql = texts.get('usermgmt.sql') ?? '';
    for (const part of ['😀', 'PROCEDURE', 'EVENT', 'TRIGGER', 'VIEW', '0x00FF0A27'])
      assert.ok(sql.includes(part), part);
    assert.ok(sql.endsWith('-- Dump completed\n'));
    assert.doesNotMatch(sql, /^(?:USE|CREATE DATABASE)/m);
    assert.match(texts.get('users.sql') ?? '', /CREATE USER IF NOT EXISTS `reader`@`localhost`[^\n]*;\n/);
    assert.match(texts.get('users.sql') ?? '', /GRANT SELECT ON `usermgmt`\.\* TO `reader`@`localhost`;\n/);
    await server.sql('CREATE DATABASE again');
    const file = join(server.folder, 'usermgmt.sql');
    await writeFile(file, sql);
    await server.sql(`source ${file}`, 'again');
    const names = 'SELECT name, HEX(picture) FROM users ORDER BY id';
    assert.equal(await server.sql(names, 'again'), await server.sql(names, 'usermgmt'));
    await server.sql('DROP DATABASE again');
  });

  test('two dumps of a database that did not change are the same bytes', async () => {
    const [first, second] = [await dump(component()), await dump(component())];
    assert.deepEqual(first.texts, second.texts);
  });

  test('a wrong password is told without the password', async () => {
    await assert.rejects(dump(component({}, 'wrong password 4711')), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'credentials-refused'), String(thrown));
      assert.doesNotMatch(`${thrown.message} ${thrown.hint}`, /4711/);
      return true;
    });
  });

  test('a database that is not there is carried with its fault, and the others are dumped', async () => {
    const run = createTestRun();
    const source = await component({ databases: ['usermgmt', 'gone'] }).open(run);
    const recording = await recordCapture(source, undefined, run);
    const gone = recording.child('gone.sql');
    assert.ok(gone?.kind === 'carried' && isFault(gone.fault, 'source-missing'));
    assert.equal(recording.child('usermgmt.sql')?.kind, 'fresh');
    await source.close();
  });

  test('an option file that leaves out comments takes nothing away from the dump', async () => {
    const file = join(server.folder, 'defaults.cnf');
    const password = server.password.replace(/[\\"']/g, '\\$&');
    await writeFile(
      file,
      `[client]\nuser=root\npassword="${password}"\n[mariadb-dump]\nskip-comments\n[mysqldump]\nskip-comments\n`,
      { mode: 0o600 },
    );
    const setting = { database: 'mariadb', socket: server.socket, defaultsFile: file, databases: ['usermgmt'] };
    const { verdicts } = await dump(databaseComponent('mysql', settingOf(setting), parts('')));
    assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
  });

  test('B13: the password is in no command line and no environment while the dump runs', async () => {
    const run = createTestRun();
    const source = await component({ databases: ['usermgmt'] }).open(run);
    const recording = await recordCapture(source, undefined, run);
    const child = recording.child('usermgmt.sql');
    assert.ok(child?.kind === 'fresh');
    const dumps = (text: string): boolean => /^\S*(?:mariadb-|mysql)dump\0/.test(text);
    // Another has the table for a while: without that the dump may have ended before anybody looks.
    const other = server.sql('LOCK TABLES users WRITE; SELECT SLEEP(3)', 'usermgmt');
    const isLocked = async (): Promise<boolean> => (await server.sql('SHOW OPEN TABLES WHERE In_use > 0')) !== '';
    while (!(await isLocked())) await sleep(20);
    const seen: string[] = [];
    const read = Array.fromAsync(source.read([child], 'in-order', run));
    for (let look = 0; look < 250 && !seen.some(dumps); look++) {
      seen.push(...seenInProc());
      await sleep(20);
    }
    await Promise.all([read, other]);
    assert.ok(
      seen.some((text) => dumps(text) && text.includes('--defaults-extra-file')),
      'the program was seen',
    );
    assert.ok(seen.every((text) => !text.includes(server.password)));
    await source.close();
  });

  describe('with a table that no transaction covers', () => {
    before(() =>
      server.sql(
        'CREATE DATABASE old; CREATE TABLE old.mailbox (a INT) ENGINE=MyISAM; INSERT INTO old.mailbox VALUES (1)',
      ),
    );
    after(() => server.sql('DROP DATABASE old'));

    test('it is said, and its database is locked while it is dumped', async () => {
      const { run, verdicts, texts } = await dump(component({ databases: ['old'] }));
      assert.equal(verdicts.get('old.sql')?.kind, 'complete');
      const notices = run.events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));
      assert.match(notices.join(), /old has tables that no transaction covers: mailbox \(MyISAM\)/);
      assert.match(texts.get('server.json') ?? '', /"consistency": "locks"/);
    });
  });

  describe('with a view that leads nowhere', () => {
    before(() =>
      server.sql(
        'CREATE DATABASE broken; CREATE TABLE broken.t (a INT); CREATE VIEW broken.v AS SELECT a FROM broken.t; DROP TABLE broken.t',
      ),
    );
    after(() => server.sql('DROP DATABASE broken'));

    test('B4: its database fails with what the program said, and the others are dumped', async () => {
      const { verdicts } = await dump(component());
      const fault = faultOf(verdicts.get('broken.sql'));
      assert.equal(fault.code, 'entry-unreadable');
      assert.match(fault.message, /broken.*references invalid table/);
      assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
    });

    test('spooled, nothing of it is delivered, and nothing stays in the spool', async (context) => {
      const spool = await mkdtemp(join(tmpdir(), 'mailkeep-spool-'));
      context.after(() => rm(spool, { recursive: true, force: true }));
      const { verdicts, texts } = await dump(spooled(component(), spool));
      faultOf(verdicts.get('broken.sql'));
      assert.equal(texts.get('broken.sql'), '');
      assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
      assert.equal(texts.get('usermgmt.sql'), (await dump(component())).texts.get('usermgmt.sql'));
      assert.deepEqual(await readdir(spool), []);
    });
  });

  describe('with a large table', () => {
    before(async () => {
      await server.sql('CREATE DATABASE large; CREATE TABLE large.t (id INT PRIMARY KEY, text LONGTEXT)');
      await server.sql('INSERT INTO t SELECT seq, REPEAT(MD5(seq), 2000) FROM seq_1_to_2000', 'large');
    });
    after(() => server.sql('DROP DATABASE large'));

    test('the connection of the dump cut by the server is a failed dump', async () => {
      const made = component({ databases: ['large'] });
      const { verdict } = await readUntil(
        1_000_000,
        async () => {
          const ids = await server.sql(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = 'root'",
          );
          for (const id of ids.trim().split('\n')) await server.sql(`KILL ${id}`);
        },
        made,
      );
      const fault = faultOf(verdict);
      assert.equal(fault.retry, true, fault.message);
    });

    test('the program of the dump killed is a failed dump', async () => {
      const made = component({ databases: ['large'] });
      const { verdict } = await readUntil(
        1_000_000,
        async () => {
          await succeed('pkill', [
            '-KILL',
            '-f',
            `^mariadb-dump --defaults-extra-file=/dev/fd/3 --socket=${server.socket}`,
          ]);
        },
        made,
      );
      assert.match(faultOf(verdict).message, /large cannot be dumped: its program was killed/);
    });

    test('interrupted, it ends soon, and no connection stays', async () => {
      const made = component({ databases: ['large'] });
      await assert.rejects(
        readUntil(1_000_000, async (run) => run.abort(), made),
        (thrown) => isFault(thrown, 'interrupted'),
      );
      assert.equal(await server.connections(), 0);
    });

    test('a reader that stops early ends the program', async () => {
      const run = createTestRun();
      const source = await component({ databases: ['large'] }).open(run);
      const recording = await recordCapture(source, undefined, run);
      const child = recording.child('large.sql');
      assert.ok(child?.kind === 'fresh');
      for await (const delivery of source.read([child], 'in-order', run)) if (delivery.bytes.length > 0) break;
      await source.close();
      assert.equal(await server.connections(), 0);
    });
  });
});
