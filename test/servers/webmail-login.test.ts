import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type {
  StartedWebmail,
  ThrowawayMail,
  ThrowawayWebmail,
  WebmailOutcome,
  WebmailStore,
  WebmailVisitor,
} from '../../src/contract/drill.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { Secret } from '../../src/model/secret.ts';
import { makeUpPassword } from '../../src/operation/drill/made-up-password.ts';
import { findWebmail } from '../../src/protocol/database/drill/find-webmail.ts';
import { openWebmail } from '../../src/protocol/database/drill/open-webmail.ts';
import { sqliteWebmail } from '../../src/protocol/database/drill/sqlite-webmail.ts';
import { createMariadbClient } from '../../src/protocol/database/mariadb/client.ts';
import { startThrowawayDovecot } from '../../src/protocol/imap/drill/throwaway-dovecot.ts';
import { startThrowawayRoundcube } from '../../src/protocol/webmail/drill/throwaway-roundcube.ts';
import { machineSite } from '../../src/system/program-site.ts';
import { succeed } from '../requirement/command.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

const schema = '/usr/share/roundcube/SQL/mysql.initial.sql';
const schemaOfSqlite = '/usr/share/roundcube/SQL/sqlite.initial.sql';
const isInstalled = existsSync(schema);
assert.ok(isInstalled || process.env['CI'] !== 'true', 'Roundcube is not installed');
const skip =
  process.getuid?.() !== 0 ? 'only root can run it as nobody' : isInstalled ? false : 'no Roundcube is there';

const environment = { PATH: `${process.env['PATH'] ?? '/usr/bin'}:/usr/sbin`, HOME: '/nonexistent' };
const { password, hash } = makeUpPassword();
const alice: WebmailVisitor = { address: 'alice@example.com', password };
const bob: WebmailVisitor = { ...alice, address: 'bob@example.com' };
const odd = "round_cube's (old)";

describe('the login to Roundcube of a drill', { skip, timeout: 300_000 }, () => {
  const run = createTestRun();
  let folder: string;
  let maildir: string;
  let mariadb: Mariadb;
  let mail: ThrowawayMail;
  let webmail: ThrowawayWebmail;
  const pids: number[] = [];

  const sql = (statement: string): Promise<string> => mariadb.sql(statement, odd);
  const inMariadb = async (): Promise<WebmailStore> => {
    const { socket } = mariadb;
    const secret = async () => new Secret(mariadb.password);
    const client = await createMariadbClient(
      { database: 'mariadb', socket, user: 'root', password: { kind: 'value', value: '' }, exclude: [], users: true },
      { readSecret: secret, variables: environment, spool: join(folder, 'spool') },
      run,
    );
    return {
      kind: 'mariadb',
      tables: (of) => findWebmail(client, of),
      open: (entry, of) => openWebmail(client, { folder: mariadb.folder, socket }, entry, of),
    };
  };
  const start = async (name: string, { kind, open }: WebmailStore, place: string): Promise<StartedWebmail> => {
    const own = join(folder, name);
    await mkdir(own, { mode: 0o700 });
    const noteService = async (pid: number): Promise<void> => void pids.push(pid);
    const wish = { folder: own, environment, isRoot: true, noteService, mailPort: mail.port, kind };
    return startThrowawayRoundcube({ ...wish, open: (entry, of) => open({ ...entry, place }, of) }, run);
  };
  const visit = (visitor = alice): Promise<WebmailOutcome> => webmail.visit(visitor, run);

  before(async () => {
    folder = await mkdtemp('/var/tmp/mailkeep-test-');
    await chmod(folder, 0o711);
    maildir = join(folder, 'alice');
    for (const name of ['alice', 'bob']) {
      for (const below of ['', 'cur', 'new', 'tmp']) {
        await mkdir(join(folder, name, below), { mode: 0o700 });
        await chown(join(folder, name, below), 1000, 1000);
      }
    }
    for (const number of [1, 2]) {
      const file = join(maildir, `cur/170000000${number}.M1P1.mail:2,S`);
      await writeFile(file, `From: x@example.net\r\nSubject: 日本 ${number}\r\n\r\nhello\r\n`);
      await chown(file, 1000, 1000);
    }
    mariadb = await startMariadb();
    await mariadb.sql(`CREATE DATABASE \`${odd}\` CHARACTER SET utf8mb4; CREATE DATABASE other`);
    await sql(readFileSync(schema, 'utf8'));
    await sql(
      "INSERT INTO users (user_id, username, mail_host, language) VALUES (7, 'alice@example.com', 'mail.example.com', 'ja_JP'), (8, 'alice@example.com', 'localhost', 'en_US')",
    );
    const dovecot = join(folder, 'dovecot');
    await mkdir(dovecot, { mode: 0o711 });
    const started = await startThrowawayDovecot(
      {
        folder: dovecot,
        mailboxes: [alice, bob].map(({ address }) => {
          const at = join(folder, address.replace(/@.*/, ''));
          return { address, hash, maildir: at, uid: 1000, gid: 1000 };
        }),
        scheme: 'CRYPT',
        keys: undefined,
        site: machineSite(environment),
        user: undefined,
        transportUser: undefined,
        noteService: async () => undefined,
      },
      run,
    );
    assert.ok(started !== undefined);
    mail = started;
    const roundcube = await start('first', await inMariadb(), odd);
    assert.ok(roundcube.kind === 'started', JSON.stringify(roundcube));
    ({ webmail } = roundcube);
  });
  after(async () => {
    await webmail?.stop();
    await mail?.stop();
    await mariadb?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('B12: who was a user of it sees the inbox with the restored settings, and nobody new is made', async () => {
    assert.match(webmail.description, /^Roundcube \d+\.\d+/);
    assert.deepEqual(await visit(), { kind: 'shown', messages: 2 });
    assert.deepEqual((await sql('SELECT user_id, mail_host, last_login IS NULL FROM users')).trim().split('\n'), [
      '7\t127.0.0.1\t0',
      '8\tlocalhost\t1',
    ]);
    assert.equal(await sql("SELECT COUNT(*) FROM session WHERE FROM_BASE64(vars) LIKE '%user_id%'"), '0\n');
  });

  test('B12: who never used it sees an inbox, too, also one without any message', async () => {
    assert.deepEqual(await visit(bob), { kind: 'shown', messages: 0 });
    assert.equal(await sql("SELECT COUNT(*) FROM identities WHERE email = 'bob@example.com'"), '1\n');
  });

  test('B12: one that is interrupted ends at once', async () => {
    const interrupted = createTestRun();
    interrupted.abort();
    await assert.rejects(webmail.visit(alice, interrupted), { code: 'interrupted' });
  });

  test('B12: it runs as nobody, sees no other database, and its files are for nobody else', async () => {
    const [pid] = pids;
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65534\t65534\t65534/m);
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Groups:\t\s*$/m);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const origin = `http://${/127\.0\.0\.1:\d+/.exec(command)?.[0]}`;
    for (const path of [
      '/config/config.inc.php',
      '/program/include/iniset.php',
      '/SQL/mysql.initial.sql',
      '/.htaccess',
    ])
      assert.equal((await fetch(`${origin}${path}`)).status, 404, path);
    const grants = await mariadb.sql("SHOW GRANTS FOR 'mailkeep_drill_webmail'@'localhost'");
    assert.doesNotMatch(grants, /ALL PRIVILEGES|other/);
    assert.equal(grants.trim().split('\n').length, 2);
    const written = readFileSync(join(folder, 'first/configuration/config.inc.php'), 'utf8');
    const secret = /mailkeep_drill_webmail:(\w+)@/.exec(written)?.[1] ?? '';
    assert.ok(secret.length > 20 && !command.includes(secret));
  });

  test('B12: a login that is refused is told, without the password', async () => {
    const outcome = await visit({ ...alice, password: 'another one' });
    assert.ok(outcome.kind === 'login-refused', JSON.stringify(outcome));
    assert.match(outcome.said, /Login failed|Authentication failed/i);
    assert.doesNotMatch(outcome.said, /another one/);
  });

  test('B12: an inbox that the mail server cannot open is told', async () => {
    await chown(maildir, 0, 0);
    const outcome = await visit();
    await chown(maildir, 1000, 1000);
    assert.ok(outcome.kind === 'no-mailbox', JSON.stringify(outcome));
    assert.match(outcome.said, /Internal error/);
  });

  test('B12: a table that is missing or damaged is told by what the database says, without the statement', async () => {
    for (const table of ['session', 'users', 'identities', 'contacts']) {
      await sql(`CREATE TABLE kept LIKE ${table}; INSERT INTO kept SELECT * FROM ${table}`);
      await sql(`SET FOREIGN_KEY_CHECKS = 0; DROP TABLE ${table}`);
      const outcome = await visit();
      await sql(`RENAME TABLE kept TO ${table}`);
      assert.ok(outcome.kind === 'database-refused', `${table}: ${JSON.stringify(outcome)}`);
      assert.match(outcome.said, new RegExp(`\\.${table}' doesn't exist`));
      assert.doesNotMatch(outcome.said, /SELECT|INSERT|UPDATE/);
    }
  });

  test('B12: where the database does not let it in, that is told', async () => {
    await sql('RENAME TABLE users TO kept');
    const started = await start('refused', await inMariadb(), odd);
    await sql('RENAME TABLE kept TO users');
    assert.ok(started.kind === 'database-refused', JSON.stringify(started));
    assert.match(started.said, /users' doesn't exist/);
  });

  test('B12: tables in a file of SQLite are looked at and logged in to, as a copy', async () => {
    const path = join(folder, 'roundcube.sqlite');
    await succeed('sqlite3', [path, `.read ${schemaOfSqlite}`]);
    const user =
      "INSERT INTO users (user_id, username, mail_host, created) VALUES (7, 'alice@example.com', 'mail', '2020-01-01 00:00:00')";
    const contact = "INSERT INTO contacts (user_id, name, email) VALUES (99, 'nobody is its user', 'x@example.net')";
    await succeed('sqlite3', [path, `${user}; ${contact}`]);
    const store = sqliteWebmail(() => [{ name: 'roundcube', path }]);
    assert.deepEqual(await store.tables(run), [
      {
        place: 'roundcube',
        users: 1,
        missing: [],
        orphans: [{ table: 'roundcube.contacts', count: 1 }],
        nameless: 1,
        people: ['alice@example.com'],
      },
    ]);
    const outcomes: WebmailOutcome[] = [];
    for (const name of ['whole', 'broken']) {
      if (name === 'broken') await succeed('sqlite3', [path, 'DROP TABLE session; DROP TABLE contacts']);
      const started = await start(name, store, 'roundcube');
      assert.ok(started.kind === 'started', JSON.stringify(started));
      outcomes.push(await started.webmail.visit(alice, run));
      await started.webmail.stop();
    }
    const [whole, broken] = outcomes;
    assert.deepEqual(whole, { kind: 'shown', messages: 2 });
    assert.ok(broken?.kind === 'database-refused', JSON.stringify(broken));
    assert.match(broken.said, /no such table: session/);
    assert.equal(await succeed('sqlite3', [path, 'SELECT user_id, mail_host, last_login FROM users']), '7|mail|\n');
    const [tables] = await store.tables(run);
    assert.deepEqual(tables?.missing, ['roundcube.contacts']);
  });
});
