import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { succeed } from '../requirement/command.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { dump, faultOf, parts, readUntil, seenInProc, settingOf } from './database-dumps.ts';
import { initialise, usualOptions } from './mariadb.ts';

describe('MariaDB in a container of Docker', { skip: canRunContainers ? false : 'containers are for root' }, () => {
  let engine: ContainerEngine;
  let folder: string;
  let compose: string;
  const name = 'mailserver-mariadb';
  const exec = (...args: readonly string[]): Promise<string> => engine.docker('exec', name, ...args);
  const plainPassword = 'secret-of-the-container-4711';
  const sql = (statements: string, database = ''): Promise<string> =>
    exec('mariadb', `-p${plainPassword}`, '-N', '-B', '--default-character-set=utf8mb4', '-e', statements, database);
  const setting = (more: Readonly<Record<string, unknown>> = {}) => ({
    database: 'mariadb',
    in: { docker: name },
    user: 'root',
    password: { value: 'x' },
    ...more,
  });
  const component = (more: Readonly<Record<string, unknown>> = {}) =>
    databaseComponent('mysql', settingOf(setting(more)), parts(plainPassword, engine.variables));
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await isSo()) return;
      await sleep(200);
    }
    assert.fail(`${what} did not come about`);
  };
  const isDumping = async (): Promise<boolean> => (await engine.docker('top', name)).includes('mariadb-dump');

  before(async () => {
    engine = await startContainerEngine();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-container-'));
    const data = await initialise(folder);
    compose = join(folder, 'compose.yml');
    const options = [...usualOptions, '--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock'];
    const service = {
      image: 'mailkeep-database',
      container_name: name,
      network_mode: 'host',
      volumes: [`${data}:/var/lib/mysql`],
      command: ['mariadbd', ...options],
    };
    // What is JSON is YAML, too. People put what a stack does not have by itself into the file that overrides its own.
    const override = join(folder, 'compose.override.yml');
    await writeFile(compose, JSON.stringify({ version: '2.4', services: { other: { image: 'mailkeep-database' } } }));
    await writeFile(override, JSON.stringify({ version: '2.4', services: { database: service } }));
    const start = ['-f', compose, '-f', override, 'up', '-d', 'database'];
    await succeed('docker-compose', start, { env: { ...process.env, ...engine.variables } });
    await until('the server', () =>
      exec('mariadb', '-e', 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    await exec('mariadb', '-e', `ALTER USER root@localhost IDENTIFIED BY '${plainPassword}'; CREATE DATABASE large`);
    await sql(
      "CREATE DATABASE mysql2 CHARACTER SET utf8mb4; CREATE TABLE mysql2.t (a TEXT); INSERT INTO mysql2.t VALUES ('😀')",
    );
    await sql('CREATE TABLE t (id INT PRIMARY KEY, text LONGTEXT CHARACTER SET utf8mb4)', 'large');
    await sql("INSERT INTO t SELECT seq, CONCAT('😀', REPEAT(MD5(seq), 2000)) FROM seq_1_to_2000", 'large');
  });
  after(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('B1, B13: it is dumped by its own programs, and the password is in no command line', async () => {
    const seen: string[] = [];
    const { verdict, read } = await readUntil(
      1_000_000,
      async () => {
        seen.push(...seenInProc());
      },
      component({ databases: ['large'] }),
    );
    assert.equal(verdict?.kind, 'complete', JSON.stringify(verdict));
    assert.ok(read > 128_000_000, String(read));
    assert.ok(
      seen.some((text) => text.startsWith('mariadb-dump')),
      'the program in the container was seen',
    );
    assert.ok(seen.every((text) => !text.includes(plainPassword)));
  });

  test('interrupted, the program in the container ends too, also by way of a compose file', async () => {
    for (const place of [{ docker: name }, { compose: { file: compose, service: 'database' } }]) {
      await assert.rejects(
        readUntil(1_000_000, async (run) => run.abort(), component({ in: place, databases: ['large'] })),
        (thrown) => isFault(thrown, 'interrupted'),
      );
      await until('the end of the dump', async () => !(await isDumping()));
    }
  });

  test('B1: a service of a compose file, and of the file that overrides it, is dumped as its container is', async () => {
    const place = { compose: { file: compose, service: 'database' } };
    const [first, second] = [
      await dump(component({ in: place, databases: ['mysql2'] })),
      await dump(component({ databases: ['mysql2'] })),
    ];
    assert.equal(first.verdicts.get('mysql2.sql')?.kind, 'complete');
    assert.deepEqual(first.texts, second.texts);
  });

  test('B11: a database is brought back into its container', async () => {
    const { contents } = await dump(component({ databases: ['mysql2'] }));
    const before = await sql('SELECT * FROM t', 'mysql2');
    await sql('DELETE FROM t', 'mysql2');
    const run = createTestRun();
    const source = createMemorySource(memoryDirectory({ 'mysql2.sql': memoryFile(contents.get('mysql2.sql') ?? '') }));
    const more = { parts: parts(plainPassword, engine.variables), options: { replace: false, users: false } };
    const target = await databaseTarget(settingOf(setting()), more, run);
    const { failed } = await target.apply(await target.plan(source, run), source, run);
    assert.deepEqual(
      failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await sql('SELECT * FROM t', 'mysql2'), before);
  });

  test('after a SIGKILL of this program, the one in the container ends by itself', async () => {
    const victim = fileURLToPath(new URL('dump-victim.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      [victim, JSON.stringify(setting({ databases: ['large'] })), 'large.sql', plainPassword],
      {
        env: { ...process.env, ...engine.variables },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    assert.ok(await isDumping());
    child.kill('SIGKILL');
    await until('the end of the dump', async () => !(await isDumping()));
  });

  test('a container that is not there is told with a hint', async () => {
    await assert.rejects(component({ in: { docker: 'nobody' } }).open(createTestRun()), (thrown: unknown) => {
      assert.ok(isFault(thrown, 'server-unavailable'), String(thrown));
      assert.match(thrown.message, /in the container nobody cannot be asked: .*No such container/);
      return true;
    });
  });

  test('a container that is stopped in the middle is a failed dump, and one that is down is told', async () => {
    const { verdict } = await readUntil(
      1_000_000,
      async () => {
        await engine.docker('stop', '-t', '0', name);
      },
      component({ databases: ['large'] }),
    );
    const fault = faultOf(verdict);
    assert.ok(isFault(fault, 'server-unavailable'), fault.message);
    await assert.rejects(component().open(createTestRun()), (thrown: unknown) => isFault(thrown, 'server-unavailable'));
  });
});
