import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { baseOf, nameOf, pathOf, type RecordedCapture, recordCapture } from '../../contract/recorded-capture.ts';
import { readStrictly } from '../../contract/source.suite.ts';
import type { Child } from '../../contract/source.ts';
import { becomeOrdinary, becomeRoot } from '../files/files-fixture.ts';
import { type MaildirFixture, makeMaildir } from './maildir-fixture.ts';

const childAt = (recording: RecordedCapture, path: string): Child => {
  const child = recording.child(path);
  assert.ok(child !== undefined, `${path} is listed; there are: ${recording.paths().join(' ')}`);
  return child;
};

const listingAt = (recording: RecordedCapture, path: string) => {
  const listing = recording.directories.get(path)?.listing;
  assert.ok(listing !== undefined, `${path} is captured`);
  return listing;
};

const names = (recording: RecordedCapture, path: string): string[] => {
  const listing = listingAt(recording, path);
  assert.ok(listing.kind === 'listed');
  return listing.children.map(nameOf);
};

const notices = (maildir: MaildirFixture): string[] =>
  maildir.run.events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));

describe('renamed messages', () => {
  test('S1: a message whose flags changed is the same, renamed, and not read again', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1P1.host,S=3:2,', 'one');
    maildir.write('cur/1700.M1P10.host,S=3:2,S', 'ten');
    maildir.write('cur/1700.M1P1.hostess,S=3:2,', 'not the same');
    const base = await maildir.base(await maildir.capture());
    maildir.rename('cur/1700.M1P1.host,S=3:2,', 'cur/1700.M1P1.host,S=3:2,RS');
    const again = await maildir.capture(base);
    const child = childAt(again, maildir.at('cur/1700.M1P1.host,S=3:2,RS'));
    assert.ok(child.kind === 'same');
    assert.equal(child.action, 'renamed');
    assert.equal(child.base.reference, maildir.at('cur/1700.M1P1.host,S=3:2,'));
    for (const other of ['cur/1700.M1P10.host,S=3:2,S', 'cur/1700.M1P1.hostess,S=3:2,']) {
      const unchanged = childAt(again, maildir.at(other));
      assert.ok(unchanged.kind === 'same' && unchanged.action === 'unchanged');
    }
    assert.equal(names(again, maildir.at('cur')).length, 3);
  });

  test('a message that moved from new to cur is the same, with and without flags', async () => {
    using maildir = makeMaildir();
    maildir.write('new/1700.M1.host', 'one');
    maildir.write('new/1700.M2.host', 'two');
    const base = await maildir.base(await maildir.capture());
    maildir.rename('new/1700.M1.host', 'cur/1700.M1.host:2,S');
    maildir.rename('new/1700.M2.host', 'cur/1700.M2.host');
    const again = await maildir.capture(base);
    for (const path of ['cur/1700.M1.host:2,S', 'cur/1700.M2.host']) {
      const child = childAt(again, maildir.at(path));
      assert.ok(child.kind === 'same' && child.action === 'renamed', path);
    }
    assert.deepEqual(names(again, maildir.at('new')), []);
  });

  test('what the store no longer holds is delivered, renamed or not', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    maildir.write('cur/1700.M2.host:2,', 'two');
    const base = await maildir.base(await maildir.capture(), () => false);
    maildir.rename('cur/1700.M1.host:2,', 'cur/1700.M1.host:2,S');
    const again = await maildir.capture(base);
    assert.equal(childAt(again, maildir.at('cur/1700.M1.host:2,S')).kind, 'fresh');
    assert.equal(childAt(again, maildir.at('cur/1700.M2.host:2,')).kind, 'fresh');
  });

  test('a message that changed in place is kept anew and told as an alarm, once for the folder', async () => {
    using maildir = makeMaildir();
    for (const number of [1, 2, 3]) maildir.write(`cur/1700.M${String(number)}.host:2,`, 'message');
    const base = await maildir.base(await maildir.capture());
    maildir.write('cur/1700.M1.host:2,', 'encrypted');
    maildir.write('cur/1700.M2.host:2,', 'garbage');
    const again = await maildir.capture(base);
    const child = childAt(again, maildir.at('cur/1700.M1.host:2,'));
    assert.ok(child.kind === 'fresh' && child.action === 'changed');
    assert.equal(childAt(again, maildir.at('cur/1700.M3.host:2,')).kind, 'same');
    const alarms = maildir.run.events.filter((event) => event.kind === 'fault');
    assert.equal(alarms.length, 1);
    assert.equal(alarms[0]?.fault.code, 'entry-changed');
    assert.equal(alarms[0]?.fault.context['count'], 2);
    assert.equal(alarms[0]?.path, maildir.at('cur'));
  });

  test('many messages with prefixes of one another are all found, page by page', async () => {
    using maildir = makeMaildir();
    const identities = Array.from({ length: 2600 }, (_, at) => `1700.M${at.toString(2)}`);
    for (const identity of identities) maildir.write(`cur/${identity}:2,`, identity);
    const base = await maildir.base(await maildir.capture());
    for (const identity of identities) maildir.rename(`cur/${identity}:2,`, `cur/${identity}:2,FRS`);
    const again = await maildir.capture(base);
    const listing = listingAt(again, maildir.at('cur'));
    assert.ok(listing.kind === 'listed');
    assert.equal(listing.children.length, 2600);
    for (const child of listing.children) {
      assert.ok(child.kind === 'same' && child.action === 'renamed', nameOf(child));
      assert.equal(child.base.reference, maildir.at(`cur/${nameOf(child).replace('FRS', '')}`));
    }
  });
});

describe('folders skipped whole', () => {
  const settled = async () => {
    const maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    maildir.settle();
    const recording = await maildir.capture();
    return { maildir, recording, base: await maildir.base(recording) };
  };

  test('cur and new are taken over when nothing came, went or was renamed', async () => {
    const { maildir, base } = await settled();
    using _ = maildir;
    const again = await maildir.capture(base);
    const listing = listingAt(again, maildir.at('cur'));
    assert.ok(listing.kind === 'same');
    assert.deepEqual(listing.base.path, pathOf(maildir.at('cur')));
    assert.equal(listingAt(again, maildir.at('new')).kind, 'same');
    assert.equal(listingAt(again, maildir.at('tmp')).kind, 'listed');
  });

  test('not after a change, nor on request, nor in their seventh, nor when switched off', async () => {
    const { maildir, base } = await settled();
    using _ = maildir;
    const kindUnder = async (options: Parameters<MaildirFixture['capture']>[1]) =>
      listingAt(await maildir.capture(base, options), maildir.at('cur')).kind;
    assert.equal(await kindUnder({ rescan: true }), 'listed');
    assert.equal(await kindUnder({ skipUnchangedFolders: false }), 'listed');
    maildir.write('cur/1700.M1.host:2,', 'garbled in place');
    const kinds: string[] = [];
    for (let seventh = 0; seventh < 7; seventh++) kinds.push(await kindUnder({ seventh }));
    assert.equal(kinds.filter((kind) => kind === 'listed').length, 1, 'once in seven nights');
    maildir.rename('cur/1700.M1.host:2,', 'cur/1700.M1.host:2,S');
    assert.equal(await kindUnder({}), 'listed');
    assert.equal(listingAt(await maildir.capture(base), maildir.at('new')).kind, 'same');
  });

  test('not when the folder changed shortly before the base was scanned', async () => {
    const { maildir, recording } = await settled();
    using _ = maildir;
    const mtime = recording.directories.get(maildir.at('cur'))?.metadata?.mtime ?? 0n;
    // Only who looks at the message sees it.
    maildir.write('cur/1700.M1.host:2,', 'changed in place');
    for (const [age, kind] of [
      [1_999_999_999n, 'listed'],
      [2_000_000_000n, 'same'],
    ] as const) {
      const base = await baseOf(recording, { scannedAt: mtime + age }, maildir.run);
      assert.equal(listingAt(await maildir.capture(base), maildir.at('cur')).kind, kind);
    }
  });

  test('not when the store has lost some of it', async () => {
    const { maildir, recording } = await settled();
    using _ = maildir;
    const base = await maildir.base(recording, (path) => !path.endsWith('/cur'));
    assert.equal(listingAt(await maildir.capture(base), maildir.at('cur')).kind, 'listed');
  });
});

describe('what a mail server makes again', () => {
  const files = ['dovecot.index', 'dovecot.index.log', 'dovecot.index.cache', 'dovecot.list.index', 'dovecot-uidlist'];

  test('its caches and the contents of tmp are left out and counted; its data is kept', async () => {
    using maildir = makeMaildir();
    const data = ['dovecot-keywords', 'dovecot-uidvalidity', 'subscriptions', 'dovecot.index.pvt', 'maildirsize'];
    for (const file of [...files, ...data, 'dovecot-uidlist.lock', '.dovecot.svbin']) maildir.write(file, '');
    maildir.write('tmp/half', 'h');
    const recording = await maildir.capture();
    const expected = ['cur', 'new', 'tmp', 'dovecot-uidlist', ...data].toSorted();
    assert.deepEqual(names(recording, maildir.at('')).toSorted(), expected);
    assert.deepEqual(names(recording, maildir.at('tmp')), []);
    assert.match(notices(maildir)[0] ?? '', /^Left out of Maildirs, .*: 7 files$/);
    const all = await maildir.capture(undefined, { caches: 'keep' });
    assert.equal(names(all, maildir.at('')).length, 15);
    assert.deepEqual(names(all, maildir.at('tmp')), ['half']);
  });

  test('the index is data once all 26 letters for keywords are taken', async () => {
    using maildir = makeMaildir();
    for (const file of files) maildir.write(file, '');
    const keywords = (count: number): string =>
      Array.from({ length: count }, (_, at) => `${String(at)} Keyword${String(at)}\n`).join('');
    maildir.write('dovecot-keywords', keywords(25));
    assert.ok(!names(await maildir.capture(), maildir.at('')).includes('dovecot.index'));
    maildir.write('dovecot-keywords', keywords(26));
    const kept = names(await maildir.capture(), maildir.at(''));
    assert.ok(kept.includes('dovecot.index') && kept.includes('dovecot.index.log'));
    assert.ok(!kept.includes('dovecot.index.cache'));
  });

  test('the list index is data where it alone knows the names of folders', async () => {
    using maildir = makeMaildir(['', 'mailboxes/1a/2b']);
    for (const file of files) maildir.write(file, '');
    assert.ok(names(await maildir.capture(), maildir.at('')).includes('dovecot.list.index'));
  });

  test('outside a Maildir nothing is left out', async () => {
    using maildir = makeMaildir(['inbox']);
    for (const file of files) maildir.write(file, '');
    assert.equal(names(await maildir.capture(), maildir.at('')).length, files.length + 1);
  });
});

describe('messages that move while they are captured', () => {
  /** Captures, and does something after `cur` and `new` were scanned and before they are listed. */
  const captureWith = async (maildir: MaildirFixture, meanwhile: () => void): Promise<RecordedCapture> => {
    const source = maildir.source();
    const between = async function* () {
      for await (const directory of source.capture(undefined, maildir.run)) {
        if (directory.path.at(-1) === 'new') meanwhile();
        yield directory;
      }
    };
    return recordCapture({ ...source, capture: between }, undefined, maildir.run);
  };

  test('S1: a message that is renamed or moved after the scan is listed as it was then, and can be read', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    maildir.write('new/1700.M2.host', 'two');
    const recording = await captureWith(maildir, () => {
      maildir.rename('cur/1700.M1.host:2,', 'cur/1700.M1.host:2,S');
      maildir.rename('new/1700.M2.host', 'cur/1700.M2.host:2,');
    });
    const children = ['cur/1700.M1.host:2,', 'new/1700.M2.host'].map((path) => childAt(recording, maildir.at(path)));
    const requests = children.map((child) => {
      assert.ok(child.kind === 'fresh');
      return child;
    });
    assert.deepEqual((await readStrictly(maildir.source(), requests, maildir.run)).texts, ['one', 'two']);
    assert.deepEqual(names(recording, maildir.at('cur')), ['1700.M1.host:2,'], 'and not twice');
  });

  test('a message that is deleted after the scan is gone', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    maildir.write('cur/1700.M2.host:2,', 'two');
    const recording = await captureWith(maildir, () => maildir.remove('cur/1700.M1.host:2,'));
    assert.deepEqual(names(recording, maildir.at('cur')), ['1700.M2.host:2,']);
  });

  test('a message that is renamed before it is read is found by relocate; one that is deleted is not', async () => {
    using maildir = makeMaildir();
    maildir.write('new/1700.M1.host', 'one');
    const recording = await maildir.capture();
    const child = childAt(recording, maildir.at('new/1700.M1.host'));
    assert.ok(child.kind === 'fresh');
    const source = maildir.source();
    const relocate = async () => source.relocate(pathOf(maildir.at('new')), child.entry, maildir.run);
    let file = 'new/1700.M1.host';
    for (const next of ['cur/1700.M1.host:2,', 'cur/1700.M1.host:2,RS', 'cur/1700.M1.host:2,S']) {
      maildir.rename(file, next);
      file = next;
      const found = await relocate();
      assert.ok(found !== undefined);
      assert.deepEqual(found.content, { kind: 'local-file', file: join(maildir.directory, next) });
      assert.equal(found.entry.name, child.entry.name);
      assert.deepEqual((await readStrictly(source, [found], maildir.run)).texts, ['one']);
    }
    maildir.remove(file);
    assert.equal(await relocate(), undefined);
  });

  test('two files of one message, in new and in cur, are both kept', async () => {
    using maildir = makeMaildir();
    maildir.write('new/1700.M1.host', 'one');
    maildir.write('cur/1700.M1.host:2,S', 'one');
    const recording = await maildir.capture();
    assert.equal(names(recording, maildir.at('new')).length, 1);
    assert.equal(names(recording, maildir.at('cur')).length, 1);
  });
});

describe('Maildirs that are not as they should be', () => {
  test('a folder whose cur cannot be read is carried with its fault; new is not', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    maildir.write('new/1700.M2.host', 'two');
    const base = await maildir.base(await maildir.capture());
    chmodSync(maildir.directory, 0o755);
    chmodSync(join(maildir.directory, 'cur'), 0);
    becomeOrdinary();
    try {
      const again = await maildir.capture(base);
      const listing = listingAt(again, maildir.at('cur'));
      assert.ok(listing.kind === 'carried' && listing.base !== undefined);
      assert.equal(listing.fault.code, 'entry-unreadable');
      assert.equal(listingAt(again, maildir.at('new')).kind, 'same');
    } finally {
      becomeRoot();
    }
  });

  test('a directory inside cur is walked like any other', async () => {
    using maildir = makeMaildir(['', 'cur/stray']);
    maildir.write('cur/stray/cur/1700.M1.host:2,', 'one');
    maildir.settle();
    const recording = await maildir.capture();
    assert.equal(childAt(recording, maildir.at('cur/stray/cur/1700.M1.host:2,')).kind, 'fresh');
    const again = await maildir.capture(await maildir.base(recording));
    assert.equal(listingAt(again, maildir.at('cur')).kind, 'listed', 'it may change without a trace in cur');
    assert.equal(listingAt(again, maildir.at('cur/stray/cur')).kind, 'same');
  });
});
