import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { withUidListLock } from './uid-list-file.ts';

describe('A12: the lock of a list of UIDs', () => {
  let folder = '';
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'mailkeep-uid-list-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const list = (): Promise<string> => readFile(join(folder, 'dovecot-uidlist'), 'latin1');
  const lock = (): Promise<string> => readFile(join(folder, 'dovecot-uidlist.lock'), 'latin1');

  test('of a run that was killed is taken over at once, and the list is there afterwards', async () => {
    await writeFile(join(folder, 'dovecot-uidlist.lock'), 'mailkeep\n');
    const held: string[] = [];
    await withUidListLock(
      folder,
      async () => {
        held.push(await lock());
        return { append: '1 :one\n' };
      },
      createTestRun(),
    );
    assert.deepEqual(held, ['mailkeep\n'], 'it was held meanwhile, and bears the mark by which the next run knows it');
    assert.deepEqual(await readdir(folder), ['dovecot-uidlist']);
  });

  test('goes when a list was written anew, and whatever a killed run has left of one is written over', async () => {
    await writeFile(join(folder, 'dovecot-uidlist'), 'old\n');
    await withUidListLock(folder, async () => ({ whole: 'new\n' }), createTestRun());
    assert.equal(await list(), 'new\n');
    assert.deepEqual(await readdir(folder), ['dovecot-uidlist']);
    await writeFile(join(folder, 'dovecot-uidlist.mailkeep'), 'half of a list', { mode: 0o600 });
    await writeFile(join(folder, 'dovecot-uidlist.mailkeep-lock'), 'mai');
    await withUidListLock(folder, async () => ({ whole: 'newest\n' }), createTestRun());
    assert.equal(await list(), 'newest\n');
    assert.deepEqual(await readdir(folder), ['dovecot-uidlist']);
  });

  test('of Dovecot is waited for', async () => {
    await writeFile(join(folder, 'dovecot-uidlist.lock'), '');
    const order: string[] = [];
    const work = withUidListLock(
      folder,
      async () => {
        order.push('ours');
        return undefined;
      },
      createTestRun(),
    );
    order.push('theirs');
    await rm(join(folder, 'dovecot-uidlist.lock'));
    await work;
    assert.deepEqual(order, ['theirs', 'ours']);
  });
});
