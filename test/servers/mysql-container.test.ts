import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestRun } from '../../src/contract/test-run.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { succeed } from '../requirement/command.ts';
import { composePlugin } from '../requirement/compose-plugin.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { dump, parts, seenInProc, settingOf } from './database-dumps.ts';
import { initialiseMysql } from './mysql.ts';

describe("MySQL's own server in a container", { skip: canRunContainers ? false : 'containers are for root' }, () => {
  let engine: ContainerEngine;
  let folder: string;
  let compose: string;
  let dumped: ReadonlyMap<string, Buffer>;
  const name = 'mailserver-mysql';
  const password = 'secret-of-the-container-4711';
  const exec = (...args: readonly string[]): Promise<string> => engine.docker('exec', name, ...args);
  const sql = (statements: string, database = ''): Promise<string> =>
    exec('mysql', `-p${password}`, '-N', '-B', '--default-character-set=utf8mb4', '-e', statements, database);
  let variables: NodeJS.ProcessEnv;
  const settingIn = (place: Readonly<Record<string, unknown>>) =>
    settingOf({ database: 'mysql', in: place, user: 'root', password: { value: 'x' }, databases: ['usermgmt'] });
  const placesOf = () => [{ docker: name }, { compose: { file: compose, service: 'database' } }];

  before(async () => {
    engine = await startContainerEngine();
    variables = { ...engine.variables, DOCKER_CONFIG: await composePlugin() };
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-mysql-container-'));
    compose = join(folder, 'compose.yml');
    const { bin, home, data, options } = await initialiseMysql(folder);
    const own = ['--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock', '--skip-networking'];
    const service = {
      image: 'mailkeep-database',
      container_name: name,
      network_mode: 'host',
      // Its programs lie where they were unpacked, begin with that shell, and read a file for the socket.
      environment: { PATH: `${bin}:/usr/bin:/bin` },
      volumes: [
        `${home}:${home}:ro`,
        '/bin/sh:/bin/sh:ro',
        `${data}:/var/lib/mysql`,
        `${folder}/my.cnf:/etc/my.cnf:ro`,
      ],
      command: ['mysqld', ...options, ...own],
    };
    await writeFile(join(folder, 'my.cnf'), '[client]\nsocket=/run/mysqld/mysqld.sock\n');
    // What is JSON is YAML, too.
    await writeFile(compose, JSON.stringify({ version: '2.4', services: { database: service } }));
    await succeed('docker', ['compose', '-f', compose, 'up', '-d'], { env: { ...process.env, ...variables } });
    const first = `ALTER USER root@localhost IDENTIFIED BY '${password}'; CREATE DATABASE usermgmt`;
    for (let attempt = 0; ; attempt++) {
      const isUp = await exec('mysql', '-e', 'SELECT 1').then(
        () => true,
        () => false,
      );
      if (isUp) break;
      assert.ok(attempt < 300, await engine.docker('logs', name));
      await sleep(200);
    }
    await exec('mysql', '-e', first);
    await sql("CREATE TABLE mailbox (username VARCHAR(99)); INSERT INTO mailbox VALUES ('alice 😀')", 'usermgmt');
  });
  after(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('B1, B13: it is dumped by its own programs, by its container and by its service, and the password is nowhere to be seen', async () => {
    const texts: string[] = [];
    for (const place of placesOf()) {
      const dumping = dump(databaseComponent('mysql', settingIn(place), parts(password, variables)));
      const seen: string[] = [];
      let isOver = false;
      void dumping.finally(() => (isOver = true)).catch(() => undefined);
      while (!isOver) {
        seen.push(...seenInProc());
        await sleep(20);
      }
      const { contents, verdicts } = await dumping;
      assert.deepEqual(
        [...verdicts.values()].map(({ kind }) => kind),
        ['complete', 'complete', 'complete'],
      );
      assert.ok(seen.some((text) => text.startsWith('docker') && text.includes('exec')));
      assert.ok(seen.every((text) => !text.includes(password)));
      dumped = contents;
      texts.push(contents.get('usermgmt.sql')?.toString() ?? '');
    }
    assert.match(texts[0] ?? '', /^-- MySQL dump [^]*-- Dump completed\n$/);
    assert.equal(texts[0], texts[1]);
  });

  test('B11: it is brought back into its service', async () => {
    const setting = settingIn({ compose: { file: compose, service: 'database' } });
    const before = await sql('SELECT * FROM mailbox', 'usermgmt');
    await sql('DELETE FROM mailbox', 'usermgmt');
    const run = createTestRun();
    const file = memoryFile(dumped.get('usermgmt.sql') ?? '');
    const source = createMemorySource(memoryDirectory({ 'usermgmt.sql': file }));
    const more = { parts: parts(password, variables), options: { replace: false, users: false } };
    const target = await databaseTarget(setting, more, run);
    const { failed } = await target.apply(await target.plan(source, run), source, run);
    assert.deepEqual(
      failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await sql('SELECT * FROM mailbox', 'usermgmt'), before);
  });
});
