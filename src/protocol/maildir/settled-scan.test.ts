import assert from 'node:assert/strict';
import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nameOf } from '../../contract/recorded-capture.ts';
import type { Base, Child } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { CaptureContext } from '../files/capture-context.ts';
import { createScannedPlaces } from '../files/scanned-places.ts';
import { createMetadataReader, type MetadataReader } from '../files/local-metadata.ts';
import { type MaildirFixture, makeMaildir } from './maildir-fixture.ts';
import { createMessageFinder } from './message-finder.ts';
import { createListingLook } from './message-look.ts';
import { listMessages } from './message-pages.ts';
import { startRenaming } from './renaming-process.ts';
import { scanSettled } from './settled-scan.ts';

const trueReader = (): MetadataReader => createMetadataReader({ posix: undefined, onFault: () => assert.fail() });

/** Sees the directory change between any two looks, as when somebody renames all the time. */
const restlessReader = (directory: string): MetadataReader => {
  const reader = trueReader();
  let step = 0n;
  return {
    ...reader,
    withoutAttributes: 0,
    stats: (file): BigIntStats | undefined => {
      const stats = reader.stats(file);
      if (stats !== undefined && String(file) === directory) stats.mtimeNs = 1_000_000_000_123_456_789n + step++;
      return stats;
    },
  };
};

describe('scanning a directory of messages', () => {
  test('a directory at rest is believed at once', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', '');
    maildir.settle();
    const directory = byteStringOfText(join(maildir.directory, 'cur'));
    const scan = await scanSettled(directory, { reader: trueReader(), run: maildir.run, tries: 1 });
    assert.deepEqual([scan?.settled, scan?.names], [true, ['1700.M1.host:2,']]);
  });

  test('a clock that disagrees with the file system only costs a wait', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', '');
    const directory = byteStringOfText(join(maildir.directory, 'cur'));
    const run = { ...maildir.run, now: () => 0n };
    assert.equal((await scanSettled(directory, { reader: trueReader(), run, tries: 1 }))?.settled, true);
  });

  test('a directory that never rests is read a few times and not believed', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', '');
    const directory = join(maildir.directory, 'cur');
    const reader = restlessReader(directory);
    const scan = await scanSettled(byteStringOfText(directory), { reader, run: maildir.run, tries: 2 });
    assert.deepEqual([scan?.settled, scan?.names], [false, ['1700.M1.host:2,']]);
  });

  test('a directory that is gone is undefined', async () => {
    using maildir = makeMaildir();
    const directory = byteStringOfText(join(maildir.directory, 'none'));
    assert.equal(await scanSettled(directory, { reader: trueReader(), run: maildir.run }), undefined);
  });
});

describe('a listing from an unsettled scan', () => {
  const listUnsettled = async (maildir: MaildirFixture, base: Base, subdirectory: string): Promise<Child[]> => {
    const folder = { path: pathIn(maildir, ''), file: byteStringOfText(maildir.directory) };
    const file = byteStringOfText(join(maildir.directory, subdirectory));
    const reader = restlessReader(file);
    const scan = await scanSettled(file, { reader, run: maildir.run, tries: 1 });
    assert.ok(scan !== undefined);
    const part = { path: pathIn(maildir, subdirectory), file, scan };
    const context: CaptureContext = {
      run: maildir.run,
      base,
      reader,
      filter: undefined,
      oneFileSystem: false,
      maildir: undefined,
      leftOut: { sockets: 0, mailCaches: 0 },
      places: createScannedPlaces(),
      allowEmpty: false,
    };
    const finder = createMessageFinder(folder.file, reader);
    const look = createListingLook();
    const pages = listMessages(context, { folder, part, parts: [part], below: new Map(), finder, look });
    return (await Array.fromAsync(pages)).flat();
  };
  const pathIn = (maildir: MaildirFixture, path: string) =>
    maildir
      .at(path)
      .split('/')
      .map((name) => byteStringOfText(name));

  test('S1: what the base has and the scan has not is carried with scan-unsettled, never deleted', async () => {
    using maildir = makeMaildir();
    for (const name of ['1700.M1', '1700.M2', '1700.M3']) maildir.write(`cur/${name}:2,`, name);
    const base = await maildir.base(await maildir.capture());
    maildir.remove('cur/1700.M2:2,');
    maildir.rename('cur/1700.M3:2,', 'cur/1700.M3:2,S');
    const children = await listUnsettled(maildir, base, 'cur');
    assert.deepEqual(children.map(nameOf), ['1700.M1:2,', '1700.M2:2,', '1700.M3:2,S']);
    const [same, lost, renamed] = children;
    assert.ok(same?.kind === 'same' && renamed?.kind === 'same');
    assert.ok(lost?.kind === 'carried' && lost.base?.entry.name === '1700.M2:2,');
    assert.equal(lost.fault.code, 'scan-unsettled');
    assert.equal(lost.fault.retry, true);
  });

  test('a settled scan is believed: what is not there was deleted', async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1:2,', 'one');
    const base = await maildir.base(await maildir.capture());
    maildir.remove('cur/1700.M1:2,');
    const again = await maildir.capture(base);
    assert.equal(again.child(maildir.at('cur/1700.M1:2,')), undefined);
  });
});

describe('a folder whose flags change all the time', () => {
  test('S1: no message is missed, none comes twice, and none looks deleted', async () => {
    using maildir = makeMaildir();
    const count = 1500;
    for (let at = 0; at < count; at++) maildir.write(`cur/1700.M${String(at)}.host:2,`, '');
    const base = await maildir.base(await maildir.capture());
    await using _ = await startRenaming(join(maildir.directory, 'cur'));
    for (let round = 0; round < 2; round++) {
      const listing = (await maildir.capture(base)).directories.get(maildir.at('cur'))?.listing;
      assert.ok(listing?.kind === 'listed');
      const identities = listing.children.map((child) => identityOf(nameOf(child)));
      assert.equal(identities.length, count);
      assert.equal(new Set(identities).size, count);
      for (const child of listing.children) {
        // Fresh is what was renamed there and back: the same name with another ctime is read again, to be safe.
        if (child.kind === 'carried') assert.ok(child.base !== undefined, nameOf(child));
      }
    }
  });
});
