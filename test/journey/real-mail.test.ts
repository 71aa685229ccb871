import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertSameTrees } from './compare-trees.ts';
import { makeOurRepository } from './our-repository.ts';

for (const [name, folder] of [
  ['malformed and odd messages', '../fixture/mail/'],
  ['the example mailbox', '../../examples/Maildir/'],
] as const) {
  test(`every byte of ${name} comes back`, async (context) => {
    const work = await mkdtemp(join(tmpdir(), 'mailkeep-mail-'));
    context.after(() => rm(work, { recursive: true, force: true }));
    const source = fileURLToPath(new URL(folder, import.meta.url));
    const ours = await makeOurRepository(join(work, 'repository'));
    const { summary } = await ours.backup(source);
    assert.ok(summary.filesNew > 5);
    await ours.restore(join(work, 'restored'));
    await assertSameTrees(source, join(work, 'restored'));
    assert.deepEqual((await ours.check()).faults, []);
  });
}
