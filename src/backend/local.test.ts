import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Backend, ListedObject, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import type { BackendUnderTest } from '../contract/backend-fixture.ts';
import { backendSuite } from '../contract/backend.suite.ts';
import { createTestRun } from '../contract/test-run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';
import { isFault } from '../model/fault.ts';
import { sweepTemporaryFiles } from './local-sweep.ts';
import { openInThread, openLocalBackend } from './local.ts';

const folders = { config: '', key: 'keys', lock: 'locks', snapshot: 'snapshots', index: 'index', pack: 'data' };
const placeOf = (base: string, kind: ObjectKind, name: string): string =>
  join(base, folders[kind], kind === 'pack' ? name.slice(0, 2) : '', kind === 'config' ? 'config' : name);

/** Folders that are empty again; making and removing 256 of them takes longer than any test. */
const free: string[] = [];
after(async () => {
  for (const folder of free) await rm(folder, { recursive: true });
});

const emptied = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory()) await rm(join(entry.parentPath, entry.name));
  }
  free.push(folder);
};

const makeLocal = (open: (path: string) => Backend) => async (): Promise<BackendUnderTest> => {
  const folder = free.pop() ?? (await mkdtemp(join(tmpdir(), 'mailkeep-local-')));
  const base = join(folder, 'repo');
  return {
    backend: open(base),
    cleanup: () => emptied(folder),
    putStrange: async (kind, name) => {
      const place = placeOf(base, kind, name);
      await mkdir(join(place, '..'), { recursive: true });
      await writeFile(place, 'strange');
    },
    truncate: async ({ kind, name }, length) => {
      await chmod(placeOf(base, kind, name), 0o600);
      await truncate(placeOf(base, kind, name), length);
    },
  };
};

const reopen = async (backend: Backend): Promise<Backend> => {
  assert.equal(backend.entrance?.module, new URL('local.ts', import.meta.url).href);
  return openInThread(structuredClone(backend.entrance?.location));
};

backendSuite('local', makeLocal(openLocalBackend), { listed: 100, reopen });
backendSuite(
  'local without hard links',
  makeLocal((path) => openLocalBackend(path, { hardLinks: false })),
  { reopen },
);
const bytes = new TextEncoder().encode('some bytes');
const name = createHash('sha256').update(bytes).digest('hex');
const pack: ObjectHandle = { kind: 'pack', name };
const config: ObjectHandle = { kind: 'config', name: '' };

const inFolder = async (body: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-local-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const modeOf = async (...path: string[]): Promise<string> => ((await stat(join(...path))).mode & 0o7777).toString(8);

const everyFile = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

describe('the local backend', () => {
  test('S1: the layout and the modes are those of restic, and nobody else can read them', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const base = join(folder, 'a', 'b');
      const backend = openLocalBackend(base);
      await backend.create(run);
      for (const kind of ['config', 'key', 'lock', 'snapshot', 'index', 'pack'] as const) {
        const handle = { kind, name: kind === 'config' ? '' : name };
        await backend.save(handle, [bytes], run);
        assert.equal(await modeOf(placeOf(base, kind, handle.name)), '400', kind);
      }
      assert.deepEqual((await readdir(base)).toSorted(), ['config', 'data', 'index', 'keys', 'locks', 'snapshots']);
      assert.equal((await readdir(join(base, 'data'))).length, 256);
      for (const path of ['.', 'data', join('data', 'ff'), 'index', 'keys', 'locks', 'snapshots']) {
        assert.equal(await modeOf(base, path), '700', path);
      }
    });
  });

  test('a save leaves one file with one link and no temporary file', async () => {
    for (const hardLinks of [true, false]) {
      await inFolder(async (folder) => {
        const run = createTestRun();
        const backend = openLocalBackend(folder, { hardLinks });
        await backend.create(run);
        await backend.save(pack, [bytes], run);
        await assert.rejects(backend.save(pack, [bytes], run), (thrown: unknown) => isFault(thrown, 'object-exists'));
        assert.deepEqual(await everyFile(folder), [name]);
        assert.equal((await stat(placeOf(folder, 'pack', name))).nlink, 1);
      });
    }
  });

  test('a save that is interrupted leaves no file at all', async () => {
    await inFolder(async (folder) => {
      const backend = openLocalBackend(folder);
      await backend.create(createTestRun());
      const during = createTestRun();
      const large = Array.from({ length: 40 }, () => new Uint8Array(1 << 20));
      const saving = backend.save(pack, large, during);
      while ((await everyFile(folder)).length === 0) await new Promise((resolve) => setImmediate(resolve));
      during.abort();
      await assert.rejects(saving, (thrown: unknown) => isFault(thrown, 'interrupted'));
      assert.deepEqual(await everyFile(folder), []);
    });
  });

  test('a folder that got lost beside a config is made again, and counts as empty', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(folder);
      await backend.create(run);
      await backend.save(config, [bytes], run);
      await rm(join(folder, 'data'), { recursive: true });
      await rm(join(folder, 'locks'), { recursive: true });
      for await (const page of backend.list('pack', run)) assert.fail(`found ${page.length}`);
      for await (const page of backend.list('lock', run)) assert.fail(`found ${page.length}`);
      await backend.save(pack, [bytes], run);
      await backend.save({ kind: 'lock', name }, [bytes], run);
      assert.deepEqual(await backend.load(pack, undefined, run), bytes);
    });
  });

  test('a disk that is not mounted is neither listed as empty nor written to', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      for (const base of [folder, join(folder, 'gone')]) {
        const backend = openLocalBackend(base);
        const unavailable = (thrown: unknown): boolean => isFault(thrown, 'backend-unavailable');
        await assert.rejects(backend.save(pack, [bytes], run), unavailable);
        await assert.rejects(Array.fromAsync(backend.list('snapshot', run)), unavailable);
        await assert.rejects(Array.fromAsync(backend.list('pack', run)), unavailable);
        await assert.rejects(backend.size(config, run), (thrown: unknown) => isFault(thrown, 'object-missing'));
        assert.deepEqual(await readdir(folder), []);
      }
    });
  });

  test('folders, pipes and dead links that bear the name of an object are no objects; a link to a file is', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(folder);
      await backend.create(run);
      const named = (digit: string): string => digit.repeat(64);
      await mkdir(join(folder, 'index', named('1')));
      await symlink('nowhere', join(folder, 'index', named('2')));
      await writeFile(join(folder, 'elsewhere'), bytes);
      await symlink('../elsewhere', join(folder, 'index', named('3')));
      const listed: ListedObject[] = (await Array.fromAsync(backend.list('index', run))).flat();
      assert.deepEqual(listed, [{ name: named('3'), size: bytes.length }]);
      for (const digit of ['1', '2']) {
        const handle = { kind: 'index', name: named(digit) } as const;
        await assert.rejects(backend.load(handle, undefined, run), (thrown: unknown) =>
          isFault(thrown, 'object-missing'),
        );
      }
      assert.deepEqual(await backend.load({ kind: 'index', name: named('3') }, undefined, run), bytes);
    });
  });

  test('a pack in the wrong folder is not listed, as it could not be loaded', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(folder);
      await backend.create(run);
      await writeFile(join(folder, 'data', '00', 'f'.repeat(64)), bytes);
      assert.deepEqual(await Array.fromAsync(backend.list('pack', run)), []);
    });
  });

  test('only what unfinished writes left a day ago is swept', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const backend = openLocalBackend(folder);
      await backend.create(run);
      await backend.save(config, [bytes], run);
      await backend.save(pack, [bytes], run);
      const now = Number(run.now() / 1_000_000_000n);
      const put = async (path: string, age: number): Promise<void> => {
        await writeFile(join(folder, path), bytes);
        await utimes(join(folder, path), now - age, now - age);
      };
      const dataFolder = join('data', name.slice(0, 2));
      await put(join(dataFolder, `${name}-tmp-1234`), 90_000);
      await put(join('locks', `${name}-tmp-1234`), 90_000);
      await put('config-tmp-77', 90_000);
      await put(join(dataFolder, `${name}-tmp-5678`), 80_000);
      await put(join(dataFolder, 'notes-tmp-1'), 90_000);
      await put('README', 90_000);
      await utimes(placeOf(folder, 'pack', name), 0, 0);
      assert.equal(await sweepTemporaryFiles(folder, run), 3);
      const left = ['README', 'config', 'notes-tmp-1', name, `${name}-tmp-5678`];
      assert.deepEqual((await everyFile(folder)).toSorted(), left.toSorted());
    });
  });

  test('a path may hold any bytes, and the other thread opens the same one', async () => {
    await inFolder(async (folder) => {
      const run = createTestRun();
      const odd = byteStringOfLatin1(`${folder}/${byteStringOfText('メール')}`);
      for (const path of [odd, `${folder}/メール`])
        assert.equal(openLocalBackend(path).description, `${folder}/メール`);
      const backend = openLocalBackend(odd);
      await backend.create(run);
      await backend.save(pack, [bytes], run);
      assert.deepEqual(await readdir(folder), ['メール']);
      const other = await reopen(backend);
      assert.deepEqual(await other.load(pack, undefined, run), bytes);
      assert.deepEqual((await Array.fromAsync(other.list('pack', run))).flat(), [{ name, size: bytes.length }]);
      await other.remove(pack, run);
      await assert.rejects(backend.size(pack, run), (thrown: unknown) => isFault(thrown, 'object-missing'));
    });
  });

  test('an empty path is refused instead of leading to the root', () => {
    assert.throws(
      () => openLocalBackend(byteStringOfLatin1('')),
      (thrown: unknown) => isFault(thrown, 'configuration'),
    );
  });
});
