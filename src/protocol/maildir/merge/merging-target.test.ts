import assert from 'node:assert/strict';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Source } from '../../../contract/source.ts';
import { targetSuite } from '../../../contract/target.suite.ts';
import type { TargetPlan } from '../../../contract/target.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Metadata } from '../../../model/entry.ts';
import { systemNow } from '../../../system/clock.ts';
import { loadPosix } from '../../../system/posix.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  type MemoryFile,
  memoryFile,
  type MemoryNode,
} from '../../memory/source.ts';
import { createMergingTarget } from './merging-target.ts';

const posix = await loadPosix();
const asRoot = process.getuid?.() === 0;

for (const variant of ['with the addon', 'without the addon'] as const) {
  targetSuite(`merging ${variant}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-merge-'));
    return {
      open: (overwrite) =>
        createMergingTarget({
          directory: byteStringOfText(join(directory, 'inside')),
          overwrite,
          posix: variant === 'with the addon' ? posix : undefined,
          asRoot,
          threads: 1,
        }),
      close: async () => {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  });
}

const at = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;
const message = (text: string, seconds = 1_700_000_000, more: Partial<Metadata> = {}): MemoryFile =>
  memoryFile(`Subject: ${text}\r\n\r\n${text}\r\n`, { metadata: { mode: 0o600, mtime: at(seconds), ...more } });
const maildir = (cur: Readonly<Record<string, MemoryNode>>, more: Readonly<Record<string, MemoryNode>> = {}) =>
  memoryDirectory({ cur: memoryDirectory(cur), new: memoryDirectory({}), tmp: memoryDirectory({}), ...more });

/** An empty place `mail`, and what is to be done with it. */
const inPlace = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'mailkeep-merge-'));
  try {
    await work(createPlace(join(root, 'mail')));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

const createPlace = (folder: string) => {
  const run: TestRun = { ...createTestRun(), now: systemNow };
  const open = () =>
    createMergingTarget({ directory: byteStringOfText(folder), overwrite: 'if-changed', posix, asRoot, threads: 1 });
  const bring = async (tree: MemoryDirectory, source: Source = createMemorySource(tree)) => {
    const target = open();
    const plan = await target.plan(source, run);
    return { plan, report: await target.apply(plan, source, run) };
  };
  const place = (path: string): string => join(folder, path);
  return {
    run,
    bring,
    open,
    place,
    make: (path: string) => {
      for (const name of ['cur', 'new', 'tmp']) mkdirSync(place(join(path, name)), { recursive: true });
    },
    put: (path: string, text: string | Buffer, seconds = 1_700_000_000) => {
      writeFileSync(place(path), text);
      utimesSync(place(path), seconds, seconds);
    },
    list: (path: string) => readdirSync(place(path)).toSorted(),
    text: (path: string) => readFileSync(place(path), 'latin1'),
    refusals: (plan: TargetPlan) => plan.refusals.map(({ path, fault }) => `${path}: ${fault.code}`),
  };
};
type Place = ReturnType<typeof createPlace>;

const textOf = (text: string): string => `Subject: ${text}\r\n\r\n${text}\r\n`;

describe('B11 a backup is merged into Maildirs that are in use', () => {
  test('only messages that are missing come; what changed its flags, is read, or came since stays', () =>
    inPlace(async ({ bring, make, put, list, text, place }) => {
      make('a@b.c/Maildir');
      put('a@b.c/Maildir/cur/1.M1.host,S=20:2,RS', textOf('one'));
      put('a@b.c/Maildir/new/9.M9.host', textOf('came since'));
      put('a@b.c/Maildir/maildirsize', '1000S\n20 1\n');
      const backup = memoryDirectory({
        'a@b.c': memoryDirectory({
          Maildir: memoryDirectory({
            cur: memoryDirectory({
              '1.M1.host,S=20:2,': message('one'),
              '2.M2.host,S=20:2,FS': message('two', 1_600_000_000),
            }),
            maildirsize: memoryFile('1000S\n999 9\n'),
            new: memoryDirectory({ '3.M3.host': message('three') }),
            tmp: memoryDirectory({ left: memoryFile('over') }),
          }),
        }),
      });
      const { plan, report } = await bring(backup);
      assert.deepEqual([plan.create.files, plan.overwrite.files, plan.leave.files], [2, 0, 1]);
      assert.deepEqual([report.written.files, report.failed], [2, 0]);
      assert.deepEqual(list('a@b.c/Maildir/cur'), ['1.M1.host,S=20:2,RS', '2.M2.host,S=20:2,FS']);
      assert.deepEqual(list('a@b.c/Maildir/new'), ['3.M3.host', '9.M9.host']);
      assert.deepEqual(list('a@b.c/Maildir/tmp'), []);
      assert.deepEqual(list('a@b.c/Maildir'), ['cur', 'new', 'tmp'], 'what a quota has counted is counted again');
      assert.equal(text('a@b.c/Maildir/cur/2.M2.host,S=20:2,FS'), textOf('two'));
      const stats = statSync(place('a@b.c/Maildir/cur/2.M2.host,S=20:2,FS'));
      assert.deepEqual([stats.mode & 0o777, stats.mtimeMs], [0o600, 1_600_000_000_000]);
      const again = await bring(backup);
      assert.deepEqual([again.plan.create.files, again.report.written.files, again.report.failed], [0, 0, 0]);
    }));

  test('a name that is there with another content is refused, named in the plan, and left', () =>
    inPlace(async ({ bring, make, put, text, refusals }) => {
      make('');
      put('cur/1.host:2,S', textOf('one'));
      put('cur/2.host:2,S', textOf('TWO'), 1_600_000_000);
      put('cur/3.host:2,S', textOf('two'), 1_600_000_000);
      put('cur/4.host,S=300:2,S', Buffer.from('\x1f\x8bas a server compresses it', 'latin1'));
      const backup = maildir({
        '1.host:2,': message('one, longer'),
        '2.host:2,': message('two'),
        '3.host:2,': message('two'),
        '4.host,S=300:2,': memoryFile('x'.repeat(300)),
      });
      const { plan, report } = await bring(backup);
      assert.deepEqual(refusals(plan), ['cur/1.host:2,: target-occupied', 'cur/2.host:2,: target-occupied']);
      assert.deepEqual([report.failed, report.written.files, report.left.files], [2, 0, 2]);
      assert.equal(text('cur/1.host:2,S'), textOf('one'));
      assert.equal(text('cur/2.host:2,S'), textOf('TWO'));
    }));

  test('keywords keep their meaning: letters become those of the living folder, new ones are appended', () =>
    inPlace(async ({ bring, make, put, list, text, place }) => {
      make('');
      put('dovecot-keywords', '0 Work\n1 Home\n');
      const later = Math.floor(Date.now() / 1000) + 100;
      utimesSync(place('dovecot-keywords'), later, later);
      const keywords = memoryFile('0 home\n1 Urgent\n2 unused\n');
      const backup = maildir(
        { '1.host:2,Sab': message('one'), '2.host:2,Sz': message('two') },
        { 'dovecot-keywords': keywords },
      );
      const { plan, report } = await bring(backup);
      assert.deepEqual(plan.overwritten, ['dovecot-keywords']);
      assert.deepEqual(list('cur'), ['1.host:2,Sbc', '2.host:2,S']);
      assert.equal(text('dovecot-keywords'), '0 Work\n1 Home\n2 Urgent\n');
      assert.ok(statSync(place('dovecot-keywords')).mtimeMs / 1000 >= later + 1, 'Dovecot knows by the second alone');
      assert.equal(report.notRestored.get('keyword'), 1);
      assert.equal(report.written.files, 3);
      assert.deepEqual((await bring(backup)).plan.overwritten, []);
    }));

  test('where server and backup keep their control files elsewhere, letters stay', () =>
    inPlace(async ({ bring, make, list }) => {
      make('');
      await bring(maildir({ '1.host:2,Sab': message('one') }));
      assert.deepEqual(list('cur'), ['1.host:2,Sab']);
    }));

  test('a list of UIDs is never replaced; a folder that is missing brings its own, with UIDNEXT raised', () =>
    inPlace(async ({ bring, make, put, text, list }) => {
      make('');
      put('dovecot-uidlist', '3 V5 N900 G0123456789abcdef0123456789abcdef\n899 :9.host\n');
      put('dovecot-uidvalidity', '00000005');
      const archive = maildir(
        { '7.host:2,S': message('seven') },
        {
          'dovecot-uidlist': memoryFile('3 V77 N8\n7 :7.host\n'),
          maildirfolder: memoryFile(''),
          maildirsize: memoryFile('x'),
        },
      );
      const inbox = {
        '.Archive': archive,
        'dovecot-uidlist': memoryFile('3 V5 N3\n2 :2.host\n'),
        'dovecot-uidvalidity': memoryFile('00000003'),
        'dovecot-uidvalidity.00000003': memoryFile(''),
        'dovecot.index.log': memoryFile('index'),
      };
      const { report } = await bring(maildir({ '2.host:2,S': message('two') }, inbox));
      assert.equal(report.failed, 0);
      assert.match(text('dovecot-uidlist'), /^3 V5 N900 /);
      assert.equal(text('.Archive/dovecot-uidlist'), '3 V77 N1000008\n7 :7.host\n');
      assert.deepEqual(list('.Archive'), ['cur', 'dovecot-uidlist', 'maildirfolder', 'new', 'tmp']);
      assert.deepEqual(list(''), ['.Archive', 'cur', 'dovecot-uidlist', 'dovecot-uidvalidity', 'new', 'tmp']);
    }));

  test('a living folder without a list gets the backup’s, unless an index knows of one', () =>
    inPlace(async ({ bring, make, put, list, text }) => {
      const backup = memoryDirectory({
        indexed: maildir({ '1.host:2,': message('one') }, { 'dovecot-uidlist': memoryFile('3 V5 N3\n2 :1.host\n') }),
        plain: maildir({ '1.host:2,': message('one') }, { 'dovecot-uidlist': memoryFile('3 V5 N3\n2 :1.host\n') }),
      });
      for (const folder of ['indexed', 'plain']) make(folder);
      put('indexed/dovecot.index.log', '');
      await bring(backup);
      assert.deepEqual(list('indexed'), ['cur', 'dovecot.index.log', 'new', 'tmp']);
      assert.match(text('plain/dovecot-uidlist'), /^3 V5 N1000003\n/);
    }));

  test('subscriptions are added; scripts that differ are overwritten, and the plan says so', () =>
    inPlace(async ({ bring, make, put, text }) => {
      make('');
      put('subscriptions', 'V\t2\n\nSent\n');
      put('.dovecot.sieve', 'keep;');
      const backup = maildir(
        {},
        { subscriptions: memoryFile('V\t2\n\nOld\nSent\n'), '.dovecot.sieve': memoryFile('discard;') },
      );
      const { plan } = await bring(backup);
      assert.deepEqual(plan.overwritten, ['.dovecot.sieve', 'subscriptions']);
      assert.equal(text('subscriptions'), 'V\t2\n\nSent\nOld\n');
      assert.equal(text('.dovecot.sieve'), 'discard;');
      assert.deepEqual((await bring(backup)).plan.overwritten, []);
    }));

  test('a file of the mail server that is a link to one of somebody else is not read, and stays', () =>
    inPlace(async ({ bring, make, put, place, refusals }) => {
      make('');
      put('secret', 'root:hash\n');
      symlinkSync('secret', place('subscriptions'));
      const { plan } = await bring(maildir({}, { subscriptions: memoryFile('V\t2\n\nOld\n') }));
      assert.deepEqual(refusals(plan), ['subscriptions: target-occupied']);
      assert.equal(readlinkSync(place('subscriptions')), 'secret');
    }));

  test('mail in sdbox and mdbox is refused where there is some, and comes whole where there is none', () =>
    inPlace(async ({ bring, place, refusals }) => {
      const box = memoryDirectory({
        mailboxes: memoryDirectory({
          INBOX: memoryDirectory({
            'dbox-Mails': memoryDirectory({ 'dovecot.index': memoryFile('i'), 'u.1': message('one') }),
          }),
        }),
        storage: memoryDirectory({ 'm.1': memoryFile('mail'), 'dovecot.map.index': memoryFile('map') }),
      });
      const backup = memoryDirectory({ alice: memoryDirectory({ mdbox: box }), bob: memoryDirectory({ mdbox: box }) });
      mkdirSync(place('alice/mdbox'), { recursive: true });
      const { plan, report } = await bring(backup);
      assert.deepEqual(refusals(plan), ['alice/mdbox: unsupported']);
      assert.equal(report.failed, 4);
      assert.deepEqual(readdirSync(place('alice/mdbox')), []);
      assert.deepEqual(readdirSync(place('bob/mdbox/storage')).toSorted(), ['dovecot.map.index', 'm.1']);
    }));

  test('a mailbox that is a link to one is refused, not replaced', () =>
    inPlace(async ({ bring, make, place, refusals }) => {
      make('elsewhere');
      symlinkSync('elsewhere', place('alice'));
      const { plan } = await bring(memoryDirectory({ alice: maildir({ '1.host:2,': message('one') }) }));
      assert.deepEqual(refusals(plan), ['alice: target-occupied']);
      assert.deepEqual(readdirSync(place('elsewhere/cur')), []);
    }));

  test('what comes belongs to whom the mailbox belongs, unless its owner is known here', { skip: !asRoot }, () =>
    inPlace(async ({ bring, make, place }) => {
      make('alice');
      for (const name of ['.', 'cur', 'new', 'tmp']) chownSync(place(join('alice', name)), 23_450, 23_451);
      const owners = { uid: 54_321, gid: 54_321, user: 'vmail', group: 'vmail' };
      const known = { uid: 1, gid: 1, user: 'daemon', group: 'daemon' };
      await bring(
        memoryDirectory({
          alice: maildir(
            { '1.host:2,': message('one', 1, owners), '2.host:2,': message('two', 1, known) },
            { '.Old': memoryDirectory({ cur: memoryDirectory({}) }, { metadata: owners }) },
          ),
          bob: memoryDirectory({}, { metadata: owners }),
        }),
      );
      const ownerOf = (path: string): number => statSync(place(path)).uid;
      const paths = ['alice/cur/1.host:2,', 'alice/cur/2.host:2,', 'alice/.Old', 'bob'];
      assert.deepEqual(paths.map(ownerOf), [23_450, 1, 23_450, 54_321]);
    }),
  );

  test('what a killed restore has left is removed, that of a living process is not', () =>
    inPlace(async ({ bring, make, put, list }) => {
      make('');
      const alive = `.mailkeep-merge-${process.ppid}-abc-1`;
      // Linux gives no process a number this high.
      put('tmp/.mailkeep-merge-4194999-abc-1', 'left');
      put(`tmp/${alive}`, 'at work');
      put('dovecot-uidlist.lock', `4194999:${hostname()}`, Date.now() / 1000);
      await bring(maildir({ '1.host:2,': message('one') }));
      assert.deepEqual(list('tmp'), [alive]);
      assert.deepEqual(list('cur'), ['1.host:2,']);
    }));

  test('a message that arrives under its name between plan and restore is not there twice', () =>
    inPlace(async ({ run, open, make, put, list }) => {
      make('');
      const source = createMemorySource(maildir({ '1.host:2,': message('one'), '2.host:2,': message('two') }));
      const target = open();
      const plan = await target.plan(source, run);
      put('cur/1.host:2,RS', textOf('one'));
      const { written, left, failed } = await target.apply(plan, source, run);
      assert.deepEqual([written.files, left.files, failed], [1, 1, 0]);
      assert.deepEqual(list('cur'), ['1.host:2,RS', '2.host:2,']);
    }));
});
