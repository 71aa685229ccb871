import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import { mysqlPrograms } from '../requirement/mysql.ts';
import { runBare } from './bare-machine.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { makeImage } from './container-image.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { type Mysql, startMysql } from './mysql.ts';

const skip = canRunContainers ? false : 'containers are for root';

describe('a drill of a MySQL', { skip, timeout: 600_000 }, () => {
  let folder: string;
  let person: Person;
  let engine: ContainerEngine;
  let mysql: Mysql;

  /** Its programs lie where they were unpacked, and have to be told where that is. */
  const loadImage = async (): Promise<void> => {
    const { bin, base } = await mysqlPrograms();
    const place = join(folder, 'image-of-mysql');
    await mkdir(place);
    const server = join(place, 'mysqld');
    const where = `--basedir=${base} --lc-messages-dir=${join(base, 'share/mysql')}`;
    const script = `#!/bin/sh\nfirst=$1; shift\nexec ${join(bin, 'mysqld')} "$first" ${where} "$@"\n`;
    await writeFile(server, script, { mode: 0o755 });
    const programs = ['sh', 'mktemp', 'rm', 'cat', 'sleep', 'kill'];
    const data = ['/bin/sh', '/etc/ld.so.cache', join(base, '..')];
    const image = await makeImage(place, { programs, data, named: { mysqld: server, mysql: join(bin, 'mysql') } });
    const changes = [
      '--change',
      'ENTRYPOINT ["/entrypoint-of-the-image"]',
      '--change',
      'ENV PATH=/opt/bin:/usr/bin:/bin',
    ];
    await engine.docker('import', ...changes, image, 'mysql:9');
  };

  before(async () => {
    folder = await mkdtemp('/var/tmp/mailkeep-test-');
    [person, engine, mysql] = await Promise.all([createPerson(), startContainerEngine(), startMysql()]);
    await loadImage();
    await mysql.sql(
      `CREATE DATABASE usermgmt CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci; CREATE TABLE usermgmt.mailbox (username VARCHAR(99), password VARCHAR(99), name VARCHAR(99));
       INSERT INTO usermgmt.mailbox VALUES ('alice@example.com', '{PLAIN}x', 'alice 😀')`,
    );
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    await writeFile(join(person.folder, 'database'), mysql.password, { mode: 0o600 });
    const lines = [
      'version: 1',
      'servers:',
      '  mailserver:',
      '    components:',
      `      mysql: {database: mysql, socket: ${mysql.socket}, user: root, password: {file: database}}`,
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    gentle: {nice: 0, cpu: 100%, io: normal}',
      '    alarms: {enabled: false}',
      `    drill: {folder: ${folder}, containers: {use: prefer}}`,
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
  });
  after(async () => {
    await Promise.all([person.leave(), mysql.stop(), engine.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('B12: its dumps are loaded into a MySQL out of an image, which knows collations that MariaDB does not', async () => {
    const config = ['--config', join(person.folder, 'mailkeep.yaml')];
    const { PATH } = mysql.variables;
    const night = await person.run(['run', 'mailserver', '--daily', '--quiet', ...config], { environment: { PATH } });
    assert.equal(night.code, 0, night.stdout + night.stderr);
    const drilled = await runBare(person, ['drill', 'mailserver', '--json', ...config], engine.variables);
    assert.equal(drilled.code, 0, drilled.stdout + drilled.stderr);
    const [record] = recordsOf(drilled.stdout).filter(isMessageLine('drill'));
    assert.deepEqual(record?.['tables'], { 'usermgmt.mailbox': 1 });
    assert.match(JSON.stringify(record?.['programs']), /^\[\{"name":"MySQL [\d.]+","image":"mysql:9"\}\]$/);
    assert.equal(await engine.docker('ps', '--all', '--quiet'), '');
  });
});
