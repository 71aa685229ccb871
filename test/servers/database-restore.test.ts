import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DatabasePlan, DatabaseReport, DatabaseTargetOptions } from '../../src/contract/database-target.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import type { DumpParts } from '../../src/protocol/database/parts.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { succeed } from '../requirement/command.ts';
import { dump, parts, settingOf } from './database-dumps.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

type Setting = Readonly<Record<string, unknown>>;

/** Plans at once, and applies when it is asked to. */
const restore = async (
  setting: Setting,
  files: ReadonlyMap<string, Uint8Array | string>,
  { own, ...options }: Partial<DatabaseTargetOptions> & { readonly own: DumpParts },
): Promise<{ readonly plan: DatabasePlan; readonly apply: () => Promise<DatabaseReport> }> => {
  const run = { ...createTestRun(), now: () => BigInt(Date.now()) * 1_000_000n };
  const children = Object.fromEntries([...files].map(([name, content]) => [name, memoryFile(content)]));
  const source = createMemorySource(memoryDirectory(children));
  const more = { parts: own, options: { replace: false, users: false, ...options } };
  const target = await databaseTarget(settingOf(setting), more, run);
  const plan = await target.plan(source, run);
  return { plan, apply: () => target.apply(plan, source, run) };
};

const faults = ({ failed }: DatabaseReport): readonly string[] => failed.map(({ fault }) => fault.message);

describe('a restore to PostgreSQL', () => {
  let server: Postgres;
  const setting = (): Setting => ({
    database: 'postgres',
    host: server.host,
    user: 'postgres',
    password: { value: 'x' },
  });
  const own = (): DumpParts => parts(server.password);
  before(async () => {
    server = await startPostgres('secret');
    await server.sql('CREATE ROLE mail LOGIN');
    await server.sql('CREATE DATABASE vmail OWNER mail');
    await server.sql(
      `CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ä 😀'), (2, E'two\\nlines');
       CREATE TABLE "Odd name" (id int REFERENCES users (id)); INSERT INTO "Odd name" VALUES (1), (2), (2);
       CREATE VIEW names AS SELECT name FROM users;
       CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';`,
      'vmail',
    );
  });
  after(() => server.stop());
  const names = (): Promise<string> => server.sql('SELECT * FROM users ORDER BY id', 'vmail');

  test('B11: a database that is there is exchanged, one that is gone comes back, with its owner', async () => {
    const { contents } = await dump(databaseComponent('postgres', settingOf(setting()), own()));
    const before = await names();
    await server.sql('DELETE FROM "Odd name"; DELETE FROM users; CREATE TABLE added (x int)', 'vmail');
    const { plan, apply } = await restore(setting(), contents, { own: own(), only: ['vmail'] });
    const [planned] = plan.dumps;
    assert.deepEqual([planned?.action.kind, planned?.tables, planned?.rows], ['swap', 2, 5]);
    assert.deepEqual(faults(await apply()), []);
    assert.equal(await names(), before);
    assert.equal(await server.sql('SELECT one(), count(*) FROM names', 'vmail'), '1|2\n');
    await server.sql('DROP DATABASE vmail');
    assert.deepEqual(faults(await (await restore(setting(), contents, { own: own(), only: ['vmail'] })).apply()), []);
    assert.equal(await names(), before);
    const owners = await server.sql(
      "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname ~ 'mail' ORDER BY 1",
    );
    assert.equal(owners, 'vmail|mail\n');
  });

  test('a dump that is cut or cannot be loaded changes nothing', async () => {
    const { texts } = await dump(databaseComponent('postgres', settingOf(setting()), own()));
    const before = await names();
    const text = texts.get('vmail.sql') ?? '';
    for (const [content, kind] of [
      [text.slice(0, -200), 'refuse'],
      [text.replace('CREATE TABLE public.users', 'CREATE TABLE nowhere.users'), 'swap'],
    ] as const) {
      const { plan, apply } = await restore(setting(), new Map([['vmail.sql', content]]), { own: own() });
      assert.equal(plan.dumps[0]?.action.kind, kind);
      assert.equal((await apply()).failed.length, 1);
      assert.equal(await names(), before);
    }
  });

  test('a database that somebody is connected to is told, and stays', async () => {
    const { contents } = await dump(databaseComponent('postgres', settingOf(setting()), own()));
    const session = server.sql('SELECT pg_sleep(600)', 'vmail').catch(() => undefined);
    const report = await (await restore(setting(), contents, { own: own(), only: ['vmail'] })).apply();
    assert.match(faults(report).join(), /being accessed by other users/);
    await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'vmail'");
    await session;
    assert.equal(await server.sql("SELECT count(*) FROM pg_database WHERE datname ~ 'mailkeep'"), '0\n');
    assert.match(await names(), /😀/);
  });

  test('roles come back', async () => {
    const { contents } = await dump(databaseComponent('postgres', settingOf(setting()), own()));
    await server.sql('DROP DATABASE vmail');
    await server.sql('DROP ROLE mail');
    const { apply } = await restore(setting(), contents, { own: own(), only: ['vmail'], users: true });
    assert.deepEqual(faults(await apply()), []);
    assert.equal(await server.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'mail'"), 't\n');
    assert.match(await names(), /😀/);
  });
});

describe('a restore of SQLite', () => {
  test('B11: a file in use gets the old content, one that is gone comes back, and a damaged copy changes nothing', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-sqlite-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'main.db');
    const setting = { database: 'sqlite', files: { mailu: path } };
    const own = { ...parts(''), spool: join(folder, 'spool') };
    await succeed('sqlite3', [
      path,
      "PRAGMA journal_mode=WAL; CREATE TABLE user (email); INSERT INTO user VALUES ('a'), ('b')",
    ]);
    const { contents } = await dump(databaseComponent('sqlite', settingOf(setting), own));
    const emails = (): Promise<string> => succeed('sqlite3', [path, 'SELECT group_concat(email) FROM user']);
    await succeed('sqlite3', [path, "DELETE FROM user; INSERT INTO user VALUES ('c')"]);
    const { ino } = await stat(path);
    const there = await restore(setting, contents, { own });
    assert.deepEqual([there.plan.dumps[0]?.action.kind, there.plan.dumps[0]?.rows], ['swap', 2]);
    assert.deepEqual(faults(await there.apply()), []);
    assert.equal((await emails()).trim(), 'a,b');
    assert.equal((await stat(path)).ino, ino);
    for (const name of await readdir(folder)) if (name.startsWith('main.db')) await rm(join(folder, name));
    const gone = await restore(setting, contents, { own });
    assert.equal(gone.plan.dumps[0]?.action.kind, 'create');
    assert.deepEqual(faults(await gone.apply()), []);
    assert.equal((await emails()).trim(), 'a,b');
    const damaged = await restore(
      setting,
      new Map([['mailu.sqlite', (contents.get('mailu.sqlite') ?? Buffer.alloc(0)).subarray(0, 5000)]]),
      { own },
    );
    assert.equal(damaged.plan.dumps[0]?.action.kind, 'refuse');
    assert.equal((await damaged.apply()).failed.length, 1);
    assert.equal((await emails()).trim(), 'a,b');
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('mailkeep')),
      [],
    );
  });
});

describe('a restore of Redis', () => {
  test('B11: a running server is refused, a stopped one gets its file, and a changed byte is found', async (context) => {
    const server = await startRedis('secret');
    context.after(() => server.stop());
    await server.ask('SET', 'key', 'a private key');
    const setting = { database: 'redis', socket: server.socket, password: { value: 'x' }, file: server.file };
    const run = { ...createTestRun(), now: () => BigInt(Date.now()) * 1_000_000n };
    const { contents } = await dump(databaseComponent('redis', settingOf(setting), parts('secret')), run);
    const running = await restore(setting, contents, { own: parts('secret') });
    assert.ok(running.plan.dumps[0]?.action.kind === 'refuse');
    assert.ok(isFault(running.plan.dumps[0].action.fault, 'target-occupied'));
    await server.ask('SHUTDOWN', 'NOSAVE').catch(() => undefined);
    await writeFile(server.file, 'another');
    const { apply } = await restore(setting, contents, { own: parts('secret') });
    assert.deepEqual(faults(await apply()), []);
    assert.deepEqual(await readFile(server.file), contents.get('dump.rdb'));
    const changed = Buffer.from(contents.get('dump.rdb') ?? '');
    changed[20] = (changed[20] ?? 0) ^ 1;
    const { plan } = await restore(setting, new Map([['dump.rdb', changed]]), { own: parts('secret') });
    assert.equal(plan.dumps[0]?.action.kind, 'refuse');
  });
});
