import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { openBackupFolder } from './backup-folder.ts';
import { mailComponent, makeDatedFixture, memoryComponent, placeMessages } from './dated-fixture.ts';

describe('a backup by its folder alone', () => {
  const origin = {
    server: 'mailserver',
    host: 'mail.example.com',
    root: '/opt/mailserver',
    components: [{ name: 'mail', form: 'tree' as const, places: { vmail: '/var/vmail' } }],
    stop: { systemd: ['dovecot'] },
  };

  test('B11: it says where it came from, and a folder of it is a source of its own', async (context) => {
    const fixture = await makeDatedFixture();
    context.after(fixture.close);
    const { mail, root, run } = fixture;
    placeMessages(join(mail, 'alice'), { 'cur/1:2,S': 'first', 'new/2': 'second' });
    const ssl = memoryComponent(
      'ssl',
      'archive',
      memoryDirectory({ certs: memoryDirectory({ key: memoryFile('k') }) }),
    );
    await fixture.night('2025-11-07', [mailComponent(mail), ssl], { origin });
    const backup = await openBackupFolder(join(root, 'latest'));
    assert.deepEqual(
      [backup.name, backup.isComplete, backup.components.map(({ name, form }) => `${name} ${form}`)],
      ['daily/2025-11-07', true, ['mail tree', 'ssl archive']],
    );
    assert.deepEqual(backup.origin, origin);
    const alice = await backup.open(['mail', 'vmail', 'alice'].map(byteStringOfText), run);
    const names = (await recordCapture(alice, undefined, run)).paths();
    assert.deepEqual(names, ['cur', 'cur/1:2,S', 'new', 'new/2', 'tmp']);
    await alice.close();
    const certs = await backup.open(['ssl', 'certs'].map(byteStringOfText), run);
    assert.deepEqual((await recordCapture(certs, undefined, run)).paths(), ['key']);
    await certs.close();
    await assert.rejects(backup.open(['ssl', 'none'].map(byteStringOfText), run), { code: 'path-missing' });
    await assert.rejects(backup.open([byteStringOfText('none')], run), { code: 'path-missing' });
    await assert.rejects(openBackupFolder(root), { code: 'snapshot-missing' });
  });

  test('B11: only the components that are asked for are read again, and nothing is written', async (context) => {
    const fixture = await makeDatedFixture();
    context.after(fixture.close);
    const { mail, root, run } = fixture;
    placeMessages(join(mail, 'alice'), { 'cur/1:2,S': 'first' });
    const mysql = memoryComponent('mysql', 'dump', memoryDirectory({ 'a.txt': memoryFile('a') }));
    await fixture.night('2025-11-07', [mailComponent(mail), mysql], { origin });
    const folder = join(root, 'daily/2025-11-07');
    writeFileSync(join(folder, 'mail/vmail/alice/cur/1:2,S'), 'other');
    const evidence = readFileSync(join(root, '.mailkeep/evidence/daily-2025-11-07.json'), 'utf8');
    const backup = await openBackupFolder(folder);
    assert.deepEqual(await backup.check(['mysql'], run), []);
    const damages = await backup.check(['mail', 'mysql'], run);
    assert.deepEqual(
      damages.map(({ path }) => path),
      ['mail/vmail/alice/cur/1:2,S'],
    );
    assert.equal(readFileSync(join(root, '.mailkeep/evidence/daily-2025-11-07.json'), 'utf8'), evidence);
  });

  test('B11, B13: a description that was altered is a fault, and its commands are not believed', async (context) => {
    const fixture = await makeDatedFixture();
    context.after(fixture.close);
    const { mail, root, run } = fixture;
    placeMessages(join(mail, 'alice'), { 'cur/1:2,S': 'first' });
    await fixture.night('2025-11-07', undefined, { origin });
    const folder = join(root, 'daily/2025-11-07');
    execFileSync('sha256sum', ['--check', '--strict', 'backup.json.sha256'], { cwd: join(folder, '.mailkeep') });
    assert.equal((await openBackupFolder(folder)).isProved, true);
    const file = join(folder, '.mailkeep/backup.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"dovecot"', '"sshd"'));
    await assert.rejects(openBackupFolder(folder), { code: 'verification-failed', message: /is not what was written/ });
    const store = fixture.open();
    assert.deepEqual(await store.backups(run), []);
    await store.close();
    const damaged = await openBackupFolder(folder, { despiteDamage: true });
    assert.deepEqual([damaged.origin, damaged.isProved], [undefined, false]);
    const damages = await damaged.check(['mail'], run);
    assert.deepEqual(
      damages.map(({ path }) => path),
      ['.mailkeep/backup.json'],
    );
    rmSync(`${file}.sha256`);
    const earlier = await openBackupFolder(folder);
    assert.deepEqual([earlier.origin?.stop, earlier.isProved], [{ systemd: ['sshd'] }, false]);
  });
});
