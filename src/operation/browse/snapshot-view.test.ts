import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createTestRun } from '../../contract/test-run.ts';
import type { BrowsedFolder } from '../../contract/browse.ts';
import { byteStringOfLatin1, byteStringOfText, displayText } from '../../model/byte-string.ts';
import { messagesIn } from '../../mail/mailbox.ts';
import { readHeader } from '../../mail/header.ts';
import { type FileTree, follow, namesIn, type ReadCount, snapshotAt, treeStore } from './browse-fixture.ts';
import { accountNames } from './mailbox-tree.ts';
import { messageName, numberOfName, summaryOf } from './message-name.ts';
import { snapshotView } from './snapshot-view.ts';

const run = createTestRun();
const list = (root: BrowsedFolder, path: string): Promise<readonly string[]> =>
  follow(root, path, run).then((node) => namesIn(node, run));

const message = (from: string, subject: string, date = 'Wed, 31 Jan 2024 23:30:00 -0500'): string =>
  `From: ${from}\r\nSubject: ${subject}\r\nDate: ${date}\r\n\r\nText\r\n`;

const maildir = (cur: FileTree = {}, fresh: FileTree = {}): FileTree => ({ cur, new: fresh, tmp: {} });

describe('snapshots as folders', () => {
  const snapshots = [
    snapshotAt('aaaaaaaa1', 0, { tags: ['a/b', '..'] }),
    snapshotAt('aaaaaaaa2', 0, { hostname: '../mx2' }),
    snapshotAt('b3', 86_400, { tags: ['a_b'] }),
  ];
  const root = snapshotView(treeStore({ home: { file: 'text', link: null } }, snapshots));

  test('they are found by time, id, host and tag, and the newest as latest', async () => {
    assert.deepEqual(await list(root, '/'), ['snapshots/', 'ids/', 'hosts/', 'tags/', 'mail/', 'latest/']);
    const times = ['1970-01-01T09-00-00+0900/', '1970-01-01T09-00-00+0900-aaaaaaaa/', '1970-01-02T09-00-00+0900/'];
    assert.deepEqual(await list(root, 'snapshots'), [...times, 'latest/']);
    assert.deepEqual(await list(root, 'mail'), [...times, 'latest/']);
    assert.deepEqual(
      await list(root, 'ids'),
      snapshots.map(({ id }, at) => `${at < 2 ? id : id.slice(0, 8)}/`),
    );
    assert.deepEqual(
      await list(root, 'hosts'),
      ['__mx2/', 'mx1/'].map((name) => name),
    );
    assert.deepEqual(await list(root, 'tags'), ['_/', 'a_b/', 'a_b (2)/']);
    assert.deepEqual(await list(root, 'hosts/mx1'), [times[0], times[2], 'latest/']);
  });

  test('files lie in them as they were stored; what WebDAV has no word for is left out', async () => {
    assert.deepEqual(await list(root, 'latest/home'), ['file']);
    const file = await follow(root, 'ids/b3000000/home/file', run);
    assert.equal(file?.kind === 'file' && file.size, 4);
    for (const path of ['latest/home/link', 'latest/nowhere', 'latest/home/file/x', 'nowhere'])
      assert.equal(await follow(root, path, run), undefined, path);
  });

  test('names of any bytes stay what they are', async () => {
    const odd = snapshotView(treeStore({ 'no \xff utf-8': 'x', 'a%2fb': 'y', 'new\nline': 'z' }));
    assert.deepEqual(await list(odd, 'latest'), ['no \xff utf-8', 'a%2fb', 'new\nline']);
    assert.ok(await follow(odd, 'latest/no \xff utf-8', run));
  });

  test('a list that has changed is shown anew', async () => {
    let now = snapshots;
    const view = snapshotView({ ...treeStore({}), snapshots: async () => now });
    assert.equal((await list(view, 'ids')).length, 3);
    now = now.slice(1);
    assert.equal((await list(view, 'ids')).length, 2);
  });
});

describe('mail of a snapshot', () => {
  const account: FileTree = {
    ...maildir(
      {
        '1700000002.M1.mx:2,FS': message('"Bob / Builder" <bob@example.org>', '=?utf-8?q?Gr=C3=BC=C3=9Fe?='),
        '1700000001.M1.mx:2,RS': message('alice@example.org', 'First'),
      },
      { '1700000003.M1.mx': message('carol@example.org', '') },
    ),
    '.Entw&APw-rfe': maildir({ '1.eml': message('x@y', 'draft') }),
    '.Lists.ruby-talk': maildir(),
  };

  test('mailboxes have the names that people know, messages those of their headers, in order of delivery', async () => {
    const root = snapshotView(treeStore({ home: { Maildir: account, other: { file: 'x' } } }));
    const text = async (path: string): Promise<readonly string[]> =>
      (await list(root, path)).map((name) => displayText(byteStringOfLatin1(name)));
    assert.deepEqual(await text('mail/latest'), ['INBOX/', 'Entwürfe/', 'Lists/']);
    assert.deepEqual(await text('mail/latest/Lists'), ['ruby-talk/']);
    assert.deepEqual(await text('mail/latest/INBOX'), [
      '0001 2024-01-31 alice@example.org First [answered].eml',
      '0002 2024-01-31 Bob _ Builder Grüße [flagged].eml',
      '0003 2024-01-31 carol@example.org [unread].eml',
    ]);
    const first = await follow(root, 'mail/latest/INBOX/0001 2024-01-31 alice@example.org First [answered].eml', run);
    assert.deepEqual(first?.kind === 'file' && first.flags, ['answered', 'seen']);
    const other = await follow(root, 'mail/latest/INBOX/0001 2024-01-31 somebody else.eml', run);
    assert.equal(other, undefined);
  });

  test('messages that the mail server compressed are named, measured and read as what they are', async () => {
    const plain = message('alice@example.org', 'Pressed');
    const gzip = gzipSync(plain).toString('latin1');
    const root = snapshotView(
      treeStore(maildir({ '1.a:2,S': gzip, '2.b:2,S': 'CRYPTED\x03\x07\x01', '3.c:2,S': gzip.slice(0, 60) })),
    );
    const [first = '', ...others] = await list(root, 'mail/latest/INBOX');
    assert.equal(first, '0001 2024-01-31 alice@example.org Pressed.eml');
    assert.match(others.join('; '), /^0002 2020-09-13 \(encrypted\)\.eml; 0003 .*\.eml$/);
    const file = await follow(root, `mail/latest/INBOX/${first}`, run);
    assert.ok(file?.kind === 'file');
    const content = await file.open(run);
    assert.deepEqual([file.size, content.size], [plain.length, plain.length]);
    const read = await Array.fromAsync(content.read(6, plain.length, run));
    assert.equal(Buffer.concat(read).toString(), plain.slice(6));
  });

  test('two accounts are told apart by what is different in their paths', async () => {
    const root = snapshotView(treeStore({ vmail: { alice: { Maildir: account }, bob: { Maildir: maildir() } } }));
    assert.deepEqual(await list(root, 'mail/latest'), ['alice/', 'bob/']);
    assert.deepEqual(await list(root, 'mail/latest/bob'), ['INBOX/']);
    const path = (text: string) => text.split('/').map(byteStringOfText);
    assert.deepEqual(accountNames([path('v/a/Maildir'), path('v/a/b/Maildir')]), ['', 'b']);
  });

  test('to open one message of many, only its header is read; what was read once is not read again', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 2500 }, (_, at) => [`${1_700_000_000 + at}.M1.mx:2,S`, message('a@b', `number ${at}`)]),
    );
    const count: ReadCount = { headers: 0 };
    const root = snapshotView(treeStore(maildir(many), [snapshotAt('a1', 0)], count));
    assert.ok(await follow(root, 'mail/latest/INBOX/1234 2024-01-31 a@b number 1233.eml', run));
    assert.equal(count.headers, 1);
    assert.equal((await list(root, 'mail/latest/INBOX')).length, 2500);
    assert.equal((await list(root, 'mail/latest/INBOX')).length, 2500);
    assert.equal(count.headers, 2500);
  });
});

test('whatever a header says, the name of a message is bounded and tells its number', () => {
  const text = fc.string({ unit: 'binary', maxLength: 100 });
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom('cur', 'new'),
      fc.integer({ min: 1, max: 999_999 }),
      (from, subject, place, number) => {
        const [found] = messagesIn(place, [byteStringOfLatin1('1.M1.mx:2,DFPRST')]);
        assert.ok(found !== undefined);
        const header = { ...readHeader(new Uint8Array(0)), from: [{ name: from, address: '' }], subject };
        const summary = summaryOf(header);
        const name = messageName({ number, digits: 4, message: found, summary, modified: 0n });
        assert.ok(name.length <= 200 && name.endsWith('].eml') && !name.includes('/'));
        assert.equal(numberOfName(name), number);
      },
    ),
  );
});
