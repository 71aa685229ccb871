import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { baseOf, recordCapture } from '../contract/recorded-capture.ts';
import type { Content } from '../contract/source.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { createTestRun, type TestRun } from '../contract/test-run.ts';
import { Fault } from '../model/fault.ts';
import { createMemorySource, type MemoryDirectory, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { findMessages, type FindMessagesOptions } from './find-messages.ts';

const mail = (from: string, subject: string, more = ''): string =>
  `From: ${from}\r\nTo: all@example.org\r\nCc: "The Boss" <boss@example.org>\r\nSubject: ${subject}\r\n` +
  `Date: Mon, 1 Jan 2024 10:00:00 +0900\r\nMessage-ID: <${subject}@example.org>\r\n${more}`;

const attached = mail(
  'alice@example.org',
  'bill',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n' +
    `Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="Rechnung 7.pdf"\r\n\r\n${'x'.repeat(300_000)}\r\n--b--\r\n`,
);

const maildir = (cur: Record<string, string>, more: MemoryDirectory['children'] = {}): MemoryDirectory =>
  memoryDirectory({
    cur: memoryDirectory(Object.fromEntries(Object.entries(cur).map(([name, text]) => [name, memoryFile(text)]))),
    new: memoryDirectory({}),
    ...more,
  });

const snapshotOf = async (tree: MemoryDirectory, id: string): Promise<StoredSnapshot> => {
  const run = createTestRun();
  const source = createMemorySource(tree, { deliveryBytes: 1000 });
  const base = await baseOf(await recordCapture(source, undefined, run), { scannedAt: 0n }, run);
  const snapshot = {
    id,
    originalId: id,
    time: { nanoseconds: 0n, offsetMinutes: 0 },
    paths: [],
    hostname: '',
    username: '',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: [],
  };
  return { ...source, ...base, snapshot };
};

/** In a memory source the key is the node, whose content is at hand. */
const identityOf = (content: Content): string | undefined =>
  content.kind === 'delivered' ? JSON.stringify(content.key) : undefined;

const found = async (
  snapshots: readonly StoredSnapshot[],
  options: Partial<FindMessagesOptions>,
  run: TestRun = createTestRun(),
): Promise<string[]> => {
  const all = { query: {}, identityOf, beginningOf: (content: Content) => content, ...options };
  const messages = await Array.fromAsync(findMessages(snapshots, all, run));
  return messages.map(({ snapshot, mailbox, header, message }) =>
    [snapshot.id, mailbox.name, header.subject, ...message.flags].join(' '),
  );
};

const tree = memoryDirectory({
  Maildir: maildir(
    { '1.a:2,S': mail('alice@example.org', 'one'), '2.b:2,': attached },
    {
      '.Entw&APw-rfe': maildir({ '3.c:2,D': mail('bob@example.org', 'draft') }),
      subscriptions: memoryFile(mail('eve@example.org', 'no message')),
    },
  ),
  // A program's own folder of this name is no mail.
  cur: memoryDirectory({ '4.d': memoryFile(mail('alice@example.org', 'not in a Maildir')) }),
});

describe('finding messages', () => {
  test('those that the mail server compressed are found; those that are encrypted are told once', async () => {
    const closed = memoryFile('CRYPTED\x03\x07\x02');
    const cur = memoryDirectory({
      '1.a:2,S': memoryFile(gzipSync(attached)),
      '2.b:2,S': memoryFile(zstdCompressSync(mail('bob@example.org', 'small'))),
      '3.c:2,S': closed,
      '4.d:2,S': closed,
    });
    const run = createTestRun();
    const snapshots = [await snapshotOf(memoryDirectory({ cur, new: memoryDirectory({}) }), 'A')];
    assert.deepEqual(await found(snapshots, { query: { subject: 'bill' }, attachment: (name) => name !== '' }, run), [
      'A INBOX bill seen',
    ]);
    assert.deepEqual(await found(snapshots, { query: { subject: 'small' } }), ['A INBOX small seen']);
    const faults = run.events.flatMap((event) => (event.kind === 'fault' ? [event.fault.message] : []));
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', /^2 messages are encrypted by the mail server \(mail_crypt\)/);
  });

  test('only what lies in Maildirs is mail, and folders have their names for people', async () => {
    assert.deepEqual(await found([await snapshotOf(tree, 'A')], {}), [
      'A Entwürfe draft draft',
      'A INBOX one seen',
      'A INBOX bill',
    ]);
  });

  test('everything that is asked for must hold; Cc is looked at alone', async () => {
    const snapshots = [await snapshotOf(tree, 'A')];
    assert.deepEqual(await found(snapshots, { query: { from: 'ALICE', subject: 'one' } }), ['A INBOX one seen']);
    assert.deepEqual(await found(snapshots, { query: { from: 'bob' }, cc: 'the boss' }), ['A Entwürfe draft draft']);
    assert.deepEqual(await found(snapshots, { cc: 'all@example.org' }), []);
  });

  test('attachments are found far behind the header', async () => {
    const snapshots = [await snapshotOf(tree, 'A')];
    assert.deepEqual(await found(snapshots, { attachment: (name) => name === 'Rechnung 7.pdf' }), ['A INBOX bill']);
    assert.deepEqual(await found(snapshots, { query: { from: 'bob' }, attachment: () => true }), []);
  });

  test('what a newer snapshot has is told once; twice in one snapshot is twice', async () => {
    const copied = maildir({
      '1.a:2,S': mail('alice@example.org', 'one'),
      '9.z:2,': mail('alice@example.org', 'one'),
      '5.e:2,': mail('alice@example.org', 'since removed'),
    });
    const older = await snapshotOf(memoryDirectory({ Maildir: copied }), 'B');
    const newer = await snapshotOf(tree, 'A');
    assert.deepEqual(await found([newer, older], { query: { from: 'alice' } }), [
      'A INBOX one seen',
      'A INBOX bill',
      'B INBOX since removed',
    ]);
    assert.deepEqual(await found([older], { query: { subject: 'one' } }), ['B INBOX one seen', 'B INBOX one']);
  });

  test('a message that cannot be read is told, and the others are found', async () => {
    const broken = memoryDirectory({
      M: memoryDirectory({
        cur: memoryDirectory({
          '1.a': memoryFile(mail('alice@example.org', 'one'), { ending: 'failed' }),
          '2.b': memoryFile(mail('alice@example.org', 'two')),
        }),
        new: memoryDirectory({}),
      }),
    });
    const run = createTestRun();
    assert.deepEqual(await found([await snapshotOf(broken, 'A')], {}, run), ['A INBOX two']);
    const faults = run.events.flatMap((event) => (event.kind === 'fault' ? [`${event.path} ${event.fault.code}`] : []));
    assert.deepEqual(faults, ['/M/cur/1.a io-failed']);
    const { files } = run.events.findLast((event) => event.kind === 'progress') ?? { files: 0 };
    assert.equal(files, 2);
  });

  test('a folder that cannot be listed is told, and its messages are not taken for absent', async () => {
    const unlisted = new Fault('tree-damaged', 'damaged');
    const whole = memoryDirectory({
      M: memoryDirectory({ cur: memoryDirectory({}, { fault: unlisted }), new: memoryDirectory({}) }),
    });
    const run = createTestRun();
    await found([await snapshotOf(whole, 'A')], {}, run);
    const told = run.events.find((event) => event.kind === 'fault');
    assert.deepEqual([told?.path, told?.fault], ['/M/cur', unlisted]);
  });

  test('an interruption ends the search', async () => {
    const run = createTestRun();
    run.abort();
    await assert.rejects(found([await snapshotOf(tree, 'A')], {}, run), { code: 'interrupted' });
  });
});
