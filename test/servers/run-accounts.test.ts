import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { CommandResult } from '../requirement/command.ts';
import { createPerson, type Person } from '../journey/program.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf, type Writer } from './imap-account.ts';

const messages = (count: number) =>
  Array.from({ length: count }, (_, number) => ({
    content: `From: a@example.org\r\nSubject: ${number}\r\n\r\nbody ${number}\r\n`,
    date: 1_700_000_000 + number,
  }));

/** The line about an account, not those of progress. */
const recordOf = ({ stdout }: CommandResult): Record<string, unknown> => {
  const value: unknown = JSON.parse(stdout.split('\n').find((line) => line.includes('"account":')) ?? '{}');
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
};

describe('accounts of the configuration, night after night', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  let person: Person;

  const configure = async (accounts: string): Promise<void> => {
    const text = [
      'version: 1',
      'repositories: {main: {location: repository, password: {file: repository-password}}}',
      'accounts:',
      accounts,
    ].join('\n');
    await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  };
  const account = (name: string, more: string, user = 'alice'): string =>
    `  ${name}: {host: localhost, port: ${dovecot.tlsPort}, user: ${user}, certificateAuthority: ca.pem, ` +
    `login: {password: {file: imap-password}}${more}}`;
  const run = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);

  before(async () => {
    person = await createPerson();
    dovecot = await startDovecot({});
    writer = await openWriter(serverOf(dovecot));
    await writer.create('Trash');
    await writer.append('INBOX', messages(100));
    await writer.append('Trash', messages(1));
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
    for (const [name, secret] of [
      ['repository-password', 'geheim'],
      ['imap-password', 'secret'],
    ] as const) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
    await configure(account('alice', ', folders: {exclude: [Trash]}'));
    assert.equal((await run('init', '-r', 'main')).code, 0);
  });
  after(async () => {
    await writer.close();
    await dovecot.stop();
    await person.leave();
  });

  test('A1 A4: the first night fetches what the filter leaves, the second nothing; status is good', async () => {
    const first = await run('run', '--json');
    assert.equal(first.code, 0, first.stderr);
    const { messages_fetched: fetched, messages_on_server: server, messages_in_snapshot: kept } = recordOf(first);
    assert.deepEqual([fetched, server, kept], [100, 100, 100]);
    // The messages, their list, what tells of the folder, and three files of the account.
    assert.match(first.stdout, /^\{"message_type":"status".*"total_files":105,"total_bytes":\d/m);
    const second = await run('run', '--json');
    assert.match(second.stdout, /^\{"message_type":"status".*"total_files":105,"total_bytes":\d/m);
    assert.deepEqual([second.code, recordOf(second)['messages_fetched']], [0, 0]);
    const status = await run('status', '--json', '--max-age', '1h');
    assert.equal(status.code, 0, status.stdout);
    assert.equal(recordOf(status)['ok'], true);
  });

  test('A8: a mass deletion holds the brake and freezes retention until a person confirms', async () => {
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'INBOX', '1:60');
    const braked = await run('run', '--json');
    assert.equal(braked.code, 1, braked.stderr);
    assert.equal(recordOf(braked)['braked'], true);
    const status = await run('status');
    assert.equal(status.code, 1);
    assert.match(status.stdout, /BRAKE[^]*60 messages of 100 in INBOX are gone[^]*mailkeep run alice --confirm/);
    await run('forget', '--keep-last', '1', '--yes');
    assert.equal((await run('snapshots', '--json')).stdout.match(/"short_id"/g)?.length, 3);
    assert.equal((await run('run')).code, 1, 'nobody has confirmed yet');
    const confirmed = await run('run', 'alice', '--confirm');
    assert.equal(confirmed.code, 0, confirmed.stdout);
    assert.equal((await run('status')).code, 0);
    assert.equal((await run('run')).code, 0);
  });

  test('A6: an account that cannot be read does not stop the others, and its fault says what to do', async () => {
    await configure([account('nobody', '', 'mallory'), account('alice', '')].join('\n'));
    const result = await run('run');
    assert.equal(result.code, 1);
    assert.match(result.stdout, /nobody: the mail server does not accept this user and password/);
    assert.match(result.stdout, /alice \(localhost\)[^]*0 unexplained/);
    assert.doesNotMatch(result.stdout + result.stderr, /secret/);
    const misspelled = await run('run', 'alise');
    assert.deepEqual([misspelled.code, /Is alice meant/.test(misspelled.stderr)], [2, true]);
  });

  test('A6: status tells an account that nothing comes of any more, however new its last good backup is', async () => {
    await configure(account('alice', ''));
    const password = join(person.folder, 'imap-password');
    await writeFile(password, 'changed at the provider\n');
    assert.equal((await run('run')).code, 1);
    const status = await run('status', '--max-age', '1h');
    assert.equal(status.code, 1, status.stdout);
    assert.match(
      status.stdout,
      /alice .* failed \d{4}-\d\d-\d\d .*the mail server does not accept this user and password/,
    );
    assert.equal(recordOf(await run('status', '--json'))['ok'], false);
    await writeFile(password, 'secret\n');
    assert.equal((await run('run')).code, 0);
    assert.equal((await run('status')).code, 0);
    // A newer version has been here: whether the last capture failed cannot be told.
    const history = new DatabaseSync(join(person.home, '.local/state/mailkeep/history.sqlite'));
    history.exec('PRAGMA user_version = 99');
    const untold = await run('status');
    history.exec('PRAGMA user_version = 1');
    history.close();
    assert.equal(untold.code, 1);
    assert.match(untold.stderr, /is of version 99/);
    assert.equal((await run('status')).code, 0);
  });

  test('A2 A8: a mirror is not emptied while the brake holds; a snapshot is made all the same', async () => {
    await configure(account('mirrored', ', store: {mirror: mirror}'));
    await writer.append('INBOX', messages(60));
    assert.equal((await run('run')).code, 0);
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'INBOX', '1:100');
    const braked = await run('run', '--json');
    assert.deepEqual([braked.code, recordOf(braked)['braked']], [1, true]);
    const counts = ['messages_on_server', 'messages_in_snapshot', 'differences_explained', 'differences_unexplained'];
    const told = recordOf(braked);
    assert.deepEqual(
      counts.map((name) => told[name]),
      [1, 101, 100, 0],
      'what is held back is in the snapshot, and has its reason',
    );
    const status = await run('status', 'mirrored');
    assert.match(status.stdout, /INBOX UID [\d:,]+: gone from the server, and kept as the damage brake holds/);
    const kept = await run('find', '--subject', '7', '--json');
    assert.equal(kept.code, 0);
    assert.equal((await run('run', 'mirrored', '--confirm')).code, 0);
    const after = await run('status', '--json');
    assert.deepEqual([after.code, recordOf(after)['braked']], [0, false]);
  });

  test('A12: a folder that the server does not give is kept in the mirror, and its snapshot is no complete one', async () => {
    await configure(account('locked', ', store: {mirror: locked-mirror}'));
    await writer.create('Locked');
    await writer.append('Locked', messages(3));
    assert.equal((await run('run')).code, 0);
    const directory = join(dovecot.home('alice'), 'Maildir', '.Locked');
    await chmod(directory, 0);
    try {
      const incomplete = await run('run', '--json');
      assert.deepEqual([incomplete.code, recordOf(incomplete)['complete']], [1, false], incomplete.stdout);
      assert.equal((await run('status')).code, 1);
      const found = await run('snapshots', '--tag', 'mailkeep:incomplete', '--json', '-r', 'main');
      assert.match(found.stdout, /locked-mirror/);
    } finally {
      await chmod(directory, 0o700);
    }
    assert.equal((await run('run')).code, 0);
    await dovecot.doveadm('mailbox', 'delete', '-u', 'alice', 'Locked');
  });
});
