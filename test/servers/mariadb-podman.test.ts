import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { canRunContainers } from './container-engine.ts';
import { dump, parts, readUntil, seenInProc, settingOf } from './database-dumps.ts';
import { initialise, usualOptions } from './mariadb.ts';
import { type PodmanEngine, startPodmanEngine } from './podman-engine.ts';

describe('MariaDB in a container of Podman', { skip: canRunContainers ? false : 'containers are for root' }, () => {
  let engine: PodmanEngine;
  let folder: string;
  const name = 'mailserver-mariadb';
  const password = 'secret-of-the-pod-4711';
  const sql = (statements: string, database = ''): Promise<string> =>
    engine.podman('exec', name, 'mariadb', `-p${password}`, '-N', '-B', '-e', statements, database);
  const setting = (more: Readonly<Record<string, unknown>> = {}) =>
    settingOf({ database: 'mariadb', in: { podman: name }, user: 'root', password: { value: 'x' }, ...more });
  const component = (more: Readonly<Record<string, unknown>> = {}) =>
    databaseComponent('mysql', setting(more), parts(password, engine.variables));
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let attempt = 0; attempt < 300; attempt++) {
      if (await isSo()) return;
      await sleep(200);
    }
    assert.fail(`${what} did not come about`);
  };

  before(async () => {
    engine = await startPodmanEngine();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-podman-data-'));
    const volume = `${await initialise(folder)}:/var/lib/mysql`;
    const options = [...usualOptions, '--datadir=/var/lib/mysql', '--socket=/run/mysqld/mysqld.sock'];
    await engine.podman('run', '-d', '--name', name, '-v', volume, engine.image, 'mariadbd', ...options);
    await until('the server', () =>
      engine.podman('exec', name, 'mariadb', '-e', 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    const first = `ALTER USER root@localhost IDENTIFIED BY '${password}'; CREATE DATABASE large; CREATE DATABASE usermgmt`;
    await engine.podman('exec', name, 'mariadb', '-e', first);
    await sql("CREATE TABLE mailbox (username VARCHAR(99)); INSERT INTO mailbox VALUES ('alice')", 'usermgmt');
    await sql('CREATE TABLE t (id INT PRIMARY KEY, text LONGTEXT)', 'large');
    await sql('INSERT INTO t SELECT seq, REPEAT(MD5(seq), 2000) FROM seq_1_to_300', 'large');
  });
  after(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('B1, B11, B13: `podman exec` dumps it whole and brings it back, and the password is in no command line', async () => {
    const seen: string[] = [];
    const { verdict } = await readUntil(
      1_000_000,
      async () => {
        seen.push(...seenInProc());
      },
      component({ databases: ['large'] }),
    );
    assert.equal(verdict?.kind, 'complete', JSON.stringify(verdict));
    assert.ok(seen.some((text) => text.startsWith('mariadb-dump')));
    assert.ok(seen.every((text) => !text.includes(password)));
    const { contents, verdicts } = await dump(component({ databases: ['usermgmt'] }));
    assert.equal(verdicts.get('usermgmt.sql')?.kind, 'complete');
    await sql("UPDATE mailbox SET username = 'mallory'", 'usermgmt');
    const run = createTestRun();
    const file = memoryFile(contents.get('usermgmt.sql') ?? '');
    const source = createMemorySource(memoryDirectory({ 'usermgmt.sql': file }));
    const own = { parts: parts(password, engine.variables), options: { replace: false, users: false } };
    const target = await databaseTarget(setting(), own, run);
    const { failed } = await target.apply(await target.plan(source, run), source, run);
    assert.deepEqual(
      failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await sql('SELECT username FROM mailbox', 'usermgmt'), 'alice\n');
  });

  test('interrupted, the program in the container ends too', async () => {
    await assert.rejects(
      readUntil(1_000_000, async (run) => run.abort(), component({ databases: ['large'] })),
      (thrown) => isFault(thrown, 'interrupted'),
    );
    const isDumping = async (): Promise<boolean> => (await engine.podman('top', name, 'args')).includes('mariadb-dump');
    await until('the end of the dump', async () => !(await isDumping()));
  });

  test('one that is not there, and one that is down, are told', async () => {
    const isTold = (thrown: unknown): boolean => isFault(thrown, 'server-unavailable');
    await assert.rejects(component({ in: { podman: 'nobody' } }).open(createTestRun()), isTold);
    await engine.podman('stop', '--time', '0', name);
    await assert.rejects(component().open(createTestRun()), isTold);
  });
});
