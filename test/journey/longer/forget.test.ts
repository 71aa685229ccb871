import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createForgetComparison } from '../forget-comparison.ts';

test('S4: forget decides as restic 0.19 does, over hundreds of groups of snapshots, reasons and all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-forget-'));
  const comparison = await createForgetComparison(folder, { seed: 1, hosts: 40 });
  try {
    let groups = 0;
    let refusals = 0;
    for (let policy = 1; policy <= 100; policy++) {
      const compared = await comparison.compare(policy);
      assert.deepEqual(compared.ours, compared.theirs, compared.what);
      groups += compared.groups;
      if (compared.theirs === 'refused') refusals++;
    }
    assert.ok(groups > 2000, `only ${groups} groups were compared, ${refusals} policies were refused`);
  } finally {
    await comparison.close();
    await rm(folder, { recursive: true, force: true });
  }
});
