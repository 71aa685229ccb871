import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type RecordedCapture, recordCapture } from '../../contract/recorded-capture.ts';
import type { Base } from '../../contract/source.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import { PosixError } from '../../system/posix-call.ts';
import { loadPosix, type Posix } from '../../system/posix.ts';
import { createFilesSource } from '../files/files-source.ts';
import { type MaildirFixture, makeMaildir } from './maildir-fixture.ts';

const everySeventh = async (maildir: MaildirFixture, base: Base): Promise<RecordedCapture[]> => {
  const captures: RecordedCapture[] = [];
  for (let seventh = 0; seventh < 7; seventh++) captures.push(await maildir.capture(base, { seventh }));
  return captures;
};

/** In how many of the captures `cur` was listed, and not taken over. */
const listed = (maildir: MaildirFixture, captures: readonly RecordedCapture[]): number =>
  captures.filter((capture) => capture.directories.get(maildir.at('cur'))?.listing.kind === 'listed').length;

const filled = async (count = 3) => {
  const maildir = makeMaildir();
  for (let at = 0; at < count; at++) maildir.write(`cur/1700.M${String(at)}.host:2,`, `message ${String(at)}`);
  maildir.settle();
  return { maildir, base: await maildir.base(await maildir.capture()) };
};

const withoutChildren = (base: Base): Base => ({
  ...base,
  children: (path, run) => {
    assert.ok(path.at(-1) !== 'cur' && path.at(-1) !== 'new', 'the messages of the base are not asked for');
    return base.children(path, run);
  },
});

describe('folders in their seventh', () => {
  test('are taken over when every message is what it was, without a look at the base, however many there are', async () => {
    for (const count of [0, 3, 1000, 2345]) {
      const { maildir, base } = await filled(count);
      using _ = maildir;
      assert.equal(listed(maildir, await everySeventh(maildir, withoutChildren(base))), 0);
    }
  });

  for (const [what, change] of [
    ['was written to', (file: string) => writeFileSync(file, 'MESSAGE 1')],
    ['has another time', (file: string) => utimesSync(file, 1e9, 1e9)],
    ['has other permissions', (file: string) => chmodSync(file, 0o600)],
  ] as const) {
    test(`are listed when a message ${what}, though their directory is what it was`, async () => {
      const { maildir, base } = await filled();
      using _ = maildir;
      change(join(maildir.directory, 'cur/1700.M1.host:2,'));
      const captures = await everySeventh(maildir, base);
      assert.equal(listed(maildir, captures), 1);
    });
  }

  test('are listed when a message was replaced or renamed and the time of the directory set back', async () => {
    const { maildir, base } = await filled();
    using _ = maildir;
    maildir.rename('cur/1700.M1.host:2,', 'cur/1700.M1.host:2,S');
    maildir.settle();
    assert.equal(listed(maildir, await everySeventh(maildir, base)), 7, 'its ctime tells');
  });

  test('are listed when what was kept of them was not all that is there', async () => {
    const { maildir } = await filled();
    using _ = maildir;
    symlinkSync('elsewhere', join(maildir.directory, 'cur/1700.M9.host:2,'));
    maildir.settle();
    const base = await maildir.base(await maildir.capture());
    assert.equal(listed(maildir, await everySeventh(maildir, base)), 1);
  });

  test('are listed when nothing is known of the last look', async () => {
    const { maildir, base } = await filled();
    using _ = maildir;
    const forgetful: Base = {
      ...base,
      directory: async (path, run) => {
        const found = await base.directory(path, run);
        if (found === undefined) return undefined;
        const { path: place, metadata, settled, held, counts } = found;
        return { path: place, metadata, settled, held, counts };
      },
    };
    assert.equal(listed(maildir, await everySeventh(maildir, forgetful)), 1);
  });
});

const system = await loadPosix();

describe('extended attributes of unchanged messages', () => {
  const attribute = byteStringOfLatin1('user.note');
  const value = Buffer.from('kept');

  /** What is captured of one message's attributes, and whether that is asked of the system. */
  const captured = async (maildir: MaildirFixture, base: Base | undefined, options: Attributes = {}) => {
    const { posix = readable, rescan = false } = options;
    const source = createFilesSource({
      paths: [byteStringOfText(maildir.directory)],
      posix,
      maildir: { skipUnchangedFolders: false, rescan, seventh: -1 },
    });
    const recording = await recordCapture(source, base, maildir.run);
    const child = recording.child(maildir.at('cur/1700.M1.host:2,'));
    assert.ok(child?.kind === 'fresh' || child?.kind === 'same');
    return { base: await maildir.base(recording), attributes: child.entry.extendedAttributes };
  };

  interface Attributes {
    readonly posix?: Posix;
    readonly rescan?: boolean;
  }

  const never = (): never => {
    throw new PosixError('EIO', 'llistxattr');
  };
  const readable = system && { ...system, listAttributes: () => [attribute], readAttribute: () => value };
  const unreadable = system && { ...system, listAttributes: never };

  test('are not asked for again, unless a person says so', { skip: system === undefined }, async () => {
    assert.ok(readable !== undefined && unreadable !== undefined);
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    const first = await captured(maildir, undefined);
    assert.deepEqual(first.attributes, [{ name: attribute, value }]);
    const again = await captured(maildir, first.base, { posix: unreadable });
    assert.deepEqual(again.attributes, [{ name: attribute, value }]);
    const rescanned = await captured(maildir, first.base, { posix: unreadable, rescan: true });
    assert.equal(rescanned.attributes, undefined);
  });

  test('are read when they could not be read before', { skip: system === undefined }, async () => {
    assert.ok(readable !== undefined && unreadable !== undefined);
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    const first = await captured(maildir, undefined, { posix: unreadable });
    assert.equal(first.attributes, undefined);
    const again = await captured(maildir, first.base);
    assert.deepEqual(again.attributes, [{ name: attribute, value }]);
  });

  test('are read when nothing here could read them before', { skip: system === undefined }, async () => {
    using maildir = makeMaildir();
    maildir.write('cur/1700.M1.host:2,', 'one');
    const base = await maildir.base(await maildir.capture());
    assert.deepEqual((await captured(maildir, base)).attributes, [{ name: attribute, value }]);
  });
});
