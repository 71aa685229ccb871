import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { isFault } from '../../../model/fault.ts';
import { openMirror } from '../mirror/mirror.ts';
import { refuseOldTree } from './refuse-old-tree.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mailkeep-old-tree-'));
  await writeFile(join(directory, '.uidvalidity'), '1\n2\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const isRefused = (error: unknown): boolean => isFault(error, 'target-occupied');

test('A5: an old tree is refused, also where one of its mail folders is called mailkeep', async () => {
  await assert.rejects(refuseOldTree(directory, 'work'), isRefused);
  await mkdir(join(directory, 'mailkeep', 'cur'), { recursive: true });
  await assert.rejects(refuseOldTree(directory, 'work'), isRefused);
  await writeFile(join(directory, 'mailkeep', 'format.json'), '{"version":1,"kind":"imap"}');
  await assert.rejects(refuseOldTree(directory, 'work'), isRefused);
  await writeFile(join(directory, 'mailkeep', 'format.json'), '{"version":');
  await assert.rejects(refuseOldTree(directory, 'work'), isRefused);
});

test('A5: a mirror of ours is none, whatever a mail program has put there', async () => {
  await (await openMirror({ directory, account: 'work', judge: () => [] }, createTestRun())).close();
  await refuseOldTree(directory, 'work');
});
