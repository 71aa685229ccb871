import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { commandServices } from './command-services.ts';
import { composeServices, composeStates } from './compose-services.ts';
import { describedContainers } from './described-containers.ts';
import { shownUnits, systemdServices } from './systemd-services.ts';

describe('services that a restore stops', () => {
  test('B11: what systemctl says of units is read in the order of the question, whatever it leaves out', () => {
    const answer = [
      'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nTriggeredBy=dovecot.socket dovecot.timer',
      'UnitFileState=\nActiveState=failed\nLoadState=not-found',
      'ActiveState=activating\nTriggeredBy=\nUnitFileState=enabled-runtime\n',
    ].join('\n\n');
    assert.deepEqual(shownUnits(answer), [
      { isThere: true, isActive: true, isEnabled: true, triggeredBy: ['dovecot.socket', 'dovecot.timer'] },
      { isThere: false, isActive: false, isEnabled: false, triggeredBy: [] },
      { isThere: false, isActive: true, isEnabled: true, triggeredBy: [] },
    ]);
    assert.deepEqual(shownUnits('\n'), []);
  });

  test('B11: where systemd cannot be asked nothing is taken for stopped', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-systemctl-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const said = 'System has not been booted with systemd as init system (PID 1).';
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "${said}" >&2\nexit 1\n`, { mode: 0o755 });
    await assert.rejects(systemdServices(['postfix'], { PATH: folder }).list(createTestRun()), {
      code: 'io-failed',
      message: /has not been booted/,
      hint: /--no-services/,
    });
  });

  test('B11: of a compose file the service of the container that a database is in is the database', () => {
    const said = {
      all: 'dovecot\npostfix\nstore\n',
      running: 'dovecot\nstore\n',
      containers: 'mailserver-mariadb\tstore\nmailserver-dovecot\tdovecot\n',
    };
    assert.deepEqual(composeStates({ services: undefined, databases: ['mailserver-mariadb'] }, said), [
      { name: 'dovecot', state: 'running', isDatabase: false },
      { name: 'postfix', state: 'stopped', isDatabase: false },
      { name: 'store', state: 'running', isDatabase: true },
    ]);
    const chosen = composeStates({ services: ['dovecot'], databases: ['store'] }, said);
    assert.deepEqual(chosen, [{ name: 'dovecot', state: 'running', isDatabase: false }]);
  });

  test('B11: on a machine where nothing was ever started a database is known by its name', () => {
    const said = { all: 'dovecot\nmariadb\n', running: '', containers: '' };
    const states = composeStates({ services: undefined, databases: ['mailserver-mariadb'] }, said);
    assert.deepEqual(
      states.map(({ name, isDatabase }) => [name, isDatabase]),
      [
        ['dovecot', false],
        ['mariadb', true],
      ],
    );
  });

  test('B11: of what was never started the compose file says which service a container will be of, by its own name or the usual one', () => {
    const file = '/opt/Mail.Server/docker-compose.yml';
    const config = 'services:\n  store: {container_name: database, image: x}\n  mail: {image: x}\n';
    const of = (text: string): readonly string[] => describedContainers(file, text).split('\n');
    assert.deepEqual(of(config), ['database\tstore', 'mailserver-mail-1\tmail', 'mailserver_mail_1\tmail']);
    assert.deepEqual(of(`name: own\n${config}`).slice(1), ['own-mail-1\tmail', 'own_mail_1\tmail']);
    for (const text of ['', 'services: [a', 'services: 1']) assert.equal(describedContainers(file, text), '');
  });

  test('B11: a compose file that is not there yet has nothing that runs', async () => {
    const services = composeServices({ file: '/none/docker-compose.yml', services: undefined, databases: [] }, {});
    assert.deepEqual(await services.list(createTestRun()), []);
  });

  test('B11: a command that fails is told with what it said', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'mailkeep-services-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const script = join(folder, 'service');
    writeFileSync(
      script,
      `#!/bin/sh\necho "$1 $SECRET" >> ${folder}/log\n[ "$1" = start ] || { echo "no, not now" >&2; exit 3; }\n`,
    );
    chmodSync(script, 0o755);
    const variables = { PATH: process.env['PATH'], SECRET: 'secret-4711' };
    const services = commandServices({ stop: `${script} stop`, start: `'${script}' start` }, variables);
    const run = createTestRun();
    await assert.rejects(services.stop([], run), {
      code: 'io-failed',
      message: /service stop` ended with 3: no, not now/,
    });
    await services.start([], run);
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), 'stop \nstart \n');
  });
});
