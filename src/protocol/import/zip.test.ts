import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { crc32, deflateRawSync } from 'node:zlib';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { readPieces } from '../../contract/store-fixture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { detectFormat, importFolders } from './file-messages.ts';
import { createImportSource } from './import-source.ts';
import { sweepUnpacked } from './unpacked-mbox.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'mailkeep-zip-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Member {
  readonly name: string;
  readonly content: string;
  /** What the zip says where that is not true. */
  readonly size?: number;
  readonly packed?: number;
  readonly crc?: number;
  readonly flags?: number;
  /** Unix mode. */
  readonly mode?: number;
  /** So many entries for the same bytes. */
  readonly times?: number;
}

/** A zip written by hand, as no honest program would write it. */
const zipOf = (members: readonly Member[]): Buffer => {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, times = 1, ...told } of members) {
    const bytes = Buffer.from(content, 'latin1');
    const packed = deflateRawSync(bytes);
    const fields = (record: Buffer, at: number): void => {
      record.writeUInt16LE(20, at);
      record.writeUInt16LE(0x800 | (told.flags ?? 0), at + 2);
      record.writeUInt16LE(8, at + 4);
      record.writeUInt32LE(0x58210000, at + 6);
      record.writeUInt32LE(told.crc ?? crc32(bytes), at + 10);
      record.writeUInt32LE(told.packed ?? packed.length, at + 14);
      record.writeUInt32LE(told.size ?? bytes.length, at + 18);
      record.writeUInt16LE(Buffer.byteLength(name), at + 22);
    };
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    fields(head, 4);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE((3 << 8) | 20, 4);
    fields(entry, 6);
    entry.writeUInt32LE(((told.mode ?? 0o100644) << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    local.push(head, Buffer.from(name), packed);
    for (let time = 0; time < times; time++) central.push(entry, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = members.reduce((sum, { times = 1 }) => sum + times, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
};

/** Imports a zip: text of each message by its path, and the codes of all faults. */
const imported = async (members: readonly Member[]) => {
  const path = join(folder, 'mail.zip');
  await writeFile(path, zipOf(members));
  assert.equal(await detectFormat(path), 'zip');
  const run = createTestRun();
  const temporaryDirectory = join(folder);
  const folders = await Array.fromAsync(importFolders({ path, format: 'zip', temporaryDirectory }, run));
  const owner = { uid: 1, gid: 1, user: 'alice', group: '' };
  const source = createImportSource({ description: 'x', account: 'old', folders, owner, time: 1n });
  const recorded = await recordCapture(source, undefined, run);
  const texts = new Map<string, string>();
  for (const place of recorded.paths().filter((one) => /:2,/.test(one))) {
    const child = recorded.child(place);
    assert.ok(child?.kind === 'fresh');
    const { parts, verdicts } = await readPieces(source, [child], 'in-order', run);
    assert.deepEqual(verdicts, ['complete']);
    texts.set(place, Buffer.concat(parts[0] ?? []).toString('latin1'));
  }
  await source.close();
  assert.deepEqual(await readdir(folder), ['mail.zip'], 'nothing temporary stays');
  const faults = run.events.flatMap((event) => (event.kind === 'fault' ? [event.fault.code] : []));
  const notices = run.events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));
  const names = [...texts.keys()].map((place) => place.split('/')[1] ?? '');
  return { texts, folders: [...new Set(names)].sort(), faults, notices, counts: source.counts() };
};

const eml = (name: string, more: Partial<Member> = {}): Member => ({
  name,
  content: `Subject: ${name}\r\n\r\n${'text '.repeat(50)}\r\n`,
  ...more,
});

const from = 'From 17@xxx Thu Jan  1 10:00:00 2004\r\n';

describe('A11: mail in a zip', () => {
  test('.eml files, their folders being mail folders', async () => {
    const { texts, faults } = await imported([
      eml('b.eml'),
      eml('Entwürfe/2024/a.EML'),
      { name: 'Entwürfe/readme.txt', content: 'no mail' },
      eml('link.eml', { mode: 0o120777 }),
    ]);
    assert.deepEqual([...texts.keys()].sort(), [
      'folders/Entw&APw-rfe%2F2024/1.0000000/0000000001:2,',
      'folders/INBOX/1.0000000/0000000001:2,',
    ]);
    assert.equal(texts.get('folders/INBOX/1.0000000/0000000001:2,'), eml('b.eml').content);
    assert.deepEqual(faults, []);
  });

  test('the mboxes of a Takeout, without the folders that are Google’s own', async () => {
    const labelled = `${from}X-GM-THRID: 17\r\nX-Gmail-Labels: Inbox,Unread\r\n`;
    const content = `${labelled}Subject: a\r\n\r\n>From x\r\n\r\n${labelled}Subject: b\r\n\r\ny\r\n\r\n`;
    const { texts, counts } = await imported([{ name: 'Takeout/Mail/All mail.mbox', content }]);
    assert.deepEqual([...texts.keys()].length, 2);
    assert.match([...texts.values()][0] ?? '', /Subject: a\r\n\r\nFrom x\r\n$/);
    assert.ok([...texts.keys()].every((path) => path.startsWith('folders/All mail/')));
    assert.deepEqual(counts, { messages: 2, folders: 1, damaged: 0 });
  });

  test('one that is damaged, locked, or longer than it says costs that message only', async () => {
    const { texts, faults, counts } = await imported([
      eml('a.eml'),
      eml('crc.eml', { crc: 7 }),
      eml('locked.eml', { flags: 1 }),
      eml('long.eml', { size: 30 }),
    ]);
    assert.equal(texts.size, 1);
    assert.deepEqual(faults, ['entry-unreadable', 'entry-unsupported', 'entry-unreadable']);
    assert.deepEqual(counts, { messages: 1, folders: 1, damaged: 3 });
  });

  test('of a damaged mbox every message that can be read is kept, and the damage told', async () => {
    const content = `${from}Subject: a\r\n\r\nx\r\n\r\n${from}Subject: b\r\n\r\ny\r\n`;
    const { texts, faults, counts } = await imported([eml('a.eml'), { name: 'x.mbox', content, crc: 1 }]);
    assert.deepEqual([texts.size, faults], [3, ['entry-unreadable']]);
    assert.deepEqual(counts, { messages: 3, folders: 2, damaged: 1 });
  });

  test('mboxes without a suffix, of Apple Mail and Thunderbird; what is no mail is told once', async () => {
    const content = `${from}Subject: a\r\n\r\nx\r\n`;
    const { folders, faults, notices } = await imported([
      { name: 'Mail/Work.mbox/mbox', content },
      { name: 'Mail/Work.mbox/table_of_contents', content: 'x' },
      { name: 'Mail/Inbox', content },
      { name: 'Mail/Inbox.msf', content: 'x' },
      { name: 'Mail/Inbox.sbd/Deep', content },
      { name: 'Mail/letter', content: `From the sea to 10:00\n${'text '.repeat(100_000)}` },
    ]);
    assert.deepEqual(folders, ['Mail%2FInbox', 'Mail%2FInbox%2FDeep', 'Mail%2FWork']);
    assert.deepEqual(faults, []);
    assert.deepEqual(notices, ['3 files in the zip are no mail, and left out: Mail/Inbox.msf is the first']);
  });

  /** Files without a name that this process has open. */
  const nameless = async (): Promise<number> => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((link) => /mailkeep-import-\w+ \(deleted\)$/.test(link)).length;
  };

  test('an mbox is unpacked without a name, and lets go of its room when the last of its messages was read', async (t) => {
    if (platform !== 'linux') return t.skip('needs /proc');
    const path = join(folder, 'mail.zip');
    const content = `${from}Subject: a\r\n\r\nx\r\n\r\n${from}${from}Subject: b\r\n\r\ny\r\n`;
    await writeFile(path, zipOf(['a.mbox', 'b.mbox'].map((name) => ({ name, content }))));
    const run = createTestRun();
    const folders = await Array.fromAsync(importFolders({ path, format: 'zip', temporaryDirectory: folder }, run));
    const owner = { uid: 1, gid: 1, user: 'alice', group: '' };
    const source = createImportSource({ description: 'x', account: 'old', folders, owner, time: 1n });
    const recorded = await recordCapture(source, undefined, run);
    assert.deepEqual(await readdir(folder), ['mail.zip'], 'whatever happens to this process, nothing stays');
    const messages = recorded.paths().filter((one) => /:2,/.test(one));
    assert.equal(messages.length, 4);
    const left = [await nameless()];
    for (const place of messages.sort()) {
      const child = recorded.child(place);
      assert.ok(child?.kind === 'fresh');
      await readPieces(source, [child], 'in-order', run);
      // The file is closed in the background.
      for (let looks = 0; looks < 100 && (await nameless()) === left.at(-1); looks++) await immediate();
      left.push(await nameless());
    }
    assert.deepEqual(left, [2, 2, 1, 1, 0]);
    await source.close();
  });

  test('what runs that were killed have left in the temporary folder is removed after a day', async () => {
    const old = new Date(Number(createTestRun().now() / 1_000_000n) - 90_000_000);
    for (const name of ['mailkeep-import-AbCdEf', 'mailkeep-import-GhIjKl', 'mailkeep-import-MnOpQr', 'other'])
      await mkdir(join(folder, name));
    await writeFile(join(folder, 'mailkeep-import-AbCdEf', 'mbox'), 'left');
    await writeFile(join(folder, 'mailkeep-import-MnOpQr', 'mine'), 'of somebody');
    await writeFile(join(folder, 'mailkeep-import-0123456789abcdef'), '');
    for (const name of await readdir(folder)) if (!name.endsWith('GhIjKl')) await utimes(join(folder, name), old, old);
    const fresh = new Date(Number(createTestRun().now() / 1_000_000n));
    await utimes(join(folder, 'mailkeep-import-GhIjKl'), fresh, fresh);
    await sweepUnpacked(folder, createTestRun());
    assert.deepEqual((await readdir(folder)).sort(), ['mailkeep-import-GhIjKl', 'mailkeep-import-MnOpQr', 'other']);
  });

  test('a file without a suffix that cannot be read is told', async () => {
    const { faults, texts } = await imported([eml('a.eml'), { name: 'Inbox', content: from, flags: 1 }]);
    assert.deepEqual([texts.size, faults], [1, ['entry-unsupported']]);
  });

  test('what macOS puts beside files is no mail', async () => {
    const { texts, faults, notices } = await imported([
      eml('a.eml'),
      eml('._a.eml'),
      eml('__MACOSX/._a.eml'),
      { name: '.DS_Store', content: 'x' },
    ]);
    assert.deepEqual([texts.size, faults, notices], [1, [], []]);
  });

  const takeouts: readonly [string, readonly string[], readonly string[]][] = [
    ['in one folder', ['Takeout/Mail/a.mbox', 'Takeout/Mail/b.mbox'], ['a', 'b']],
    ['in two folders', ['Takeout/Mail/a.mbox', 'Takeout/Other/a.mbox'], ['Mail%2Fa', 'Other%2Fa']],
    ['in none', ['Takeout/a.mbox', 'Takeout/b.mbox/mbox'], ['a', 'b']],
  ];
  for (const [where, names, expected] of takeouts) {
    test(`mboxes ${where} below Takeout keep their own names`, async () => {
      const content = `${from}Subject: a\r\n\r\nx\r\n`;
      assert.deepEqual((await imported(names.map((name) => ({ name, content })))).folders, expected);
    });
  }

  const hostile: readonly [string, readonly Member[], RegExp][] = [
    ['a name that leads out', [eml('../../etc/x.eml')], /leads out of it/],
    ['an absolute name', [eml('/etc/x.eml')], /leads out of it/],
    ['a name with a drive', [eml('C:\\x.eml')], /leads out of it/],
    ['files that lie over one another', [eml('x.eml', { times: 100 })], /over one another/],
    ['a bomb', [eml('x.eml', { size: 0xfffffff0 })], /two hundred times/],
  ];
  for (const [what, members, said] of hostile) {
    test(`${what}: the zip is refused as a whole`, async () => {
      await assert.rejects(imported([eml('good.eml'), ...members]), (error) => {
        return isFault(error, 'entry-unsupported') && said.test(error.message);
      });
    });
  }

  test('what only begins like a zip is told as damaged', async () => {
    const path = join(folder, 'half.zip');
    await writeFile(path, zipOf([eml('a.eml')]).subarray(0, 60));
    const folders = importFolders({ path, format: 'zip', temporaryDirectory: folder }, createTestRun());
    await assert.rejects(Array.fromAsync(folders), (error) => isFault(error, 'entry-unreadable'));
  });
});
