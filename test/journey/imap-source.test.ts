import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isExplained } from '../../src/mail/direct/ledger.ts';
import {
  AccountNights,
  openWriter,
  passwordOf,
  serverOf,
  sha256Of,
  type Night,
  type Writer,
} from '../servers/imap-account.ts';
import { type Dovecot, startDovecot } from '../servers/dovecot.ts';

const message = (number: number, body = `body ${number}`): string =>
  `From: a@example.org\r\nMessage-ID: <${number}@example.org>\r\nSubject: ${number}\r\n\r\n${body}\r\n`;

const unexplained = (night: Night): unknown[] => night.report.ledger.folders.filter((folder) => !isExplained(folder));

/** Nothing that could alter an account. */
const writing =
  /^(?:UID )?(?:SELECT|STORE|EXPUNGE|APPEND|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|COPY|MOVE|CLOSE|SETACL|SETMETADATA|CHECK)\b|BODY\[/i;

describe('an IMAP account straight into a store', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  before(async () => {
    dovecot = await startDovecot({ location: 'sdbox:~/mail' });
    writer = await openWriter(serverOf(dovecot), 'bob');
  });
  after(async () => {
    await writer.close();
    await dovecot.stop();
  });

  const bob = (more = {}) =>
    new AccountNights(serverOf(dovecot), { user: 'bob', credentials: passwordOf('bob'), ...more });

  test('A1 A3 A4: everything is captured byte by byte, then only what changed', async () => {
    const odd = ['Entwürfe', 'a.b', '&', 'with space', 'x'.repeat(150), '日本語/受信箱', 'percent % star'];
    for (const folder of odd) await writer.create(folder);
    const keywords = Array.from({ length: 40 }, (_, at) => `Keyword${at}`);
    const contents = [
      message(1),
      message(1, 'the same Message-ID, another body'),
      'no header at all\r\n',
      'Subject: bare LF\n\nbody\n',
      `Subject: eight bits \xe9\xff\r\n\r\n\x80\x81\xfe\r\n`,
      `Subject: long\r\n\r\n${'0123456789abcdef'.repeat(40_000)}\r\n`,
    ];
    const dates = [883_612_800, 1_000_000_000, 1_078_000_000, 1_690_000_000, 1_700_000_000, 1_600_000_000];
    await writer.append(
      'INBOX',
      contents.map((content, at) => ({
        content,
        date: dates[at] ?? 0,
        zone: 540,
        flags: at === 0 ? ['\\Seen', '$Forwarded', ...keywords] : [],
      })),
    );
    for (const [at, folder] of odd.entries())
      await writer.append(folder, [{ content: message(100 + at), flags: ['\\Flagged'] }]);

    const nights = bob();
    const first = await nights.night();
    assert.deepEqual(unexplained(first), []);
    assert.equal(first.report.fetched.messages, contents.length + odd.length);
    const stored = await first.messages();
    const inbox = stored.get('INBOX') ?? [];
    // Dovecot makes line ends CRLF, as RFC 3501 wants them; everything else is as it was given.
    const expected = contents.map((content) => sha256Of(content.replace(/\r?\n/g, '\r\n')));
    assert.deepEqual(inbox.map(({ sha256 }) => sha256).sort(), expected.toSorted());
    assert.deepEqual(new Set(inbox.map(({ date }) => date)), new Set(dates));
    assert.equal(inbox.find(({ letters }) => letters.includes('S'))?.letters, 'PS');
    assert.equal(stored.size, odd.length + 1);
    const records = await first.text(`folders/INBOX/${await blockOf(first)}/messages.jsonl`);
    for (const keyword of keywords) assert.ok(records.includes(`"${keyword}"`), `${keyword} is kept`);

    const second = await nights.night();
    assert.equal(second.report.fetched.messages, 0);
    assert.deepEqual(await second.messages(), stored);

    await dovecot.doveadm('flags', 'add', '-u', 'bob', '\\Answered', 'mailbox', 'INBOX', 'uid', '2');
    await dovecot.doveadm('expunge', '-u', 'bob', 'mailbox', 'INBOX', 'uid', '3');
    await dovecot.doveadm('mailbox', 'delete', '-u', 'bob', 'with space');
    await writer.append('INBOX', [{ content: message(7), date: 1_080_000_000 }]);
    const third = await nights.night();
    assert.deepEqual(unexplained(third), []);
    assert.equal(third.report.fetched.messages, 1, 'a message with an old date is new all the same');
    const now = (await third.messages()).get('INBOX') ?? [];
    assert.deepEqual(
      now.map(({ uid }) => uid),
      [1, 2, 4, 5, 6, 7],
    );
    assert.equal(now.find(({ uid }) => uid === 2)?.letters, 'R');
    assert.equal((await third.messages()).has('with space'), false);
    assert.equal((await first.messages()).get('INBOX')?.length, 6, 'the first snapshot still has all of it');
    const change = third.report.changes.find(({ folder }) => folder === 'INBOX');
    assert.deepEqual([change?.before, change?.gone, change?.now], [6, 1, 6]);
    assert.equal(third.report.changes.find(({ folder }) => folder === 'with space')?.gone, 1);
  });

  test('A1: the server was told nothing that could alter an account', async () => {
    const told = await dovecot.commands('bob');
    const captured = told.filter((line) => !/^(?:APPEND|CREATE|SUBSCRIBE) /.test(line));
    assert.ok(captured.some((line) => line.startsWith('EXAMINE ')));
    assert.deepEqual(
      captured.filter((line) => writing.test(line)),
      [],
    );
  });

  test('A3: a new UIDVALIDITY is a new generation, and nothing of it is taken for the old', async () => {
    await writer.create('Renewed');
    await writer.append(
      'Renewed',
      [1, 2, 3].map((at) => ({ content: message(at, 'old') })),
    );
    const nights = bob({ filter: { include: ['Renewed'] } });
    await nights.night();
    await dovecot.doveadm('mailbox', 'delete', '-u', 'bob', 'Renewed');
    await writer.create('Renewed');
    await dovecot.doveadm('mailbox', 'update', '--uid-validity', '4000000000', '-u', 'bob', 'Renewed');
    await writer.append('Renewed', [{ content: message(1, 'new') }, { content: message(2, 'old') }]);
    const second = await nights.night();
    const stored = (await second.messages()).get('Renewed') ?? [];
    assert.deepEqual(
      stored.map(({ sha256 }) => sha256).sort(),
      [message(1, 'new'), message(2, 'old')].map(sha256Of).sort(),
    );
    assert.deepEqual(unexplained(second), []);
    assert.equal(second.report.changes[0]?.uidValidityChanged, true);
  });
});

const blockOf = async (night: Night): Promise<string> => {
  const record: unknown = JSON.parse(await night.text('folders/INBOX/mailbox.json'));
  assert.ok(typeof record === 'object' && record !== null && 'uidValidity' in record);
  return `${String(record.uidValidity)}.0000000`;
};
