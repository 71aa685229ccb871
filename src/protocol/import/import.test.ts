import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { readPieces } from '../../contract/store-fixture.ts';
import { parseMessageRecords } from '../../mail/direct/message-record.ts';
import { parseTakeoutLabels } from '../../mail/takeout.ts';
import { detectFormat, importFolders, type ImportFormat } from './file-messages.ts';
import { bytesOfPart, type ImportedMessage, inspectPart } from './imported-message.ts';
import { createImportSource } from './import-source.ts';
import { mboxMessages } from './mbox-messages.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'mailkeep-import-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = createTestRun();

const mbox = async (text: string): Promise<{ texts: string[]; messages: ImportedMessage[] }> => {
  const path = join(folder, 'old.mbox');
  await writeFile(path, text, 'latin1');
  const messages: ImportedMessage[] = [];
  const texts: string[] = [];
  for await (const found of mboxMessages({ path }, run)) {
    const message = await inspectPart(found);
    messages.push(message);
    texts.push(Buffer.concat(await Array.fromAsync(bytesOfPart(message.part))).toString('latin1'));
  }
  return { texts, messages };
};

const from = 'From a@example.org Thu Jan  1 10:00:00 2004';

describe('A11: mboxes of every kind', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    [
      'mboxo and mboxrd',
      `${from}\nA: 1\n\n>From x\n>>From y\n\n${from}\nB: 2\n\nz\n`,
      ['A: 1\n\nFrom x\n>From y\n', 'B: 2\n\nz\n'],
    ],
    ['CRLF', `${from}\r\nA: 1\r\n\r\nx\r\n\r\n${from}\r\nB: 2\r\n\r\n`, ['A: 1\r\n\r\nx\r\n', 'B: 2\r\n']],
    ['CR', `${from}\rA: 1\r\rx\r\r${from}\rB: 2\r\ry\r`, ['A: 1\r\rx\r', 'B: 2\r\ry\r']],
    ['no empty line between', `${from}\nA: 1\n\nx\n${from}\nB: 2\n\ny`, ['A: 1\n\nx\n', 'B: 2\n\ny']],
    ['mboxcl2', `${from}\nContent-Length: 47\n\n${from}\n>From\n\n${from}\nB: 2\n\ny\n`, []],
    [
      'a Content-Length that lies',
      `${from}\nContent-Length: 9\n\nx\n\n${from}\nB: 2\n\ny\n`,
      ['Content-Length: 9\n\nx\n', 'B: 2\n\ny\n'],
    ],
    [
      'a year that no clock has shown',
      `${from}\nA: 1\n\nx\n\nFrom MAILER-DAEMON Mon Jun 30 09:33:50 3609\nB: 2\n\ny\n`,
      ['A: 1\n\nx\n', 'B: 2\n\ny\n'],
    ],
    ['a sentence', `${from}\nA: 1\n\n\nFrom here on\n`, ['A: 1\n\n\nFrom here on\n']],
    ['nothing', '', []],
  ];
  for (const [name, text, expected] of cases) {
    test(name, async () => {
      if (name !== 'mboxcl2') {
        assert.deepEqual((await mbox(text)).texts, expected);
        return;
      }
      const body = `${from}\n>From z\n\n`;
      const whole = `${from}\nContent-Length: ${body.length}\n\n${body}\n${from}\nB: 2\n\ny\n`;
      assert.deepEqual((await mbox(whole)).texts, [`Content-Length: ${body.length}\n\n${body}`, 'B: 2\n\ny\n']);
    });
  }

  test('what stands before the first message is told', async () => {
    assert.deepEqual((await mbox(`garbage\n${from}\nA: 1\n\nx\n`)).texts, ['A: 1\n\nx\n']);
    assert.ok(run.events.some((event) => event.kind === 'fault' && event.fault.code === 'entry-unreadable'));
  });

  test('dates, flags and lines at the border of what is read at once', async () => {
    const filler = `X: ${'y'.repeat(70)}\n`.repeat(14_170);
    for (const more of [0, 1, 2, 3, 4, 5, 40, 48, 49]) {
      const text = `${from}\n${filler}Z: ${'z'.repeat(more)}\n\nx\n\n${from}\nX-Status: AF\nStatus: RO\n\ny\n`;
      const { texts, messages } = await mbox(text);
      assert.equal(texts.length, 2);
      assert.deepEqual(messages[1]?.flags, ['\\Answered', '\\Flagged', '\\Seen']);
      assert.equal(messages[1]?.date, BigInt(Date.UTC(2004, 0, 1, 10)) * 1_000_000n);
    }
  });
});

test('A11 labels of a Takeout become flags and keywords, and the message is kept once', async () => {
  const parsed = parseTakeoutLabels('Inbox,Unread,Starred,"a, b",Straße 1');
  assert.deepEqual(parsed.flags, ['\\Flagged', 'a,_b', 'Stra&AN8-e_1']);
  const { messages } = await mbox(`${from}\nX-GM-THRID: 17\nX-Gmail-Labels: =?UTF-8?Q?Opened,Caf=C3=A9?=\n\nx\n`);
  assert.equal(messages[0]?.threadId, '17');
  assert.deepEqual(messages[0]?.labels, ['Café', 'Opened']);
  assert.deepEqual(messages[0]?.flags, ['\\Seen', 'Caf&AOk-']);
});

const sourceOf = async (path: string, format: ImportFormat) => {
  const folders = await Array.fromAsync(importFolders({ path, format, temporaryDirectory: folder }, run));
  const owner = { uid: 1, gid: 1, user: 'alice', group: '' };
  return createImportSource({ description: 'x', account: 'old', folders, owner, time: 1_700_000_000_000_000_000n });
};

describe('A11: files of mail are a source in the layout of accounts', () => {
  test('.eml files and Maildirs, with folders, flags and dates', async () => {
    await mkdir(join(folder, 'eml', 'Entwürfe'), { recursive: true });
    await writeFile(join(folder, 'eml', 'a.eml'), 'Date: Thu, 1 Jan 2004 10:00:00 +0000\n\nx\n');
    await writeFile(join(folder, 'eml', '._a.eml'), 'Mac OS X');
    await writeFile(join(folder, 'eml', 'Entwürfe', 'b.EML'), 'Subject: b\n\n>From y\n');
    const captured = (await recordCapture(await sourceOf(join(folder, 'eml'), 'eml'), undefined, run)).paths();
    assert.ok(captured.includes('folders/INBOX/1.0000000/0000000001:2,'), captured.join('\n'));
    assert.ok(!captured.includes('folders/INBOX/1.0000000/0000000002:2,'), 'what macOS puts beside files is no mail');
    assert.ok(captured.includes('folders/Entw&APw-rfe/1.0000000/0000000001:2,'));
    for (const name of ['INBOX', '.Lists.v1%2e2'])
      for (const own of ['cur', 'new', 'tmp']) await mkdir(join(folder, 'offline', name, own), { recursive: true });
    const message = join(folder, 'offline', 'INBOX', 'cur', '1700000000_0.1.host,U=5,FMD5=abc:2,FS');
    await writeFile(message, 'Subject: c\n\nz\n');
    await utimes(message, 1_000_000_000, 1_000_000_000);
    assert.equal(await detectFormat(join(folder, 'offline')), 'maildir');
    assert.equal(await detectFormat(join(folder, 'eml')), 'eml');
    const source = await sourceOf(join(folder, 'offline'), 'maildir');
    const recorded = await recordCapture(source, undefined, run);
    assert.ok(
      recorded.paths().some((path) => path.startsWith('folders/Lists%2Fv1.2/')),
      'our own escapes are undone',
    );
    const child = recorded.child('folders/INBOX/1.0000000/0000000001:2,FS');
    assert.equal(child?.kind === 'fresh' && child.entry.mtime, 1_000_000_000_000_000_000n);
  });

  test('what lies beside .eml files is told, as it may be mail', async () => {
    const path = join(folder, 'eml');
    await mkdir(join(path, 'Old'), { recursive: true });
    await writeFile(join(path, 'a.eml'), 'Subject: a\n\nx\n');
    await writeFile(join(path, '._a.eml'), 'Mac OS X');
    const own = createTestRun();
    const notices = () => own.events.filter(({ kind }) => kind === 'notice').map((event) => JSON.stringify(event));
    await Array.fromAsync(importFolders({ path, format: 'eml', temporaryDirectory: folder }, own));
    assert.deepEqual(notices(), []);
    await writeFile(join(path, 'Old', 'mbox-0'), `${from}\nA: 1\n\nx\n`);
    await writeFile(join(path, 'Old', 'mbox-1'), `${from}\nA: 1\n\nx\n`);
    await Array.fromAsync(importFolders({ path, format: 'eml', temporaryDirectory: folder }, own));
    assert.equal(notices().length, 1);
    assert.match(notices()[0] ?? '', /2 files are no \.eml, and left out: .*Old\/mbox-0 is the first/);
  });

  test('more messages than one block holds, each read as it is listed', async () => {
    const one = (at: number): string => `${from}\nSubject: ${at}\n\n${at}\n\n`;
    await writeFile(join(folder, 'Many.mbox'), Array.from({ length: 1030 }, (_, at) => one(at)).join(''));
    const source = await sourceOf(join(folder, 'Many.mbox'), 'mbox');
    const recorded = await recordCapture(source, undefined, run);
    const child = recorded.child('folders/Many/1.0000001/0000001024:2,');
    const lines = recorded.child('folders/Many/1.0000001/messages.jsonl');
    assert.ok(child?.kind === 'fresh' && lines?.kind === 'fresh');
    const { parts, verdicts } = await readPieces(source, [child, lines], 'in-order', run);
    assert.deepEqual(verdicts, ['complete', 'complete']);
    assert.equal(Buffer.concat(parts[0] ?? []).toString(), 'Subject: 1023\n\n1023\n');
    const { records } = parseMessageRecords(Buffer.concat(parts[1] ?? []));
    assert.deepEqual(
      records.map(({ uid }) => uid),
      [1024, 1025, 1026, 1027, 1028, 1029, 1030],
    );
    assert.deepEqual(source.counts(), { messages: 1030, folders: 1, damaged: 0 });
  });
});
