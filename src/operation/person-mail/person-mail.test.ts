import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { baseOf, recordCapture } from '../../contract/recorded-capture.ts';
import type { Source } from '../../contract/source.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  memoryFile,
  type MemoryNode,
} from '../../protocol/memory/source.ts';
import { findPersonMailboxes } from './find-mailbox.ts';
import { inRestoredFolder } from './restored-folder.ts';
import { selectMail } from './select-mail.ts';

const run = createTestRun();
const maildir = (cur: Readonly<Record<string, MemoryNode>> = {}, more: Readonly<Record<string, MemoryNode>> = {}) =>
  memoryDirectory({ cur: memoryDirectory(cur), new: memoryDirectory({}), tmp: memoryDirectory({}), ...more });
const message = (subject: string, date = 'Fri, 07 Nov 2025 10:00:00 +0000') =>
  memoryFile(`Message-ID: <${subject}@example.org>\r\nDate: ${date}\r\nSubject: ${subject}\r\n\r\n`);

const openTree = async (tree: MemoryDirectory) => {
  const source = createMemorySource(tree);
  const recording = await recordCapture(source, undefined, run);
  return { ...source, ...(await baseOf(recording, { scannedAt: 0n }, run)) };
};

const paths = async (tree: Source): Promise<readonly string[]> =>
  (await recordCapture(tree, undefined, run)).paths().toSorted();

const mailbox = maildir(
  { '1.a:2,S': message('one'), '2.a:2,Sa': message('two', 'Mon, 01 Jan 2024 10:00:00 +0000') },
  {
    '.Archive': maildir({ '3.a:2,': message('three') }, { maildirfolder: memoryFile('') }),
    '.dovecot.sieve': memoryFile('keep;'),
    'dovecot-keywords': memoryFile('0 Work\n'),
    'dovecot-uidlist': memoryFile('3 V1 N3\n'),
  },
);

describe('RR-04 mail of one person', () => {
  test('a mailbox is found below everything else, and one whose domain is certain counts more', async () => {
    const tree = await openTree(
      memoryDirectory({
        home: memoryDirectory({ alice: memoryDirectory({ Maildir: maildir() }) }),
        vmail: memoryDirectory({
          'example.com': memoryDirectory({ alice: maildir({}, { '.alice': maildir() }), bob: maildir() }),
          'example.org': memoryDirectory({ alice: maildir() }),
        }),
      }),
    );
    const found = async (address: string) => {
      const mailboxes = await findPersonMailboxes(tree, address, run);
      return mailboxes.found.map((path) => path.join('/'));
    };
    assert.deepEqual(await found('alice@example.com'), ['vmail/example.com/alice']);
    assert.deepEqual(await found('alice@example.net'), ['home/alice/Maildir']);
    assert.deepEqual(
      await found('alice'),
      ['home/alice/Maildir', 'vmail/example.com/alice', 'vmail/example.org/alice'].toSorted(),
    );
    assert.deepEqual(await found('carol@example.com'), []);
  });

  const select = async (wish: Partial<Parameters<typeof selectMail>[1]>) => {
    const tree = await openTree(mailbox);
    const selected = await selectMail(
      tree,
      { folders: [], query: undefined, beginningOf: (content) => content, ...wish },
      run,
    );
    const all = await paths(tree);
    return { selected, tree, files: all.filter((path) => selected.filter(byteStringOfLatin1(path), false)) };
  };

  test('without a wish everything comes; a folder by its name, a message by its Message-ID, or some days', async () => {
    assert.equal((await select({})).selected.filter(byteStringOfLatin1('.dovecot.sieve'), false), true);
    const folder = await select({ folders: ['archive'] });
    assert.deepEqual(folder.files, ['.Archive/cur/3.a:2,', '.Archive/maildirfolder']);
    assert.equal(folder.selected.filter(byteStringOfLatin1('.Archive'), true), true);
    const one = await select({ query: { messageId: 'two@example.org' } });
    assert.deepEqual(one.files, ['cur/2.a:2,Sa', 'dovecot-keywords']);
    const since = await select({ query: { since: BigInt(Date.UTC(2025, 0)) * 1_000_000n } });
    assert.deepEqual(
      since.selected.folders.map(({ name }) => name),
      ['Archive', 'INBOX'],
    );
    assert.deepEqual(
      since.files.filter((path) => path.includes('/cur/') || path.startsWith('cur/')),
      ['.Archive/cur/3.a:2,', 'cur/1.a:2,S'],
    );
    assert.deepEqual((await select({ query: { messageId: 'four@example.org' } })).selected.folders, []);
  });

  test('in a folder of its own lies what was selected, with its keywords, and it is subscribed to', async () => {
    const { selected, tree } = await select({});
    const metadata = (await recordCapture(tree, undefined, run)).directories.get('cur')?.metadata;
    assert.ok(metadata !== undefined);
    const levels = [byteStringOfLatin1('Back')];
    const restored = inRestoredFolder(tree, { levels, selected, metadata, now: 5n });
    const found = await paths(restored);
    assert.deepEqual(
      found.filter((path) => !/\/(cur|new|tmp)$/.test(path)),
      [
        '.Back',
        '.Back.Archive',
        '.Back.Archive/cur/3.a:2,',
        '.Back.Archive/maildirfolder',
        '.Back/cur/1.a:2,S',
        '.Back/cur/2.a:2,Sa',
        '.Back/dovecot-keywords',
        'subscriptions',
      ],
    );
  });
});
