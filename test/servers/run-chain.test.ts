import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createPerson, ended, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf } from './imap-account.ts';

const line = z.record(z.string(), z.unknown());
const linesOf = ({ stdout }: CommandResult): readonly z.output<typeof line>[] =>
  stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)));

/** `verify good`, `forget skipped`… of a repository. */
const stepsOf = (result: CommandResult, repository: string): readonly string[] =>
  linesOf(result).flatMap((one) =>
    one['message_type'] === 'step' && one['repository'] === repository
      ? [`${String(one['step'])} ${String(one['outcome'])}`]
      : [],
  );

describe('a run as a chain, and maintain', () => {
  let dovecot: Dovecot;
  let person: Person;

  const configure = async (main: string, port = dovecot.port): Promise<void> => {
    const text = [
      'version: 1',
      'repositories:',
      `  main: {location: main, password: {file: repository-password}, copyTo: [offsite], ${main}}`,
      '  offsite: {location: offsite, password: {file: repository-password}}',
      'defaultRepository: main',
      'accounts:',
      `  alice: {host: 127.0.0.1, port: ${String(port)}, security: none, user: alice, login: {password: {file: imap-password}}}`,
    ].join('\n');
    await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  };
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);

  before(async () => {
    person = await createPerson();
    dovecot = await startDovecot({ logCommands: false });
    const writer = await openWriter(serverOf(dovecot));
    await writer.append('INBOX', [{ content: 'Subject: one\r\n\r\none\r\n' }]);
    await writer.close();
    for (const [name, secret] of [
      ['repository-password', 'geheim'],
      ['imap-password', 'secret'],
    ] as const) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
    await configure('retention: {keepLast: 1}');
    for (const name of ['main', 'offsite']) assert.equal((await mailkeep('init', '-r', name)).code, 0);
  });
  after(async () => {
    await dovecot.stop();
    await person.leave();
  });

  test('B4 S6: verify, forget, prune and copy follow; what is copied into is verified as well; --capture-only leaves all out', async () => {
    const first = await mailkeep('run', '--json');
    assert.equal(first.code, 0, first.stdout + first.stderr);
    assert.deepEqual(stepsOf(first, 'main'), ['verify good', 'copy good', 'forget good', 'prune good']);
    assert.deepEqual(stepsOf(first, 'offsite'), ['verify good']);
    const only = await mailkeep('run', '--capture-only', '--json');
    assert.deepEqual([only.code, stepsOf(only, 'main')], [0, []]);
    // A first run has read a part only: what is not read back yet covers nothing.
    assert.equal((await mailkeep('check', '--read-data')).code, 0);
    const second = await mailkeep('run', '--json');
    assert.match(second.stdout, /"step":"forget","outcome":"good","removed":2,"kept":1/);
    assert.match(second.stdout, /"to":"offsite","snapshots_copied":2,/);
    assert.match((await mailkeep('status')).stdout, /last run: .* good, .*\n3 of 3 runs in 90 days ended well/);
  });

  test('S2: on append-only storage run leaves forget to maintain, which needs no accounts', async () => {
    await configure('retention: {keepLast: 1}, appendOnly: true, pruneEvery: 1h');
    const run = await mailkeep('run', '--json');
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.deepEqual(stepsOf(run, 'main'), ['verify good', 'copy good', 'forget skipped']);
    const config = join(person.folder, 'mailkeep.yaml');
    await writeFile(config, (await readFile(config, 'utf8')).replace(/accounts:[^]*/, ''));
    const plan = await mailkeep('maintain', 'main', '--dry-run', '--json');
    assert.equal(plan.code, 0, plan.stderr);
    assert.deepEqual(linesOf(plan)[0]?.['copies'], [{ to: 'offsite', snapshots: 0 }]);
    const maintained = await mailkeep('maintain', 'main', '--json');
    assert.equal(maintained.code, 0, maintained.stdout + maintained.stderr);
    assert.deepEqual(stepsOf(maintained, 'main'), ['verify good', 'copy good', 'forget good']);
    assert.match(maintained.stdout, /"step":"forget","outcome":"good","removed":0,"kept":2/, 'it has just come');
    await writeFile(
      config,
      (await readFile(config, 'utf8')).replace('appendOnly: true', 'appendOnly: true, settleFor: off'),
    );
    const settled = await mailkeep('maintain', 'main', '--json');
    assert.match(settled.stdout, /"step":"forget","outcome":"good","removed":1,"kept":1/);
    assert.equal((await mailkeep('maintain', 'mian')).code, 2);
    const history = await mailkeep('history', '--json', '--last', '1');
    assert.equal(linesOf(history)[0]?.['command'], 'maintain');
  });

  test('of one configuration one run is under way; SIGTERM ends it in an orderly way, and history says how', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    await configure('', typeof address === 'object' ? address?.port : undefined);
    const config = join(person.folder, 'mailkeep.yaml');
    const child = person.start(['run', '--config', config]);
    const over = ended(child);
    const locks = join(person.home, '.local', 'state', 'mailkeep', 'locks');
    while ((await readdir(locks)).length === 0) await sleep(20);
    const refused = await mailkeep('run');
    assert.equal(refused.code, 11, refused.stderr);
    assert.match(refused.stderr, new RegExp(`another run is under way, process ${String(child.pid)}`));
    assert.match((await mailkeep('history', '--last', '1')).stdout, /under way/);
    child.kill('SIGTERM');
    assert.equal((await over).code, 130);
    silent.close();
    const [last] = linesOf(await mailkeep('history', '--json', '--last', '1'));
    assert.deepEqual([last?.['state'], last?.['exitCode']], ['finished', 130]);
    assert.deepEqual(await readdir(locks), []);
  });

  test('B3: when a pack is damaged nothing is forgotten, the exit code is 1, and history and status say so', async () => {
    const data = join(person.folder, 'main', 'data');
    await configure('retention: {keepLast: 1}, verifyWithin: 1h');
    const names = (await readdir(data, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name));
    for (const name of names) {
      const bytes = await readFile(join(data, name));
      bytes.fill(0, 40, 50);
      await writeFile(join(data, name), bytes);
    }
    const run = await mailkeep('maintain', 'main', '--json');
    assert.equal(run.code, 1, run.stdout);
    assert.deepEqual(
      stepsOf(run, 'main').filter((step) => !step.startsWith('copy')),
      ['verify failed', 'forget skipped'],
    );
    const history = await mailkeep('history', 'show', String(linesOf(await mailkeep('history', '--json'))[0]?.['id']));
    assert.match(history.stdout, /FAILED, exit code 1[^]*main\n {2}verified: FAILED: /);
    assert.match((await mailkeep('status', '--prometheus')).stdout, /step_failed\{repository="main",step="verify"\} 1/);
  });
});
