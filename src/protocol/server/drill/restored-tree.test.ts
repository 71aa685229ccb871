import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { restoredTreeIn } from './restored-tree.ts';

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mailkeep-restored-')));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};
const pathOf = (text: string) => text.split('/').map(byteStringOfText);

test('a link that leads out of what was restored is taken away before mail is served; the live mailbox behind it stays', () =>
  inFolder(async (folder) => {
    const [restored, living] = [join(folder, 'restored'), join(folder, 'living')];
    for (const maildir of [join(restored, 'vmail/alice'), join(restored, 'vmail/bob'), living]) {
      for (const name of ['cur', 'new', 'tmp']) await mkdir(join(maildir, name), { recursive: true });
    }
    await writeFile(join(living, 'new/1'), 'Subject: living\n\n');
    const alice = join(restored, 'vmail/alice');
    await symlink(living, join(alice, '.Shared'));
    await symlink('../../../living/new/1', join(alice, 'new/1'));
    await symlink('../bob', join(alice, '.Bob'));
    const { maildir } = await restoredTreeIn(restored).adopt(pathOf('vmail/alice'));
    assert.equal(maildir, alice);
    assert.ok(!existsSync(join(alice, '.Shared')) && !existsSync(join(alice, 'new/1')));
    assert.ok(lstatSync(join(alice, '.Bob')).isSymbolicLink());
    assert.ok(existsSync(join(living, 'new/1')));
  }));

test('files are listed without messages, links followed where they stay inside, and nothing outside is read', () =>
  inFolder(async (folder) => {
    const restored = join(folder, 'restored');
    for (const name of ['cur', 'new', 'live', 'archive']) await mkdir(join(restored, name), { recursive: true });
    await writeFile(join(folder, 'secret.pem'), 'outside');
    await writeFile(join(restored, 'cur/1:2,S'), 'Subject: x\n\n');
    await writeFile(join(restored, 'archive/cert1.pem'), 'inside');
    await symlink('../archive/cert1.pem', join(restored, 'live/cert.pem'));
    await symlink('../../secret.pem', join(restored, 'live/key.pem'));
    const tree = restoredTreeIn(restored);
    const paths: string[] = [];
    for await (const { path } of tree.files(createTestRun())) paths.push(path);
    assert.deepEqual(paths, ['archive/cert1.pem', 'live/cert.pem']);
    assert.equal(await tree.text('live/cert.pem'), 'inside');
    assert.equal(await tree.text('live/key.pem'), undefined);
  }));
