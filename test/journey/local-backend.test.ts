import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openLocalBackend } from '../../src/backend/local.ts';
import type { ObjectHandle } from '../../src/contract/backend.ts';
import { createTestRun } from '../../src/contract/test-run.ts';
import { isFault } from '../../src/model/fault.ts';

const call = promisify(execFile);
const handle = (digit: string): ObjectHandle => ({ kind: 'pack', name: digit.repeat(64) });
const nobody = 65534;
const isRoot = process.getuid?.() === 0;

const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

/** Mounts a file system of its own for the body; says why where that cannot be done. */
const onMount = async (
  context: TestContext,
  options: readonly string[],
  body: (folder: string) => Promise<void>,
): Promise<void> => {
  if (!isRoot) {
    context.skip('only root can mount a file system');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-mount-'));
  try {
    try {
      await call('mount', [...options, folder]);
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      context.skip(`mount does not work here: ${String(error)}`);
      return;
    }
    try {
      await body(folder);
    } finally {
      await call('umount', [folder]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** An ext4 of 8 MB in a file, which has blocks, a journal and a true fsync. */
const onDisk = async (context: TestContext, body: (folder: string) => Promise<void>): Promise<void> => {
  if (!isRoot) {
    context.skip('only root can mount a file system');
    return;
  }
  const image = join(await mkdtemp(join(tmpdir(), 'mailkeep-image-')), 'disk');
  try {
    await writeFile(image, new Uint8Array(8 << 20));
    await call('mkfs.ext4', ['-q', '-m', '0', image]);
    await onMount(context, ['-o', 'loop', image], body);
  } finally {
    await rm(join(image, '..'), { recursive: true });
  }
};

const fillsUp = async (folder: string): Promise<void> => {
  const run = createTestRun();
  const backend = openLocalBackend(join(folder, 'repo'));
  await backend.create(run);
  await backend.save(handle('a'), [new Uint8Array(200_000).fill(7)], run);
  const { bavail: before } = await statfs(folder);
  const parts = Array.from({ length: 40 }, () => new Uint8Array(1 << 20).fill(1));
  await assert.rejects(backend.save(handle('b'), parts, run), (thrown: unknown) => {
    assert.ok(isFault(thrown, 'disk-full'), String(thrown));
    assert.notEqual(thrown.hint, undefined);
    return true;
  });
  await assert.rejects(backend.size(handle('b'), run), (thrown: unknown) => isFault(thrown, 'object-missing'));
  assert.deepEqual(await filesIn(folder), [handle('a').name]);
  assert.ok((await statfs(folder)).bavail >= before - 16, 'the space is free again');
  await backend.save(handle('c'), [new Uint8Array(100_000)], run);
  assert.deepEqual(await backend.load(handle('a'), undefined, run), new Uint8Array(200_000).fill(7));
};

describe('the local backend on real file systems', { concurrency: 1 }, () => {
  test('B8: a full tmpfs is disk-full and leaves nothing behind', async (context) => {
    await onMount(context, ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs'], fillsUp);
  });

  test('B8: a full ext4 is disk-full and leaves nothing behind', async (context) => {
    await onDisk(context, fillsUp);
  });

  test('B8: a disk without inodes left is disk-full', async (context) => {
    await onMount(context, ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=300', 'tmpfs'], async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(join(folder, 'repo'));
      await backend.create(run);
      let saved = 0;
      await assert.rejects(
        (async () => {
          for (; saved < 100; saved++) {
            await backend.save({ kind: 'lock', name: saved.toString().padStart(64, '0') }, [], run);
          }
        })(),
        (thrown: unknown) => isFault(thrown, 'disk-full'),
      );
      assert.equal((await filesIn(folder)).length, saved);
    });
  });

  test('B8: a read-only mount is read-only for writes, and reads go on', async (context) => {
    await onMount(context, ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs'], async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(join(folder, 'repo'));
      await backend.create(run);
      await backend.save(handle('a'), [new Uint8Array(10)], run);
      await call('mount', ['-o', 'remount,ro', folder]);
      const readOnly = (thrown: unknown): boolean => isFault(thrown, 'read-only');
      await assert.rejects(backend.save(handle('b'), [new Uint8Array(10)], run), readOnly);
      await assert.rejects(backend.remove(handle('a'), run), readOnly);
      await assert.rejects(openLocalBackend(join(folder, 'other')).create(run), readOnly);
      assert.deepEqual(await backend.load(handle('a'), undefined, run), new Uint8Array(10));
      assert.deepEqual((await Array.fromAsync(backend.list('pack', run))).flat(), [
        { name: handle('a').name, size: 10 },
      ]);
    });
  });

  test('B8: who may not read or write is told permission-denied, by each call', async (context) => {
    if (!isRoot) {
      context.skip('only root can become somebody else');
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-denied-'));
    try {
      const run = createTestRun();
      const base = join(folder, 'repo');
      const backend = openLocalBackend(base);
      await backend.create(run);
      await backend.save(handle('a'), [new Uint8Array(10)], run);
      await mkdir(join(folder, 'home'));
      await chown(join(folder, 'home'), nobody, nobody);
      await chmod(folder, 0o755);
      // Becomes nobody after the modules are loaded: the project itself need not be readable for everyone.
      const script = `
        import { openLocalBackend } from ${JSON.stringify(new URL('../../src/backend/local.ts', import.meta.url))};
        import { createTestRun } from ${JSON.stringify(new URL('../../src/contract/test-run.ts', import.meta.url))};
        const [base, home] = process.argv.slice(1);
        process.setgroups([]);
        process.setgid(${nobody});
        process.setuid(${nobody});
        const run = createTestRun();
        const told = async (promise) => promise.then(() => 'done', (error) => error.code);
        const all = async (backend) => [
          await told(backend.create(run)),
          await told(backend.save({ kind: 'pack', name: 'b'.repeat(64) }, [new Uint8Array(1)], run)),
          await told(backend.load({ kind: 'pack', name: 'a'.repeat(64) }, undefined, run)),
          await told(backend.size({ kind: 'pack', name: 'a'.repeat(64) }, run)),
          await told(Array.fromAsync(backend.list('pack', run))),
          await told(backend.remove({ kind: 'pack', name: 'a'.repeat(64) }, run)),
        ];
        const own = openLocalBackend(home + '/repo');
        const made = await told(own.create(run));
        const saved = await told(own.save({ kind: 'pack', name: 'a'.repeat(64) }, [new Uint8Array(1)], run));
        console.log(JSON.stringify([await all(openLocalBackend(base)), made, saved, await all(own)]));
      `;
      const args = ['--input-type=module', '--eval', script, base, join(folder, 'home')];
      const { stdout } = await call(process.execPath, args);
      assert.deepEqual(JSON.parse(stdout), [
        Array.from({ length: 6 }, () => 'permission-denied'),
        'done',
        'done',
        Array.from({ length: 6 }, () => 'done'),
      ]);
      assert.deepEqual((await Array.fromAsync(backend.list('pack', run))).flat(), [
        { name: handle('a').name, size: 10 },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
