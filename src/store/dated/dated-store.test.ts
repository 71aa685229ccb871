import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { checkWithCoreutils, type DatedFixture, makeDatedFixture, placeMessages } from './dated-fixture.ts';

const withFixture = (name: string, work: (fixture: DatedFixture) => Promise<void>): void => {
  test(name, async () => {
    const fixture = await makeDatedFixture();
    try {
      await work(fixture);
    } finally {
      fixture.close();
    }
  });
};

describe('a dated disk (B2)', () => {
  withFixture('a first day lies as it is laid out, and coreutils agrees', async ({ mail, night, root, run }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,S': 'first\n', 'new/2.host': 'second\n' });
    const { backup, captured } = await night('2025-11-07');
    assert.equal(backup.state, 'good');
    assert.equal(readFileSync(join(root, 'daily/2025-11-07/mail/vmail/alice/cur/1.host:2,S'), 'utf8'), 'first\n');
    assert.equal(readlinkSync(join(root, 'latest')), 'daily/2025-11-07');
    assert.match(checkWithCoreutils(backup.folder), /mail\/vmail\/alice\/new\/2\.host: OK/);
    assert.deepEqual(readdirSync(backup.folder).sort(), ['.mailkeep', 'backup.log', 'checksums.sha256', 'mail']);
    assert.equal(statSync(root).mode & 0o777, 0o700);
    assert.equal(statSync(join(backup.folder, 'backup.log')).mode & 0o777, 0o600);
    assert.equal(captured[0]?.counts.files, 2);
    assert.deepEqual(
      run.events.filter(({ kind }) => kind === 'fault'),
      [],
    );
  });

  withFixture('the next day links what is same, also a message whose flags changed', async ({ mail, night, root }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,': 'first\n', 'cur/2.host:2,S': 'second\n' });
    await night('2025-11-07');
    renameSync(join(mail, 'alice/cur/1.host:2,'), join(mail, 'alice/cur/1.host:2,S'));
    placeMessages(join(mail, 'alice'), { 'new/3.host': 'third\n' });
    const { backup, captured } = await night('2025-11-08');
    const inode = (path: string): number => lstatSync(join(root, 'daily', path)).ino;
    assert.equal(
      inode('2025-11-08/mail/vmail/alice/cur/1.host:2,S'),
      inode('2025-11-07/mail/vmail/alice/cur/1.host:2,'),
    );
    assert.equal(
      inode('2025-11-08/mail/vmail/alice/cur/2.host:2,S'),
      inode('2025-11-07/mail/vmail/alice/cur/2.host:2,S'),
    );
    assert.equal(captured[0]?.linked, 2);
    assert.equal(captured[0]?.writtenBytes, 6);
    checkWithCoreutils(backup.folder);
  });

  withFixture('a day opens as a source and as a base', async ({ mail, night, open, run }) => {
    placeMessages(join(mail, 'alice'), { 'cur/1.host:2,': 'first\n' });
    const { backup } = await night('2025-11-07');
    const source = await open().open(backup, run);
    const recorded = await recordCapture(source, undefined, run);
    assert.deepEqual(recorded.paths(), [
      'mail',
      'mail/vmail',
      'mail/vmail/alice',
      'mail/vmail/alice/cur',
      'mail/vmail/alice/cur/1.host:2,',
      'mail/vmail/alice/new',
      'mail/vmail/alice/tmp',
    ]);
    const again = await recordCapture(source, source, run);
    assert.equal(again.child('mail/vmail/alice/cur/1.host:2,')?.kind, 'same');
    await source.close();
  });
});
