import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { runBare } from './bare-machine.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { loadImage } from './drill-images.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { type Mariadb, startMariadb } from './mariadb.ts';

const skip = canRunContainers ? false : 'containers are for root';

describe('a drill on a machine that has its programs in images of Docker only', { skip, timeout: 900_000 }, () => {
  let folder: string;
  let person: Person;
  let engine: ContainerEngine;
  let mariadb: Mariadb;

  const told = ({ stdout, stderr }: CommandResult): string => stdout + stderr;
  const configuration = (): string => join(person.folder, 'mailkeep.yaml');
  const drill = (...more: readonly string[]): Promise<CommandResult> =>
    runBare(person, ['drill', 'mailserver', '--config', configuration(), ...more], engine.variables);
  const leftOver = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('mailkeep-drill-'));
  const configure = async (containers = '{}'): Promise<void> => {
    const lines = [
      'version: 1',
      'servers:',
      '  mailserver:',
      '    components:',
      `      mysql: {database: mariadb, socket: ${mariadb.socket}, user: root, password: {file: database}}`,
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    gentle: {nice: 0, cpu: 100%, io: normal}',
      '    alarms: {enabled: false}',
      `    drill: {folder: ${folder}, containers: ${containers}}`,
    ];
    await writeFile(configuration(), `${lines.join('\n')}\n`, { mode: 0o600 });
  };

  before(async () => {
    folder = await mkdtemp('/var/tmp/mailkeep-test-');
    await chmod(folder, 0o711);
    [person, engine, mariadb] = await Promise.all([createPerson(), startContainerEngine(), startMariadb()]);
    await loadImage('mariadb', { folder, as: 'mariadb:10.11', engine: engine.docker });
    await writeFile(join(person.folder, 'database'), `${mariadb.password}\n`, { mode: 0o600 });
    await mariadb.sql(
      "CREATE DATABASE usermgmt; CREATE TABLE usermgmt.mailbox (username VARCHAR(99), password VARCHAR(99)); INSERT INTO usermgmt.mailbox VALUES ('alice@example.com', '{PLAIN}of alice')",
    );
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    await configure();
    const night = await person.run(['run', 'mailserver', '--daily', '--quiet', '--config', configuration()]);
    assert.equal(night.code, 0, told(night));
  });
  after(async () => {
    await Promise.all([person.leave(), mariadb.stop(), engine.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test('B12: MariaDB is started out of the image that is there, and told with its version', async () => {
    const result = await drill('--json');
    assert.equal(result.code, 0, told(result));
    const [record] = recordsOf(result.stdout).filter(isMessageLine('drill'));
    assert.equal(record?.['verdict'], 'passed', told(result));
    assert.deepEqual(record?.['tables'], { 'usermgmt.mailbox': 1 });
    assert.match(JSON.stringify(record?.['programs']), /^\[\{"name":"MariaDB [\d.]+","image":"mariadb:10\.11"\}\]$/);
    assert.deepEqual(leftOver(), []);
    assert.equal(await engine.docker('ps', '--all', '--quiet'), '');
  });
});
