import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { dump, faultOf, parts, settingOf } from './database-dumps.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Redis, startRedis } from './redis.ts';

const awkwardPassword = String.raw`a:b\c d'e"f$g`;

describe('PostgreSQL', () => {
  let server: Postgres;
  const component = (more: Readonly<Record<string, unknown>> = {}, password = server.password) =>
    databaseComponent(
      'postgres',
      settingOf({ database: 'postgres', host: server.host, user: 'postgres', password: { value: 'x' }, ...more }),
      parts(password),
    );

  before(async () => {
    server = await startPostgres(awkwardPassword);
    await server.sql('CREATE ROLE mail LOGIN');
    await server.sql(`CREATE DATABASE "vm'ail db" OWNER mail`);
    await server.sql("CREATE TABLE users (name text); INSERT INTO users VALUES ('ä 😀'), (NULL)", "vm'ail db");
  });
  after(() => server.stop());

  test('B1: every database and the roles are files that end as whole dumps', async () => {
    const { texts, verdicts } = await dump(component());
    assert.deepEqual([...texts.keys()], ['globals.sql', 'postgres.sql', 'server.json', "vm'ail db.sql"]);
    for (const [name, verdict] of verdicts)
      assert.equal(verdict.kind, 'complete', `${name}: ${JSON.stringify(verdict)}`);
    assert.match(texts.get("vm'ail db.sql") ?? '', /COPY public\.users \(name\) FROM stdin;\nä 😀\n\\N\n\\\.\n/);
    assert.match(texts.get('globals.sql') ?? '', /CREATE ROLE mail;/);
    assert.match(texts.get('server.json') ?? '', /"owner": "mail"/);
  });

  test('a wrong password is told without the password', async () => {
    await assert.rejects(component({}, 'wrong-4711').open(createTestRun()), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'credentials-refused'), String(thrown));
      return !thrown.message.includes('4711');
    });
  });

  test('a user that may not read a table is a failed dump, and the other files come', async () => {
    await server.sql("CREATE ROLE reader LOGIN PASSWORD 'reader'");
    const { verdicts } = await dump(component({ user: 'reader', databases: ["vm'ail db"], globals: false }, 'reader'));
    assert.equal(faultOf(verdicts.get("vm'ail db.sql")).code, 'permission-denied');
    assert.equal(verdicts.get('server.json')?.kind, 'complete');
  });
});

describe('SQLite', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-sqlite-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const component = (files: Readonly<Record<string, string>>) =>
    databaseComponent('sqlite', settingOf({ database: 'sqlite', files }), {
      ...parts(''),
      spool: join(folder, 'spool'),
    });

  test('B1: what is committed is copied, with its write-ahead log, while another writes', async () => {
    const path = join(folder, 'main.db');
    const writer = new DatabaseSync(path);
    writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE user (email TEXT); BEGIN');
    const insert = writer.prepare('INSERT INTO user VALUES (?)');
    for (let number = 0; number < 5000; number++) insert.run(`user${number}@example.com`);
    writer.exec("COMMIT; BEGIN; INSERT INTO user VALUES ('not@committed')");
    const { contents, verdicts } = await dump(component({ mailu: path }));
    assert.equal(verdicts.get('mailu.sqlite')?.kind, 'complete', JSON.stringify(verdicts.get('mailu.sqlite')));
    writer.exec('ROLLBACK');
    writer.close();
    const copy = join(folder, 'copy.db');
    await writeFile(copy, contents.get('mailu.sqlite') ?? '');
    assert.equal(
      (await succeed('sqlite3', [copy, 'SELECT COUNT(*) FROM user; PRAGMA integrity_check'])).trim(),
      '5000\nok',
    );
    assert.deepEqual(await readdir(join(folder, 'spool')), []);
  });

  test('a damaged file and one that is no database are failed dumps', async () => {
    const path = join(folder, 'damaged.db');
    await succeed('sqlite3', [
      path,
      'CREATE TABLE t (a); CREATE INDEX i ON t (a); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000) INSERT INTO t SELECT hex(randomblob(20)) FROM n',
    ]);
    await runCommand('dd', ['if=/dev/urandom', `of=${path}`, 'bs=4096', 'seek=5', 'count=3', 'conv=notrunc']);
    const text = join(folder, 'text.db');
    await writeFile(text, 'this is no database'.repeat(1000));
    const { verdicts } = await dump(component({ damaged: path, text }));
    for (const name of ['damaged.sqlite', 'text.sqlite'])
      assert.equal(faultOf(verdicts.get(name)).code, 'entry-unreadable');
  });

  test('interrupted in the middle it rejects, and leaves nothing', async () => {
    const path = join(folder, 'large.db');
    await succeed('sqlite3', [
      path,
      'CREATE TABLE t (a); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20) INSERT INTO t SELECT randomblob(1000000) FROM n',
    ]);
    const controller = new AbortController();
    let looks = 0;
    // The signal is looked at before each step.
    const run = createTestRun();
    const watched = {
      events: run.events,
      now: run.now,
      emit: run.emit,
      get signal() {
        if (++looks === 8) controller.abort();
        return controller.signal;
      },
    };
    const made = component({ large: path });
    await assert.rejects(
      async () => {
        const source = await made.open(watched);
        try {
          for await (const { listing } of source.capture(undefined, watched)) {
            if (listing.kind !== 'listed') continue;
            for await (const page of listing.pages) {
              const requests = page.filter((child) => child.kind === 'fresh');
              await Array.fromAsync(source.read(requests, 'in-order', watched));
            }
          }
        } finally {
          await source.close();
        }
      },
      (thrown) => isFault(thrown, 'interrupted'),
    );
    assert.ok(looks < 20, 'it did not go on');
    assert.deepEqual(await readdir(join(folder, 'spool')), []);
  });
});

describe('Redis', () => {
  let server: Redis;
  before(async () => {
    server = await startRedis('p"w d');
    await server.ask('SET', 'DKIM_PRIV_KEYS', 'a private key');
    await server.ask('SET', 'large', 'x'.repeat(100_000));
  });
  after(() => server.stop());
  const component = (more: Readonly<Record<string, unknown>> = {}, password = 'p"w d') =>
    databaseComponent(
      'redis',
      settingOf({ database: 'redis', socket: server.socket, password: { value: 'x' }, ...more }),
      parts(password),
    );
  const run = () => ({ ...createTestRun(), now: () => BigInt(Date.now()) * 1_000_000n });

  test('B1: what it holds is the file that it has written for it', async () => {
    const { contents, verdicts } = await dump(component(), run());
    assert.equal(verdicts.get('dump.rdb')?.kind, 'complete', JSON.stringify(verdicts.get('dump.rdb')));
    const copy = join(server.folder, 'copy.rdb');
    await writeFile(copy, contents.get('dump.rdb') ?? '');
    assert.match(await succeed('redis-check-rdb', [copy]), /RDB looks OK/);
  });

  test('a file that is none of Redis, or has one byte changed, is a failed dump', async () => {
    const { contents } = await dump(component(), run());
    const changed = Buffer.from(contents.get('dump.rdb') ?? '');
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    const other = join(server.folder, 'other.rdb');
    await writeFile(other, changed);
    const { verdicts } = await dump(component({ file: other }), run());
    assert.match(faultOf(verdicts.get('dump.rdb')).message, /no whole file of Redis/);
    await writeFile(other, changed.subarray(0, 50));
    faultOf((await dump(component({ file: other }), run())).verdicts.get('dump.rdb'));
  });

  test('a server that is not there, and a wrong password, are told; the password is not', async () => {
    await assert.rejects(component({ socket: '/nonexistent' }).open(run()), (thrown: unknown) =>
      isFault(thrown, 'server-unavailable'),
    );
    await assert.rejects(component({}, 'wrong-4711').open(run()), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'credentials-refused'), String(thrown));
      return !thrown.message.includes('4711');
    });
  });
});
