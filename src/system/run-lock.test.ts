import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { isFault } from '../model/fault.ts';
import { ownProcessStamp } from './process-stamp.ts';
import { takeRunLock } from './run-lock.ts';

const place = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-run-lock-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'state', 'run');
};
const { signal } = new AbortController();
const now = { wait: 0, signal };

describe('the lock of a run', () => {
  test('only one has it; the next is told since when and by whom, and gets it afterwards', async (t) => {
    const path = await place(t);
    const lock = await takeRunLock({ path, ...now });
    await assert.rejects(takeRunLock({ path, ...now }), (error) => {
      assert.ok(isFault(error, 'run-under-way'));
      assert.equal(error.context['pid'], process.pid);
      return true;
    });
    await lock.release();
    await (await takeRunLock({ path, ...now })).release();
    assert.deepEqual(await readdir(join(path, '..')), [], 'nothing is left');
  });

  test('also where a file can have no second name', async (t) => {
    const path = await place(t);
    const giveName = (): Promise<never> => Promise.reject(Object.assign(new Error('no links'), { code: 'EPERM' }));
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => takeRunLock({ path, ...now, giveName })));
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of all) if (one.status === 'fulfilled') await one.value.release();
    assert.deepEqual(await readdir(join(path, '..')), [], 'nothing is left');
  });

  test('of many that come at once one gets it', async (t) => {
    const path = await place(t);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => takeRunLock({ path, ...now })));
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of all) if (one.status === 'fulfilled') await one.value.release();
  });

  test('who waits gets it as soon as it is free, and is told once that it waits', async (t) => {
    const path = await place(t);
    const first = await takeRunLock({ path, ...now });
    let told = 0;
    const onWait = (): void => {
      told++;
      setTimeout(() => void first.release(), 20);
    };
    const waiting = takeRunLock({ path, wait: 60_000, signal, interval: 5, onWait });
    await (await waiting).release();
    assert.equal(told, 1);
  });

  test('waiting ends when it is interrupted', async (t) => {
    const path = await place(t);
    const first = await takeRunLock({ path, ...now });
    const controller = new AbortController();
    const waiting = takeRunLock({ path, wait: 60_000, signal: controller.signal, onWait: () => controller.abort() });
    await assert.rejects(waiting, (error) => isFault(error, 'interrupted'));
    await first.release();
  });

  test('that of a process which is over is taken over, by one only', async (t) => {
    const path = await place(t);
    await (await takeRunLock({ path, ...now })).release();
    const dead = { ...ownProcessStamp(), pid: 2 ** 22 + 1 };
    await writeFile(path, JSON.stringify(dead));
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => takeRunLock({ path, ...now })));
    const got = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    assert.equal(got.length, 1);
    await got[0]?.release();
  });

  test('what killed runs left beside it goes, and nothing of those that live', async (t) => {
    const path = await place(t);
    await (await takeRunLock({ path, ...now })).release();
    const dead = JSON.stringify({ ...ownProcessStamp(), pid: 2 ** 22 + 1 });
    const living = JSON.stringify(ownProcessStamp());
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const [name, text] of [
      ['.0123456789ab', dead],
      ['.1123456789ab', living],
      ['.2123456789ab', ''],
      ['.3123456789ab', ''],
      ['.of-somebody', dead],
    ] as const) {
      await writeFile(`${path}${name}`, text);
      if (name.startsWith('.3')) await utimes(`${path}${name}`, hourAgo, hourAgo);
    }
    const lock = await takeRunLock({ path, ...now });
    const left = ['run', 'run.1123456789ab', 'run.2123456789ab', 'run.of-somebody'];
    assert.deepEqual((await readdir(join(path, '..'))).sort(), left);
    await lock.release();
  });

  test('where nothing can be said of its process, half an hour of silence is its end', async (t) => {
    const path = await place(t);
    await (await takeRunLock({ path, ...now })).release();
    await writeFile(path, '{"pid": 17');
    await assert.rejects(takeRunLock({ path, ...now }), (error) => isFault(error, 'run-under-way'));
    const old = new Date(Date.now() - 31 * 60_000);
    await utimes(path, old, old);
    const lock = await takeRunLock({ path, ...now });
    assert.match(await readFile(path, 'utf8'), /"token"/);
    await lock.release();
  });
});
