import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertSameTrees } from '../journey/compare-trees.ts';
import { makeOurRepository } from '../journey/our-repository.ts';
import { resticOn } from '../journey/restic-runner.ts';
import { succeed } from '../requirement/command.ts';

/** Thousands of real messages, where they lie beside the project. */
const corpora = fileURLToPath(new URL('../../../shared/corpora/', import.meta.url));

const archives = existsSync(corpora)
  ? (await readdir(corpora, { recursive: true })).filter((file) =>
      /(?:mail|maildir|mbox|bounce|spam|tnef).*\.tar\.gz$/i.test(file),
    )
  : [];

test('every byte of every message of the corpora comes back, by us and by restic', async (context) => {
  if (archives.length === 0) return context.skip(`there are no corpora in ${corpora}`);
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-corpora-'));
  context.after(() => rm(work, { recursive: true, force: true }));
  const source = join(work, 'source');
  for (const archive of archives) {
    const folder = join(source, archive);
    await mkdir(folder, { recursive: true });
    await succeed('tar', ['-xzf', join(corpora, archive), '-C', folder]);
  }
  const ours = await makeOurRepository(join(work, 'repository'));
  const { summary, snapshot } = await ours.backup(source);
  assert.ok(summary.filesNew > 7000, String(summary.filesNew));
  await ours.restore(join(work, 'ours'));
  await assertSameTrees(source, join(work, 'ours'));
  const restic = await resticOn(ours.folder);
  assert.match(await restic(['check', '--read-data']), /no errors were found/);
  await restic(['restore', 'latest', '--target', join(work, 'restic')]);
  await assertSameTrees(source, join(work, 'restic'));
  const again = await ours.backup(source, snapshot?.id);
  assert.deepEqual([again.summary.dataBlobs, again.summary.treeBlobs], [0, 0]);
});
