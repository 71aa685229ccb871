import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPerson, ended, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { canStartSystemd, startSystemd, type SystemdMachine } from './systemd-machine.ts';

/** Writes down what the mail is like when something starts or stops. */
const say = (folder: string): string =>
  `echo "$1 $2 $(cat ${folder}/mail/inbox)" >> ${folder}/events\nwhile [ "$2" = stop ] && [ -e ${folder}/hold ]; do sleep 0.1; done\n[ "$2" = stop ] || [ ! -e ${folder}/refuse ]\n`;

/** A service that says when it starts and when it stops. */
const service = (folder: string, name: string, more = ''): string => `[Unit]
DefaultDependencies=no
${more}
[Service]
Type=exec
StandardOutput=null
StandardError=null
ExecStartPre=/bin/sh ${folder}/say ${name} start
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh ${folder}/say ${name} stop
`;

const unitsIn = (folder: string): Readonly<Record<string, string>> => ({
  'reader.service': service(folder, 'reader'),
  'idle.service': service(folder, 'idle'),
  'stubborn.service': service(folder, 'stubborn', 'RefuseManualStop=yes'),
  'listening.service': service(folder, 'listening'),
  'listening.socket': `[Unit]
DefaultDependencies=no
[Socket]
ListenStream=${folder}/listening
ExecStartPost=/bin/sh ${folder}/say socket start
ExecStopPost=/bin/sh ${folder}/say socket stop
`,
});

const configuration = (folder: string, units: string): string => `version: 1
servers:
  mailserver:
    root: ${folder}
    components:
      mail: {folders: {mail: mail}}
      config: {folders: {units: units}}
    disk: {path: ${folder}/disk, reserve: 1M}
    gentle: {nice: 0, cpu: 100%, io: normal}
    stop: {systemd: [${units}]}
`;

describe('units of systemd around a restore', { skip: canStartSystemd ? false : 'namespaces are for root' }, () => {
  let machine: SystemdMachine;
  let person: Person;
  const inbox = (): string => join(machine.folder, 'mail/inbox');
  const events = (): readonly string[] =>
    existsSync(join(machine.folder, 'events'))
      ? readFileSync(join(machine.folder, 'events'), 'utf8').split('\n').filter(Boolean)
      : [];
  const isActive = async (unit: string): Promise<boolean> => (await machine.systemctl('is-active', unit)).code === 0;
  const notDeactivating = async (unit: string): Promise<boolean> =>
    (await machine.systemctl('show', '--property=ActiveState', unit)).stdout.trim() === 'ActiveState=inactive';
  const must = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await machine.systemctl(...args);
    assert.equal(code, 0, stderr);
  };
  const start = async (units: string, ...args: readonly string[]): Promise<ChildProcess> => {
    const file = join(person.folder, 'mailkeep.yaml');
    await writeFile(file, configuration(machine.folder, units), { mode: 0o600 });
    const PATH = [machine.bin, person.environment['PATH']].join(delimiter);
    return person.start([...args, '--config', file], { environment: { PATH } });
  };
  const mailkeep = async (...args: Parameters<typeof start>): Promise<CommandResult> => ended(await start(...args));
  const restoring = (component: string): readonly string[] => [
    'restore',
    '--component',
    component,
    '--overwrite',
    'always',
    '--yes',
  ];
  const restore = (units: string, component = 'mail'): Promise<CommandResult> =>
    mailkeep(units, ...restoring(component));

  before(async () => {
    [machine, person] = await Promise.all([startSystemd(unitsIn), createPerson()]);
    for (const name of ['mail', 'disk']) await mkdir(join(machine.folder, name));
    await writeFile(join(machine.folder, 'disk/.mailkeep-disk'), '');
    await writeFile(join(machine.folder, 'say'), say(machine.folder));
    await writeFile(inbox(), 'whole\n');
    const night = await mailkeep('reader', 'run', 'mailserver', '--daily');
    assert.equal(night.code, 0, night.stdout + night.stderr);
  });
  after(() => Promise.all([machine.stop(), person.leave()]));
  beforeEach(async () => {
    await must('start', 'reader', 'stubborn');
    await writeFile(inbox(), 'damaged\n');
    await rm(join(machine.folder, 'events'), { force: true });
  });

  test('B11: what reads the mail is stopped before it is put back and started afterwards; what was off stays off', async () => {
    const back = await restore('reader, idle');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(events(), ['reader stop damaged', 'reader start whole']);
    assert.deepEqual([await isActive('reader'), await isActive('idle')], [true, false]);
  });

  test('B11: one that cannot be stopped refuses the restore with its words, and what was stopped before it runs again', async () => {
    const back = await restore('reader, stubborn');
    assert.equal(back.code, 2, back.stdout + back.stderr);
    assert.match(back.stderr, /systemctl stop -- reader stubborn` ended with \d+: .*Operation refused, unit stubborn/);
    assert.equal(readFileSync(inbox(), 'utf8'), 'damaged\n');
    assert.deepEqual(events(), ['reader stop damaged', 'reader start damaged']);
    assert.deepEqual([await isActive('reader'), await isActive('stubborn')], [true, true]);
  });

  test('B11: one that does not start again is told, and started by the next restore', async () => {
    await writeFile(join(machine.folder, 'refuse'), '');
    const back = await restore('reader');
    assert.equal(back.code, 1, back.stdout + back.stderr);
    assert.match(back.stdout + back.stderr, /systemctl start -- reader` ended with 1: Job for reader\.service failed/);
    assert.equal(readFileSync(inbox(), 'utf8'), 'whole\n');
    assert.equal(await isActive('reader'), false);
    await rm(join(machine.folder, 'refuse'));
    const again = await restore('reader');
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.equal(await isActive('reader'), true);
  });

  test('B11: a socket that would start a service meanwhile is closed, and listens again afterwards', async () => {
    await must('start', 'listening.socket');
    connect(join(machine.folder, 'listening')).on('error', () => undefined);
    while (!(await isActive('listening'))) await sleep(50);
    await rm(join(machine.folder, 'events'), { force: true });
    const back = await restore('listening');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    const [first, second, ...started] = events();
    assert.deepEqual(new Set([first, second]), new Set(['listening stop damaged', 'socket stop damaged']));
    assert.deepEqual(started, ['socket start whole', 'listening start whole']);
    assert.deepEqual([await isActive('listening'), await isActive('listening.socket')], [true, true]);
  });

  test('B11: a socket that listened before a restore that was killed listens again after the next, though nothing else wants it', async () => {
    await must('start', 'listening.socket', 'listening');
    await writeFile(join(machine.folder, 'hold'), '');
    const child = await start('listening', ...restoring('mail'));
    const done = ended(child);
    while (!events().includes('listening stop damaged')) await sleep(50);
    child.kill('SIGKILL');
    await done;
    await rm(join(machine.folder, 'hold'));
    const sleeping = async (): Promise<boolean> =>
      !(await isActive('listening')) && !(await isActive('listening.socket')) && (await notDeactivating('listening'));
    while (!(await sleeping())) await sleep(50);
    const back = await restore('listening');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.equal(readFileSync(inbox(), 'utf8'), 'whole\n');
    assert.deepEqual([await isActive('listening'), await isActive('listening.socket')], [true, true]);
  });

  test('B11: the file of a unit that comes back is the one that counts', async () => {
    const file = join(machine.folder, 'units/reader.service');
    await writeFile(file, service(machine.folder, 'stranger'));
    await must('daemon-reload');
    const back = await restore('reader', 'mail,config');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(events(), ['stranger stop damaged', 'reader start whole']);
  });
});
