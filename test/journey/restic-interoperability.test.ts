import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isFault } from '../../src/model/fault.ts';
import { assertSameTrees, beyondRestic } from './compare-trees.ts';
import { makeMixedSource } from './mixed-source.ts';
import type { OddEntries } from './odd-entries.ts';
import { makeOurRepository, ourRepository, type OurRepository } from './our-repository.ts';
import { type ResticRunner, resticOn, resticSummary, treeOf } from './restic-runner.ts';

describe('S1: restic 0.19 and we share a repository', () => {
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

  const initWithRestic = async (): Promise<ResticRunner> => {
    const restic = await resticOn(place());
    await restic(['init']);
    return restic;
  };
  const repositoryOf = (restic: ResticRunner, mailAware = true): OurRepository =>
    ourRepository(restic.folder, { mailAware });

  test('it checks every byte of what we wrote mail-aware, and restores it to the last nanosecond', async () => {
    const ours = await makeOurRepository(place());
    const { snapshot } = await ours.backup(source);
    const restic = await resticOn(ours.folder);
    assert.match(await restic(['check', '--read-data']), /no errors were found/);
    const target = place();
    await restic(['restore', 'latest', '--target', target, '--verify']);
    await assertSameTrees(source, target, beyondRestic);
    assert.match(await restic(['snapshots']), new RegExp(`${snapshot?.id.slice(0, 8)}[^\\n]+${source}`));
    const listed = await restic(['ls', 'latest']);
    assert.ok(listed.includes('/Maildir/new/1.M1P1.mail1'));
    const found = await restic(['find', '--json', '*.M1P1.*']);
    assert.ok(found.includes('/Maildir/new/1.M1P1.mail1'));
    const message = await restic(['dump', 'latest', '/Maildir/cur/deep-nesting.eml']);
    assert.match(message, /boundary/);
    assert.match(await restic(['stats', '--mode', 'raw-data', '--json']), /"total_blob_count":\d+/);
    const [first] = await ours.snapshotIds();
    await writeFile(join(source, 'files', 'later'), 'later');
    const second = await ours.backup(source, first);
    await rm(join(source, 'files', 'later'));
    assert.match(await restic(['diff', first ?? '', second.snapshot?.id ?? '']), /\+ +\/files\/later/);
  });

  test('we restore what we wrote to the last nanosecond', async () => {
    const ours = await makeOurRepository(place(), { packSize: 4 * 1_048_576 });
    await ours.backup(source);
    const target = place();
    assert.deepEqual([...(await ours.restore(target))], []);
    await assertSameTrees(source, target);
    assert.deepEqual((await ours.check()).faults, []);
  });

  test('we check and restore what it wrote', async () => {
    const restic = await initWithRestic();
    await restic(['backup', '.'], source);
    const ours = repositoryOf(restic);
    const { faults, snapshots, packsRead } = await ours.check();
    assert.deepEqual(faults, []);
    assert.equal(snapshots, 1);
    assert.ok(packsRead > 1);
    const target = place();
    await ours.restore(target);
    await assertSameTrees(source, target, beyondRestic);
  });

  test('the same source gives the same trees and blobs, whoever comes first', async () => {
    for (const first of ['restic', 'ours']) {
      const restic = await initWithRestic();
      const ours = repositoryOf(restic, false);
      const byRestic = async () => resticSummary(await restic(['backup', '--json', '.'], source));
      if (first === 'restic') {
        await byRestic();
        const [parent] = await ours.snapshotIds();
        const { summary } = await ours.backup(source, parent);
        assert.deepEqual([summary.dataBlobs, summary.treeBlobs, summary.dataAdded], [0, 0, 0]);
        assert.deepEqual([summary.filesNew, summary.filesChanged], [0, 0]);
      } else {
        await ours.backup(source);
        const summary = await byRestic();
        assert.deepEqual([summary.data_blobs, summary.tree_blobs, summary.data_added], [0, 0, 0]);
        assert.deepEqual([summary.files_new, summary.files_changed], [0, 0]);
      }
      const ids = await ours.snapshotIds();
      const [one, other] = await Promise.all(ids.map((id) => treeOf(restic, id)));
      assert.equal(one, other);
      assert.match(await restic(['check', '--read-data']), /no errors were found/);
    }
  });

  test('B8: its prune refuses while we write, and we refuse while it checks', async () => {
    const ours = await makeOurRepository(place());
    await ours.backup(source);
    const restic = await resticOn(ours.folder);
    await ours.with((repository, run) =>
      repository.guarded(async () => {
        const { code, stderr } = await restic.attempt(['prune']);
        assert.notEqual(code, 0);
        assert.match(stderr, /already locked/);
        await restic(['snapshots']);
      }, run),
    );
    await restic(['prune']);

    const child = restic.start(['check', '--read-data']);
    const ended = once(child, 'exit');
    // Not the file under another name that becomes the lock: stopped before that, it would hold none.
    const isLocked = async (): Promise<boolean> =>
      (await readdir(join(ours.folder, 'locks'))).some((name) => /^[0-9a-f]{64}$/.test(name));
    while (!(await isLocked())) await setTimeout(5);
    child.kill('SIGSTOP');
    try {
      await assert.rejects(ours.backup(source), (thrown) => isFault(thrown, 'repository-locked'));
    } finally {
      child.kill('SIGCONT');
      await ended;
    }
    const [parent] = await ours.snapshotIds();
    assert.equal((await ours.backup(source, parent)).summary.dataBlobs, 0);
  });
});
