import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Redis, startRedis } from './redis.ts';

const skip = process.getuid?.() === 0 ? false : 'PostgreSQL is started as nobody';

describe('databases of a server that come back by component', { skip }, () => {
  let folder: string;
  let person: Person;
  let postgres: Postgres;
  let redis: Redis;
  let sqlite: string;
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);
  const restore = (component: string, ...more: readonly string[]): Promise<CommandResult> =>
    mailkeep('restore', '--from', 'latest', '--component', component, ...more);
  const told = ({ stdout, stderr }: CommandResult): string => stdout + stderr;
  const users = (): Promise<string> => postgres.sql('SELECT * FROM users ORDER BY id', 'vmail');
  const mailboxes = (): Promise<string> => succeed('sqlite3', [sqlite, 'SELECT group_concat(email) FROM user']);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-components-'));
    [person, postgres, redis] = await Promise.all([
      createPerson(),
      startPostgres('of postgres'),
      startRedis('of redis'),
    ]);
    sqlite = join(folder, 'main.db');
    await postgres.sql('CREATE DATABASE vmail');
    await postgres.sql(
      "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ä 😀')",
      'vmail',
    );
    await redis.ask('SET', 'key', 'a private key');
    await succeed('sqlite3', [sqlite, "CREATE TABLE user (email); INSERT INTO user VALUES ('a'), ('b')"]);
    await writeFile(join(person.folder, 'postgres'), 'of postgres\n', { mode: 0o600 });
    await writeFile(join(person.folder, 'redis'), 'of redis\n', { mode: 0o600 });
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    const lines = [
      'version: 1',
      'servers:',
      '  mailserver:',
      '    components:',
      `      postgres: {database: postgres, host: ${postgres.host}, user: postgres, password: {file: postgres}, databases: [vmail]}`,
      `      mailu: {database: sqlite, files: {mailu: ${sqlite}}}`,
      `      redis: {database: redis, socket: ${redis.socket}, password: {file: redis}, file: ${redis.file}}`,
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    gentle: {cpu: 100%, io: normal}',
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const night = await mailkeep('run', 'mailserver', '--daily');
    assert.equal(night.code, 0, told(night));
  });
  after(async () => {
    await Promise.all([person.leave(), postgres.stop(), redis.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('B11: PostgreSQL alone, exchanged while it runs', async () => {
    const original = await users();
    await postgres.sql("DELETE FROM users; INSERT INTO users VALUES (7, 'wrong')", 'vmail');
    const planned = await restore('postgres', '--dry-run');
    assert.equal(planned.code, 0, told(planned));
    assert.match(planned.stdout, /vmail: loaded beside it, compared, exchanged; 1 table, 1 row/);
    assert.notEqual(await users(), original);
    const restored = await restore('postgres', '--yes');
    assert.equal(restored.code, 0, told(restored));
    assert.equal(await users(), original);
    assert.equal((await mailboxes()).trim(), 'a,b');
  });

  test('B11: SQLite alone, in the file that is there', async () => {
    await succeed('sqlite3', [sqlite, 'DELETE FROM user']);
    const restored = await restore('mailu', '--yes');
    assert.equal(restored.code, 0, told(restored));
    assert.equal((await mailboxes()).trim(), 'a,b');
  });

  test('B11: Redis alone is refused while it runs, and has its keys again once it was stopped', async () => {
    await redis.ask('SET', 'key', 'another');
    const refused = await restore('redis', '--yes');
    assert.equal(refused.code, 1, told(refused));
    assert.match(told(refused), /NOT restored/);
    assert.equal((await redis.ask('GET', 'key')).trim(), 'another');
    await redis.ask('SHUTDOWN', 'SAVE').catch(() => undefined);
    const restored = await restore('redis', '--yes');
    assert.equal(restored.code, 0, told(restored));
    await redis.startAgain();
    assert.equal((await redis.ask('GET', 'key')).trim(), 'a private key');
  });

  test('B11: elsewhere all of them lie as dumps, and nothing that runs is touched', async () => {
    await redis.ask('SET', 'key', 'of today');
    const into = join(folder, 'elsewhere');
    const restored = await restore('all', '--into', into, '--yes');
    assert.equal(restored.code, 0, told(restored));
    const names = ['postgres', 'mailu', 'redis'].flatMap((name) => readdirSync(join(into, name)));
    assert.ok(names.some((name) => name.startsWith('vmail.sql')) && names.some((name) => name.startsWith('mailu.')));
    assert.ok((await readFile(sqlite)).length > 0);
    assert.equal((await redis.ask('GET', 'key')).trim(), 'of today');
  });
});
