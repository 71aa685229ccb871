import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestRun } from '../../src/contract/test-run.ts';
import { openMirror } from '../../src/protocol/maildir/mirror/mirror.ts';
import { memoryServer } from '../../src/protocol/maildir/mirror/mirror-fixture.ts';
import { openMaildirReader } from './maildir-reader.ts';

test('A4: Dovecot serves a mirror with the UIDs, flags, keywords and dates of the server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'));
  const server = memoryServer({
    INBOX: {
      uidValidity: 1_234_567,
      messages: new Map([
        [3, { content: 'Subject: one\r\n\r\n1\r\n', flags: ['\\Seen', 'Work'], date: 1_000_000_000 }],
        [4000, { content: 'Subject: two\r\n\r\n2\r\n', flags: ['$Forwarded'] }],
      ]),
    },
    'v1.2/Entw&APw-rfe': { uidValidity: 9, messages: new Map([[7, { content: 'Subject: x\r\n\r\nx\r\n' }]]) },
  });
  const run = createTestRun();
  const mirror = await openMirror({ directory, account: 'work', judge: () => [] }, run);
  await mirror.apply(server.scan(), run);
  const reader = await openMaildirReader(directory);
  try {
    assert.deepEqual(await reader.folders(), ['INBOX', 'v1.2', 'v1.2/Entw&APw-rfe']);
    const inbox = await reader.folder('INBOX');
    assert.equal(inbox.uidValidity, 1_234_567);
    assert.deepEqual(inbox.messages, [
      {
        uid: 3,
        flags: ['Work', '\\Seen'],
        date: '09-Sep-2001 01:46:40 +0000',
        body: 'Subject: one\r\n\r\n1\r\n',
      },
      { uid: 4000, flags: ['$Forwarded'], date: '13-Sep-2020 12:26:40 +0000', body: 'Subject: two\r\n\r\n2\r\n' },
    ]);
    assert.deepEqual(
      (await reader.folder('v1.2/Entw&APw-rfe')).messages.map(({ uid }) => uid),
      [7],
    );
    assert.match(await reader.speak(['a STATUS INBOX (UIDNEXT)']), /UIDNEXT 4001\)/);
  } finally {
    await reader.close();
    await mirror.close();
    await rm(directory, { recursive: true, force: true });
  }
});

test('A3 A8: Dovecot serves the newer of two bodies under its UID, and a folder whose levels are parted otherwise by now', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'));
  const run = createTestRun();
  const mailbox = (delimiter: string, content: string) => ({
    uidValidity: 7,
    delimiter,
    messages: new Map([[3, { content, flags: ['Work'] }]]),
  });
  try {
    for (const [delimiter, name, content] of [
      ['/', 'Work/a', 'Subject: one\r\n\r\nolder\r\n'],
      ['.', 'Work.a', 'Subject: one\r\n\r\nthe newer one\r\n'],
    ] as const) {
      const other = { uidValidity: 9, delimiter, messages: new Map([[1, { content: 'Subject: x\r\n\r\nx\r\n' }]]) };
      const server = memoryServer({ INBOX: other, [name]: mailbox(delimiter, content) });
      const mirror = await openMirror({ directory, account: 'work', judge: () => [] }, run);
      await mirror.apply(server.scan(), run);
      await mirror.close();
    }
    const reader = await openMaildirReader(directory);
    try {
      assert.deepEqual(await reader.folders(), ['INBOX', 'Work', 'Work/a']);
      const { uidValidity, messages } = await reader.folder('Work/a');
      const date = '13-Sep-2020 12:26:40 +0000';
      const newer = { uid: 3, flags: ['Work'], date, body: 'Subject: one\r\n\r\nthe newer one\r\n' };
      assert.deepEqual([uidValidity, messages], [7, [newer]]);
    } finally {
      await reader.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
