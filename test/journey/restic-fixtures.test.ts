import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFault } from '../../src/model/fault.ts';
import { succeed } from '../requirement/command.ts';
import { assertSameTrees } from './compare-trees.ts';
import { ourRepository } from './our-repository.ts';
import { resticOn } from './restic-runner.ts';

/** Unpacks a repository of restic's own tests. */
const unpacked = async (context: TestContext, name: string): Promise<{ work: string; repository: string }> => {
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-fixtures-'));
  context.after(() => rm(work, { recursive: true, force: true }));
  const archive = fileURLToPath(new URL(`../fixture/restic-repos/${name}.tar.gz`, import.meta.url));
  await succeed('tar', ['-xzf', archive, '-C', work]);
  const [folder = ''] = await readdir(work);
  return { work, repository: join(work, folder) };
};

for (const name of ['small-repo', 'repo-layout-default', 'repo-mixed']) {
  test(`S1: ${name}, written by an early restic, is checked and restored as restic 0.19 restores it`, async (context) => {
    const { work, repository } = await unpacked(context, name);
    const ours = ourRepository(repository);
    const restic = await resticOn(repository);
    const { faults, trees } = await ours.check();
    assert.deepEqual(faults, []);
    assert.ok(trees > 0);
    const ids = await ours.snapshotIds();
    const listed = (await restic(['list', 'snapshots', '--no-lock'])).match(/^[0-9a-f]{64}$/gm) ?? [];
    assert.deepEqual(ids.toSorted(), listed.toSorted());
    for (const id of ids) {
      const [byUs, byRestic] = [join(work, 'ours', id), join(work, 'restic', id)];
      await mkdir(byRestic, { recursive: true });
      await restic(['restore', id, '--target', byRestic, '--no-lock']);
      await ours.restore(byUs, id);
      await assertSameTrees(byRestic, byUs);
    }
  });
}

test('S5: a repository that lacks packs is found damaged, and what is there is still read', async (context) => {
  const { work, repository } = await unpacked(context, 'repo-data-missing');
  const ours = ourRepository(repository);
  const { damage, faults } = await ours.check();
  assert.ok(damage > 0);
  assert.ok(
    faults.some((fault) => /^pack-damaged: the pack [0-9a-f]{8} is missing/.test(fault)),
    faults.join('\n'),
  );
  const [id = ''] = await ours.snapshotIds();
  await assert.rejects(ours.restore(join(work, 'restored'), id), (thrown) =>
    isFault(thrown, 'pack-damaged', 'blob-missing', 'blob-damaged'),
  );
});
