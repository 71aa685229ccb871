import assert from 'node:assert/strict';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { succeed } from '../../requirement/command.ts';
import { makeOddEntries, makeOddTimes } from '../odd-entries.ts';
import { createResticRepository } from '../restic-repository.ts';

const rewriter = fileURLToPath(new URL('../tree-rewriter.ts', import.meta.url));

/** A file system in memory has times that the disk's may not have. */
const widestFolder = (): Promise<string> =>
  access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );

const zones = [
  { zone: 'UTC', epoch: '1970-01-01T00:00:00Z' },
  { zone: 'Asia/Tokyo', epoch: '1970-01-01T09:00:00+09:00' },
  { zone: 'America/New_York', epoch: '1969-12-31T19:00:00-05:00' },
];

/** Backs a folder up in a zone, writes its trees again in the same zone, and checks that nothing has changed. */
const compareTrees = async (work: string, folder: string, zone: string): Promise<{ nodes: number; zone: string }> => {
  const repository = await createResticRepository(work, zone);
  await repository.run(['backup', '.'], folder);
  const file = join(work, 'trees.json');
  await writeFile(file, JSON.stringify(await repository.trees()));
  const env = { PATH: '/usr/bin:/bin', TZ: zone };
  const said: unknown = JSON.parse(await succeed(process.execPath, [rewriter, file], { env }));
  assert.ok(typeof said === 'object' && said !== null);
  const { differences, ...counted } = Object.assign({ nodes: 0, zone: '', differences: [''] }, said);
  assert.deepEqual(differences, []);
  return counted;
};

const withFolder = async (parent: string, use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(parent, 'mailkeep-trees-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

test('S1: trees of restic 0.19 with entries of every kind come back byte for byte', async () => {
  await withFolder(tmpdir(), async (work) => {
    await using entries = await makeOddEntries(join(work, 'entries'));
    const { nodes } = await compareTrees(join(work, 'compared'), entries.folder, 'Asia/Tokyo');
    assert.ok(nodes > 550, `only ${nodes} nodes`);
  });
});

for (const { zone, epoch } of zones) {
  test(`S1: times of all ages are written as restic 0.19 writes them in ${zone}`, async () => {
    await withFolder(tmpdir(), async (work) => {
      await withFolder(await widestFolder(), async (memory) => {
        await makeOddTimes(join(memory, 'times'));
        const counted = await compareTrees(join(work, 'compared'), memory, zone);
        assert.ok(counted.nodes >= 19);
        assert.equal(counted.zone, epoch);
      });
    });
  });
}
