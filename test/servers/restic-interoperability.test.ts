import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertSameTrees, beyondOldRestic, beyondRestic } from '../journey/compare-trees.ts';
import type { ResticVersion } from '../requirement/restic.ts';
import { makeMixedSource } from '../journey/mixed-source.ts';
import type { OddEntries } from '../journey/odd-entries.ts';
import { makeOurRepository, ourRepository, type OurRepository } from '../journey/our-repository.ts';
import { type ResticRunner, resticOn, type ResticSettings, resticSummary, treeOf } from '../journey/restic-runner.ts';

describe('S1: every restic and we share a repository', () => {
  let work = '';
  let source = '';
  let entries: OddEntries | undefined;
  let places = 0;
  const place = (): string => join(work, `place-${++places}`);

  before(async () => {
    work = await mkdtemp(join(tmpdir(), 'mailkeep-interoperability-'));
    source = join(work, 'source');
    entries = await makeMixedSource(source);
  });
  after(async () => {
    await entries?.[Symbol.asyncDispose]();
    await rm(work, { recursive: true, force: true });
  });

  const initWithRestic = async (args: readonly string[] = [], settings: ResticSettings = {}): Promise<ResticRunner> => {
    const restic = await resticOn(place(), settings);
    await restic(['init', ...args]);
    return restic;
  };
  const repositoryOf = (restic: ResticRunner, mailAware = true): OurRepository =>
    ourRepository(restic.folder, { mailAware });

  const limitsOf = (version: ResticVersion): RegExp => (version === '0.14' ? beyondOldRestic : beyondRestic);

  const written = [
    { name: 'by restic 0.14', args: [], settings: { version: '0.14' }, backup: [] },
    { name: 'by restic 0.18', args: [], settings: { version: '0.18' }, backup: [] },
    { name: 'in version 1', args: ['--repository-version', '1'], settings: {}, backup: [] },
    {
      name: 'in version 1 by restic 0.14',
      args: ['--repository-version', '1'],
      settings: { version: '0.14' },
      backup: [],
    },
    { name: 'without compression', args: [], settings: {}, backup: ['--compression', 'off', '--pack-size', '4'] },
    {
      name: 'with the best compression',
      args: [],
      settings: {},
      backup: ['--compression', 'max', '--pack-size', '128'],
    },
    { name: 'in Tokyo', args: [], settings: { timeZone: 'Asia/Tokyo' }, backup: [] },
    { name: 'in New York', args: [], settings: { timeZone: 'America/New_York' }, backup: [] },
  ] as const;
  for (const { name, args, settings, backup } of written) {
    test(`we check, restore and continue what was written ${name}`, async () => {
      const restic = await initWithRestic(args, settings);
      await restic([...backup, 'backup', '.'], source);
      const ours = repositoryOf(restic, false);
      const { faults, snapshots, packsRead } = await ours.check();
      assert.deepEqual(faults, []);
      assert.equal(snapshots, 1);
      assert.ok(packsRead > 1);
      const target = place();
      await ours.restore(target);
      await assertSameTrees(source, target, limitsOf(restic.version));
      const [parent] = await ours.snapshotIds();
      const { summary } = await ours.backup(source, parent);
      // Symlinks whose targets restic 0.14 lost.
      const mended = restic.version === '0.14' ? 128 : 0;
      assert.deepEqual([summary.dataBlobs, summary.filesNew, summary.filesChanged], [0, 0, mended]);
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
    });
  }

  const readers = [
    { version: '0.14', verify: ['--verify'], options: {} },
    { version: '0.18', verify: ['--verify'], options: { compression: 'off', packSize: 4 * 1_048_576 } },
    { version: '0.19', verify: ['--verify'], options: { compression: 'max', packSize: 128 * 1_048_576 } },
  ] as const;
  for (const { version, verify, options } of readers) {
    test(`restic ${version} checks, lists, compares and restores what we wrote mail-aware`, async () => {
      const ours = await makeOurRepository(place(), options);
      await ours.backup(source);
      const restic = await resticOn(ours.folder, { version });
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
      const target = place();
      await restic(['restore', 'latest', '--target', target, ...verify]);
      await assertSameTrees(source, target, limitsOf(restic.version));
      assert.ok((await restic(['ls', 'latest'])).includes('/Maildir/new/1.M1P1.mail1'));
      const summary = resticSummary(await restic(['backup', '--json', '.'], source));
      assert.deepEqual([summary.files_new, summary.files_changed, summary.data_blobs], [0, 0, 0]);
    });
  }

  test('the same source gives the same trees and blobs without parents, whoever comes first', async () => {
    for (const first of ['restic', 'ours']) {
      const restic = await initWithRestic();
      const ours = repositoryOf(restic, false);
      const byRestic = async () => resticSummary(await restic(['backup', '--json', '--force', '.'], source));
      if (first === 'restic') {
        await byRestic();
        const { summary } = await ours.backup(source);
        assert.deepEqual([summary.dataBlobs, summary.treeBlobs, summary.dataAdded], [0, 0, 0]);
      } else {
        await ours.backup(source);
        const summary = await byRestic();
        assert.deepEqual([summary.data_blobs, summary.tree_blobs, summary.data_added], [0, 0, 0]);
      }
      const ids = await ours.snapshotIds();
      const [one, other] = await Promise.all(ids.map((id) => treeOf(restic, id)));
      assert.equal(one, other);
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
    }
  });

  test('it changes our repository in every way, and we go on', async () => {
    const ours = await makeOurRepository(place());
    const restic = await resticOn(ours.folder);
    const first = (await ours.backup(source)).snapshot?.id ?? '';
    await restic(['tag', '--add', 'kept', first]);
    const [tagged = ''] = await ours.snapshotIds();
    assert.notEqual(tagged, first);
    const original = await ours.with(async (repository, run) => (await repository.snapshots(run)).at(0)?.originalId);
    assert.equal(original, first, 'the snapshot is known by its first id');
    assert.equal((await ours.backup(source, tagged)).summary.dataBlobs, 0);

    // Encoding a tree again must give the same bytes, or rewrite refuses.
    await restic(['rewrite', '--forget', '--exclude', 'sparse', tagged]);
    const target = place();
    await restic(['restore', 'latest', '--target', target, '--tag', 'kept']);
    await rename(join(source, 'files', 'sparse'), join(work, 'sparse'));
    await assertSameTrees(join(source, 'Maildir'), join(target, 'Maildir'));
    await rename(join(work, 'sparse'), join(source, 'files', 'sparse'));

    await restic(['forget', '--keep-last', '1', '--group-by', '', '--prune', '--max-unused', '0']);
    assert.deepEqual((await ours.check()).faults, []);
    const password = join(work, 'second-password');
    await writeFile(password, 'second');
    await restic(['key', 'add', '--new-password-file', password]);
    const bySecond = ourRepository(ours.folder, { password: 'second' });
    const [parent] = await bySecond.snapshotIds();
    const { snapshot } = await bySecond.backup(source, parent);
    const restored = place();
    await bySecond.restore(restored, snapshot?.id);
    await assertSameTrees(source, restored);

    const copied = await initWithRestic(['--from-repo', ours.folder, '--copy-chunker-params']);
    await copied(['copy', '--from-repo', ours.folder]);
    const copy = repositoryOf(copied);
    assert.deepEqual((await copy.check()).faults, []);
    const [newest = ''] = (await copy.snapshotIds()).slice(-1);
    assert.equal((await copy.backup(source, newest)).summary.dataBlobs, 0);
    assert.match(await copied(['check', '--read-data']), /no errors were found/);
    assert.match(await restic(['check', '--read-data']), /no errors were found/);
  });
});
