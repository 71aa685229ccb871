import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { withUidListLock } from './uid-list-file.ts';

test('A12: the lock of a run that was killed is taken over at once, and the list is there afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-uid-list-'));
  try {
    await writeFile(join(folder, 'dovecot-uidlist.lock'), 'mailkeep\n');
    const held: string[] = [];
    await withUidListLock(
      folder,
      async () => {
        held.push(await readFile(join(folder, 'dovecot-uidlist.lock'), 'latin1'));
        return { append: '1 :one\n' };
      },
      createTestRun(),
    );
    assert.deepEqual(held, ['mailkeep\n'], 'it was held meanwhile, and bears the mark by which the next run knows it');
    assert.deepEqual(await readdir(folder), ['dovecot-uidlist']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
