import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPerson, ended, type Person } from '../journey/program.ts';
import { findMovedClock, type MovedClock } from '../life/moved-clock.ts';
import type { CommandResult } from '../requirement/command.ts';

describe('a restore beside the nights of its disk', () => {
  let folder: string;
  let person: Person;
  let at: MovedClock;
  const message = (): string => join(folder, 'server/vmail/cur/1.host:2,S');
  const days = (): readonly string[] => readdirSync(join(folder, 'disk/daily')).toSorted();
  const marks = (): readonly string[] => readdirSync(join(folder, 'disk/.mailkeep/readers'));
  const dayOf = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const configured = (...args: readonly string[]): readonly string[] => [
    ...args,
    '--config',
    join(person.folder, 'mailkeep.yaml'),
  ];
  const night = (ago: number): Promise<CommandResult> =>
    person.run(configured('run', 'mailserver', '--daily', '--json'), {
      environment: { ...at(Date.now() - ago * 86_400_000), TZ: 'UTC' },
    });
  /** Begins to restore, and is held up by services that take their time to stop. */
  const startRestore = async (from: string) => {
    await rm(join(folder, 'stopping'), { force: true });
    await rm(join(folder, 'go'), { force: true });
    const child = person.start(configured('restore', '--from', from, '--component', 'mail', '--yes'));
    const over = ended(child);
    while (!existsSync(join(folder, 'stopping'))) {
      assert.equal(child.exitCode, null, 'it ended before it stopped anything');
      await sleep(20);
    }
    return { child, over };
  };

  before(async () => {
    at = await findMovedClock();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-beside-'));
    person = await createPerson();
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(folder, 'server/vmail', part), { recursive: true });
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    await writeFile(message(), 'Subject: kept\n\nto be restored\n');
    const stop = `sh -c 'touch ${folder}/stopping; until [ -e ${folder}/go ]; do sleep 0.1; done'`;
    const lines = [
      'version: 1',
      'servers:',
      '  mailserver:',
      `    root: ${folder}/server`,
      '    components: {mail: {folders: {vmail: vmail}}}',
      `    disk: {path: ${folder}/disk, reserve: 1M, keepDaily: 1}`,
      '    gentle: {cpu: 100%, io: normal}',
      `    stop: {commands: {stop: ${JSON.stringify(stop)}, start: 'true'}}`,
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    assert.equal((await night(9)).code, 0);
  });
  after(async () => {
    writeFileSync(join(folder, 'go'), '');
    await person.leave();
    await rm(folder, { recursive: true, force: true });
  });

  test('B3, B11: a day that is restored from stays, the night says so, and it leaves once the restore is over', async () => {
    await rm(message());
    const { over } = await startRestore(dayOf(9));
    assert.equal(marks().length, 1);
    await writeFile(join(folder, 'server/vmail/cur/2.host:2,'), 'new mail\n');
    const beside = await night(6);
    assert.equal(beside.code, 0, beside.stdout + beside.stderr);
    assert.match(beside.stdout, new RegExp(`daily/${dayOf(9)} stays for now: .*is being restored from`));
    assert.deepEqual(days(), [dayOf(9), dayOf(6)]);
    await writeFile(join(folder, 'go'), '');
    const restored = await over;
    assert.equal(restored.code, 0, restored.stdout + restored.stderr);
    assert.ok(existsSync(message()), 'the message is back');
    assert.deepEqual(marks(), []);
    assert.equal((await night(5)).code, 0);
    assert.deepEqual(days(), [dayOf(5)]);
  });

  test('B11: what a killed restore leaves keeps nothing', async () => {
    const { child, over } = await startRestore(dayOf(5));
    assert.equal(marks().length, 1);
    child.kill('SIGKILL');
    await over;
    await writeFile(join(folder, 'go'), '');
    assert.equal(marks().length, 1);
    assert.equal((await night(3)).code, 0);
    assert.deepEqual(days(), [dayOf(3)]);
    assert.deepEqual(marks(), []);
  });

  test('B11: the day that is restored from is not replaced by one of the same date', async () => {
    const { over } = await startRestore('latest');
    const again = await night(3);
    assert.notEqual(again.code, 0);
    assert.match(again.stdout + again.stderr, /is being restored from/);
    assert.deepEqual(days(), [dayOf(3)]);
    await writeFile(join(folder, 'go'), '');
    assert.equal((await over).code, 0);
    assert.equal((await night(3)).code, 0);
  });
});
