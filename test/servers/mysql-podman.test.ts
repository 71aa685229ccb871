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
import { canRunContainers } from './container-engine.ts';
import { dump, parts, settingOf } from './database-dumps.ts';
import { initialiseMysql } from './mysql.ts';
import { type PodmanEngine, startPodmanEngine } from './podman-engine.ts';

describe(
  "MySQL's own server in a container of Podman",
  {
    skip: canRunContainers ? false : 'containers are for root',
  },
  () => {
    let engine: PodmanEngine;
    let folder: string;
    const name = 'mailserver-mysql';
    const password = 'secret-of-the-pod-4711';
    const exec = (...args: readonly string[]): Promise<string> => engine.podman('exec', name, 'mysql', ...args);
    const sql = (statements: string, database = ''): Promise<string> =>
      exec(`-p${password}`, '-N', '-B', '--default-character-set=utf8mb4', '-e', statements, database);

    before(async () => {
      engine = await startPodmanEngine();
      folder = await mkdtemp(join(tmpdir(), 'mailkeep-mysql-podman-'));
      const { bin, home, data, options } = await initialiseMysql(folder);
      await writeFile(join(folder, 'my.cnf'), '[client]\nsocket=/run/mysqld/mysqld.sock\n');
      // Its programs lie where they were unpacked, begin with that shell, and read a file for the socket.
      const volumes = [
        `${home}:${home}:ro`,
        '/bin/sh:/bin/sh:ro',
        `${data}:/var/lib/mysql`,
        `${folder}/my.cnf:/etc/my.cnf:ro`,
      ];
      const own = ['--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock', '--skip-networking'];
      const run = ['run', '-d', '--name', name, '--env', `PATH=${bin}:/usr/bin:/bin`];
      const mounts = volumes.flatMap((volume) => ['-v', volume]);
      await engine.podman(...run, ...mounts, engine.image, 'mysqld', ...options, ...own);
      const isUp = (): Promise<boolean> =>
        exec('-e', 'SELECT 1').then(
          () => true,
          () => false,
        );
      for (let attempt = 0; !(await isUp()); attempt++) {
        assert.ok(attempt < 300, await engine.podman('logs', name));
        await sleep(200);
      }
      await exec('-e', `ALTER USER root@localhost IDENTIFIED BY '${password}'; CREATE DATABASE usermgmt`);
      await sql("CREATE TABLE mailbox (username VARCHAR(99)); INSERT INTO mailbox VALUES ('alice 😀')", 'usermgmt');
    });
    after(async () => {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('B1, B11: it is dumped by its own programs, and brought back', async () => {
      const own = { database: 'mysql', user: 'root', password: { value: 'x' }, databases: ['usermgmt'] };
      const setting = settingOf({ ...own, in: { podman: name } });
      const { contents, verdicts } = await dump(databaseComponent('mysql', setting, parts(password, engine.variables)));
      assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
      assert.match(contents.get('usermgmt.sql')?.toString() ?? '', /^-- MySQL dump [^]*-- Dump completed\n$/);
      await sql('DELETE FROM mailbox', 'usermgmt');
      const run = createTestRun();
      const file = memoryFile(contents.get('usermgmt.sql') ?? '');
      const source = createMemorySource(memoryDirectory({ 'usermgmt.sql': file }));
      const more = { parts: parts(password, engine.variables), options: { replace: false, users: false } };
      const target = await databaseTarget(setting, more, run);
      const { failed } = await target.apply(await target.plan(source, run), source, run);
      assert.deepEqual(
        failed.map(({ fault }) => fault.message),
        [],
      );
      assert.equal(await sql('SELECT username FROM mailbox', 'usermgmt'), 'alice 😀\n');
    });
  },
);
