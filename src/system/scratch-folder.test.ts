import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stampOfProcess } from './process-stamp.ts';
import { clearLeftFolders, makeScratchFolder } from './scratch-folder.ts';

/** The stamp of a process that is over. */
const stampOfDead = async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const stamp = stampOfProcess(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(stamp !== undefined);
  return stamp;
};

test('B12: what a killed process has left is removed when its containers are gone, and stays as long as nobody can say that', async () => {
  const base = await mkdtemp(join(tmpdir(), 'mailkeep-scratch-'));
  const container = { engine: 'docker', name: 'mailkeep-drill-1' } as const;
  const left = join(base, 'drill-left');
  await mkdir(left);
  await writeFile(
    join(left, 'owner.json'),
    JSON.stringify({ owner: await stampOfDead(), services: [], containers: [container] }),
  );
  const own = await makeScratchFolder(base, 'drill-');
  await own.noteContainer({ engine: 'podman', name: 'of one that runs' });
  const asked: unknown[] = [];
  const answering = (answer: boolean) => async (one: unknown) => {
    asked.push(one);
    return answer;
  };
  assert.equal(await clearLeftFolders(base, 'drill-', answering(false)), 0);
  assert.equal((await readdir(base)).length, 2);
  assert.equal(await clearLeftFolders(base, 'drill-', answering(true)), 1);
  assert.deepEqual(asked, [container, container]);
  assert.deepEqual(await readdir(base), [own.folder.slice(base.length + 1)]);
  await rm(base, { recursive: true });
});
