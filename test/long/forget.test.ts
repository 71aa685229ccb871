import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createForgetComparison } from '../journey/forget-comparison.ts';

test('S4: forget decides as restic 0.19 does, over many thousands of groups of snapshots', async () => {
  let groups = 0;
  for (let seed = 100; seed < 120; seed++) {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-forget-'));
    const comparison = await createForgetComparison(folder, { seed, hosts: 60 });
    try {
      for (let policy = 1; policy <= 50; policy++) {
        const compared = await comparison.compare(seed * 1000 + policy);
        assert.deepEqual(compared.ours, compared.theirs, compared.what);
        groups += compared.groups;
      }
    } finally {
      await comparison.close();
      await rm(folder, { recursive: true, force: true });
    }
  }
  assert.ok(groups > 20_000, `only ${groups} groups were compared`);
});
