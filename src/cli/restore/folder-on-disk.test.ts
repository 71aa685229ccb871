import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { folderOnDisk } from './folder-on-disk.ts';

test('B11: a day that is not on the disk is refused with the days that are', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'mailkeep-days-'));
  t.after(() => rm(root, { recursive: true }));
  const missing = { kind: 'dated', name: { kind: 'daily', date: '2025-11-06' } } as const;
  const refused = async (place: Parameters<typeof folderOnDisk>[1], hint: string): Promise<void> =>
    assert.rejects(folderOnDisk(root, place), (fault) => {
      assert.ok(isFault(fault, 'snapshot-missing'));
      assert.equal(fault.hint, hint);
      return true;
    });
  await refused({ kind: 'latest' }, 'The disk has no backup at all so far.');
  for (const day of ['daily/2025-11-07', 'daily/2025-11-08', 'daily/.partial-x', 'weekly/2025-week-45'])
    await mkdir(join(root, day), { recursive: true });
  await refused(missing, 'There are: 2025-11-08, 2025-11-07, weekly/2025-week-45.');
  await symlink('daily/2025-11-08', join(root, 'latest'));
  assert.equal(await folderOnDisk(root, { kind: 'latest' }), join(root, 'latest'));
  const there = { kind: 'dated', name: { kind: 'weekly', year: 2025, week: 45 } } as const;
  assert.equal(await folderOnDisk(root, there), join(root, 'weekly/2025-week-45'));
  for (let day = 10; day < 30; day++) await mkdir(join(root, `daily/2025-11-${day}`));
  await assert.rejects(folderOnDisk(root, missing), { hint: /^There are: 2025-11-29, .*2025-11-20, …, weekly/ });
});
