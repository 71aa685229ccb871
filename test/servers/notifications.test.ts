import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { startServer } from '../../src/notify/loopback-fixture.ts';
import type { CommandResult } from '../requirement/command.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf, type Writer } from './imap-account.ts';
import { type Postfix, startPostfix } from './postfix.ts';

const messages = (from: number, count: number) =>
  Array.from({ length: count }, (_, number) => ({
    content: `From: a@example.org\r\nSubject: ${from + number}\r\n\r\nbody ${from + number}\r\n`,
    date: 1_700_000_000 + number,
  }));

const headerOf = (message: string, name: string): string | undefined =>
  message
    .split(/\r?\n\r?\n/)[0]
    ?.split(/\r?\n/)
    .find((line) => line.toLowerCase().startsWith(`${name}:`))
    ?.slice(name.length + 2);

describe('B5: people and programs are told of runs', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  let postfix: Postfix;
  let person: Person;
  let hooks: Awaited<ReturnType<typeof startServer>>;
  let hookStatus = 200;

  const configure = (password = 'imap-password'): Promise<void> =>
    writeFile(
      join(person.folder, 'mailkeep.yaml'),
      [
        'version: 1',
        'timeZone: Asia/Tokyo',
        'repositories: {main: {location: repository, password: {file: repository-password}}}',
        'accounts:',
        `  alice: {host: localhost, port: ${dovecot.tlsPort}, user: alice, certificateAuthority: ca.pem, login: {password: {file: ${password}}}}`,
        'notifications:',
        `  - {mail: {to: [me@example.com], by: {sendmail: ${postfix.sendmail}}}, when: trouble}`,
        `  - {mail: {to: [me@example.com], by: {sendmail: ${postfix.sendmail}}}, language: ja, name: daily}`,
        '  - {ping: {url: {file: ping-url}}}',
        '  - {webhook: {url: {file: hook-url}}, when: change}',
      ].join('\n'),
      { mode: 0o600 },
    );
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);
  const pings = (): readonly string[] => hooks.received.map(({ url }) => url);

  before(async () => {
    [person, dovecot, postfix, hooks] = await Promise.all([
      createPerson(),
      startDovecot({}),
      startPostfix(),
      startServer((response) => response.writeHead(hookStatus).end()),
    ]);
    writer = await openWriter(serverOf(dovecot));
    await writer.append('INBOX', messages(0, 80));
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
    const secrets = {
      'repository-password': 'geheim',
      'imap-password': 'secret',
      'wrong-password': 'wrong',
      'ping-url': `${hooks.base}/ping-token`,
      'hook-url': `${hooks.base}/hook-token`,
    };
    for (const [name, secret] of Object.entries(secrets)) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
    await configure();
    assert.equal((await mailkeep('init', '-r', 'main')).code, 0);
  });
  after(async () => {
    await writer.close();
    await Promise.all([dovecot.stop(), postfix.stop(), hooks.stop()]);
    await person.leave();
  });

  test('a good night: a monitor hears of start and success, and who wants every report gets it by the real sendmail', async () => {
    const night = await mailkeep('run', '--scheduled');
    assert.equal(night.code, 0, night.stderr);
    assert.equal(night.stderr, '');
    // The first run is a change from none.
    assert.deepEqual(pings().toSorted(), ['/hook-token', '/ping-token', '/ping-token/start']);
    assert.equal(pings()[0], '/ping-token/start');
    const [mail = ''] = await postfix.delivered(1);
    const parsed = await PostalMime.parse(mail);
    assert.match(parsed.subject ?? '', /^メールバックアップ正常: 新着 80 通、消失 0 通 - \d{4}-\d\d-\d\d$/);
    assert.match(parsed.text ?? '', /^異常なし/);
    assert.match(parsed.html ?? '', /<html lang="ja">/);
    assert.equal(headerOf(mail, 'x-mailkeep-verdict'), 'good');
    const report = await mailkeep('report');
    assert.match(report.stdout, /^All good: 80 messages came, 0 left; 80 are kept\n/);
    assert.match((await mailkeep('report', '--format', 'html', '--language', 'ja')).stdout, /^<!doctype html>/);
  });

  test('a night that fails: [ALERT] to those who want trouble, /fail with the reason, and the same exit code', async () => {
    hooks.received.length = 0;
    await configure('wrong-password');
    const night = await mailkeep('run');
    assert.equal(night.code, 1, night.stderr);
    const failure = hooks.received.find(({ url }) => url === '/ping-token/fail');
    assert.match(failure?.body ?? '', /^FAILED: 1 of 1 job; 1 thing needs you/);
    assert.match(failure?.body ?? '', /\$ mailkeep doctor alice\n/);
    const mails = await postfix.delivered(3);
    const subjects = mails.map((mail) => headerOf(mail, 'subject')).filter((subject) => subject?.startsWith('[ALERT]'));
    assert.equal(subjects.length, 2);
    const log = (name: string): Promise<string> =>
      readFile(join(person.home, '.local/state/mailkeep/log', name), 'utf8');
    assert.match(await log('mailkeep.log'), /^\[[-\d]{10} [:\d]{8}\] \[INFO\] \[RUN\] run begins \(schedule, /);
    assert.match(await log('mailkeep.log'), /\[INFO\] \[alice\] good; 80 came, 0 left, 80 kept, /);
    assert.match(
      await log('mailkeep-error.log'),
      /^\[[-\d]{10} [:\d]{8}\] \[ERROR\] \[alice\] failed \(credentials-refused\)/,
    );
    assert.match(subjects[0] ?? '', /^\[ALERT\] Mail Backup Failed - \d{4}-\d\d-\d\d$/);
    await configure();
  });

  test('what cannot be sent is a warning that names no token, waits, and goes with the next run; pings do not', async () => {
    hooks.received.length = 0;
    hookStatus = 503;
    const night = await mailkeep('run');
    assert.equal(night.code, 0, night.stderr);
    assert.match(night.stderr, /the notification webhook was not sent: 127\.0\.0\.1:\d+ does not work/);
    assert.doesNotMatch(night.stderr, /token/);
    const outbox = join(person.home, '.local/state/mailkeep/outbox');
    const [folder = ''] = await readdir(outbox);
    const waiting = await readdir(join(outbox, folder));
    assert.equal(waiting.length, 1);
    assert.equal((await stat(join(outbox, folder, waiting[0] ?? ''))).mode & 0o777, 0o600);
    assert.match((await mailkeep('notify', 'list', '--json')).stdout, /"name":"webhook".*"waiting":1/);

    hooks.received.length = 0;
    hookStatus = 200;
    assert.equal((await mailkeep('run')).code, 0);
    assert.deepEqual(pings().toSorted(), ['/hook-token', '/ping-token']);
    assert.deepEqual(await readdir(join(outbox, folder)), []);
  });

  test('A8: a brake is a [WARNING] with the command that confirms', async () => {
    const before = (await postfix.delivered(1)).length;
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'INBOX', '1:60');
    assert.equal((await mailkeep('run')).code, 1);
    const mails = await postfix.delivered(before + 2);
    const warning = mails.find((mail) =>
      headerOf(mail, 'subject')?.startsWith('[WARNING] Mail Backup Needs Attention - '),
    );
    const parsed = await PostalMime.parse(warning ?? '');
    assert.match(parsed.text ?? '', /mailkeep run alice --confirm/);
    const week = await mailkeep('report', '--days', '7', '--json');
    const { runs, failedRuns, arrived } = JSON.parse(week.stdout) as Record<string, unknown>;
    assert.deepEqual([runs, failedRuns, arrived], [5, 1, 80]);
  });

  test('notify test tries each, and says what is wrong with one', async () => {
    hookStatus = 404;
    const all = await mailkeep('notify', 'test');
    assert.equal(all.code, 1);
    assert.match(all.stdout, /^mail: sent\ndaily: sent\n/);
    assert.match(all.stdout, /the notification ping was not sent: .*does not know the address/);
    hookStatus = 200;
    assert.equal((await mailkeep('notify', 'test', 'ping')).code, 0);
    assert.equal((await mailkeep('notify', 'test', 'pong')).code, 2);
  });
});
