import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Backend, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { backendSuite } from '../contract/backend.suite.ts';
import { createTestRun } from '../contract/test-run.ts';
import { byteStringOfText } from '../model/byte-string.ts';
import { isFault } from '../model/fault.ts';
import { createMemoryBackend } from './memory.ts';
import { type CacheOptions, withCache } from './with-cache.ts';
import { withCount } from './with-count.ts';

const repositoryId = 'c0ffee'.padEnd(64, '0');
const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mailkeep-cache-'));
const optionsFor = (folder: string): CacheOptions => ({
  folder: byteStringOfText(folder),
  repositoryId,
  isTreePack: () => true,
});

backendSuite('with cache', async () => {
  const folder = await makeFolder();
  return {
    backend: withCache(createMemoryBackend({ pageSize: 7 }), optionsFor(folder)),
    cleanup: () => rm(folder, { recursive: true }),
  };
});
backendSuite('with a cache that does not work', async () => ({
  backend: withCache(createMemoryBackend(), optionsFor('/dev/null/cache')),
  cleanup: async () => {},
}));

const named = (kind: ObjectKind, bytes: Uint8Array): ObjectHandle => ({
  kind,
  name: createHash('sha256').update(bytes).digest('hex'),
});
const unique = (length = 500): Uint8Array => new Uint8Array(randomBytes(length));

interface Ground {
  readonly folder: string;
  readonly memory: Backend;
  readonly counted: ReturnType<typeof withCount>;
  /** A new process on the same cache. */
  open(more?: Partial<CacheOptions>): Backend;
  place(handle: ObjectHandle): string;
  cached(): Promise<string[]>;
}

const onGround = async (body: (ground: Ground) => Promise<void>): Promise<void> => {
  const folder = await makeFolder();
  const memory = createMemoryBackend();
  const counted = withCount(memory);
  const folders: Partial<Record<ObjectKind, string>> = { index: 'index', snapshot: 'snapshots', pack: 'data' };
  try {
    await body({
      folder,
      memory,
      counted,
      open: (more = {}) => withCache(counted.backend, { ...optionsFor(folder), ...more }),
      place: ({ kind, name }) => join(folder, repositoryId, folders[kind] ?? '', name.slice(0, 2), name),
      cached: async () => {
        const entries = await readdir(join(folder, repositoryId), { recursive: true, withFileTypes: true });
        return entries.filter((entry) => entry.isFile() && entry.name !== 'version').map((entry) => entry.name);
      },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe('with cache', () => {
  test('S1: the cache has restic’s layout, holds the stored bytes, and is for its owner only', async () => {
    await onGround(async ({ folder, memory, open, place, cached }) => {
      const run = createTestRun();
      const handles: ObjectHandle[] = [];
      for (const kind of ['index', 'snapshot', 'pack'] as const) {
        const bytes = unique();
        const handle = named(kind, bytes);
        handles.push(handle);
        await memory.save(handle, [bytes], run);
        await open().load(handle, undefined, run);
        assert.deepEqual(new Uint8Array(await readFile(place(handle))), bytes);
        assert.equal((await stat(place(handle))).mode & 0o777, 0o600);
      }
      assert.deepEqual((await cached()).toSorted(), handles.map(({ name }) => name).toSorted());
      const tag = await readFile(join(folder, 'CACHEDIR.TAG'), 'utf8');
      assert.equal(tag.split('\n')[0], 'Signature: 8a477f597d28d172789f06886806bc55');
      assert.equal(await readFile(join(folder, repositoryId, 'version'), 'utf8'), '1');
      for (const path of ['', 'index', 'snapshots', 'data']) {
        assert.equal((await stat(join(folder, repositoryId, path))).mode & 0o777, 0o700, path);
      }
    });
  });

  test('what was saved or loaded once is not loaded again, by later processes either', async () => {
    await onGround(async ({ counted, open, memory }) => {
      const run = createTestRun();
      const [saved, loaded] = [unique(), unique()];
      await open().save(named('pack', saved), [saved.subarray(0, 5), saved.subarray(5)], run);
      await memory.save(named('pack', loaded), [loaded], run);
      const first = open();
      await first.load(named('pack', loaded), { start: 3, length: 4 }, run);
      for (const backend of [first, open()]) {
        for (const bytes of [saved, loaded]) {
          assert.deepEqual(await backend.load(named('pack', bytes), undefined, run), bytes);
          const range = { start: 100, length: 50 };
          assert.deepEqual(await backend.load(named('pack', bytes), range, run), bytes.slice(100, 150));
        }
      }
      assert.equal(counted.counts.load, 1);
    });
  });

  test('many that want the same object cause one load', async () => {
    await onGround(async ({ counted, open, memory }) => {
      const run = createTestRun();
      const bytes = unique();
      await memory.save(named('index', bytes), [bytes], run);
      const backend = open();
      const all = await Promise.all(
        Array.from({ length: 5 }, () => backend.load(named('index', bytes), undefined, run)),
      );
      for (const found of all) assert.deepEqual(found, bytes);
      assert.equal(new Set(all.map((found) => found.buffer)).size, 5);
      assert.equal(counted.counts.load, 1);
    });
  });

  test('packs of data, locks, keys and the config are not kept', async () => {
    await onGround(async ({ open, cached }) => {
      const run = createTestRun();
      const backend = open({ isTreePack: () => false });
      for (const kind of ['pack', 'lock', 'key', 'index'] as const) {
        const bytes = unique();
        await backend.save(named(kind, bytes), [bytes], run);
        await backend.load(named(kind, bytes), undefined, run);
      }
      assert.equal((await cached()).length, 1);
    });
  });

  test('a damaged, cut or empty cached file is found by its name and loaded anew', async () => {
    await onGround(async ({ open, place, memory }) => {
      const run = createTestRun();
      const bytes = unique();
      const handle = named('snapshot', bytes);
      await memory.save(handle, [bytes], run);
      await open().load(handle, undefined, run);
      for (const damage of [bytes.with(7, (bytes[7] ?? 0) ^ 1), bytes.subarray(0, 100), new Uint8Array(0)]) {
        await writeFile(place(handle), damage);
        assert.deepEqual(await open().load(handle, { start: 0, length: 10 }, run), bytes.slice(0, 10));
        assert.deepEqual(new Uint8Array(await readFile(place(handle))), bytes);
      }
    });
  });

  test('what is damaged in the repository is handed on and not kept', async () => {
    await onGround(async ({ open, memory, cached }) => {
      const run = createTestRun();
      const handle = named('index', unique());
      const wrong = unique();
      await memory.save(handle, [wrong], run);
      assert.deepEqual(await open().load(handle, undefined, run), wrong);
      assert.deepEqual(await cached(), []);
    });
  });

  test('a complete listing, a removal and a miss drop what the repository no longer has', async () => {
    await onGround(async ({ open, memory, cached }) => {
      const run = createTestRun();
      const backend = open();
      const handles: ObjectHandle[] = [];
      for (let count = 0; count < 4; count++) {
        const bytes = unique();
        const handle = named('index', bytes);
        handles.push(handle);
        await backend.save(handle, [bytes], run);
      }
      const [listed, removed, missed, kept] = handles;
      assert.ok(listed !== undefined && removed !== undefined && missed !== undefined && kept !== undefined);
      await backend.remove(removed, run);
      await memory.remove(missed, run);
      await assert.rejects(backend.size(missed, run), (thrown: unknown) => isFault(thrown, 'object-missing'));
      assert.deepEqual((await cached()).toSorted(), [listed.name, kept.name].toSorted());
      await memory.remove(listed, run);
      for await (const _page of backend.list('snapshot', run));
      assert.equal((await cached()).length, 2);
      await Array.fromAsync(backend.list('index', run));
      assert.deepEqual(await cached(), [kept.name]);
    });
  });

  test('the cache stays within its bound and gives up what was not used for longest', async () => {
    await onGround(async ({ open, cached }) => {
      const run = createTestRun();
      const backend = open({ maximumBytes: 1600 });
      const objects = [unique(), unique(), unique(), unique()];
      const [first, second, third, fourth] = objects.map((bytes) => named('pack', bytes));
      assert.ok(first !== undefined && second !== undefined && third !== undefined && fourth !== undefined);
      for (const bytes of objects.slice(0, 3)) await backend.save(named('pack', bytes), [bytes], run);
      await backend.load(first, undefined, run);
      for (const bytes of objects.slice(3)) await backend.save(named('pack', bytes), [bytes], run);
      assert.deepEqual((await cached()).toSorted(), [first.name, third.name, fourth.name].toSorted());
      const large = unique(2000);
      await backend.save(named('pack', large), [large], run);
      assert.equal((await cached()).length, 3);
    });
  });

  test('a cache that fails, or is of a later version, is told once and the run goes on', async () => {
    await onGround(async ({ folder, open, memory }) => {
      const run = createTestRun();
      await open()
        .size(named('pack', unique()), run)
        .catch(() => {});
      await writeFile(join(folder, repositoryId, 'version'), '2');
      const backend = open();
      for (let count = 0; count < 3; count++) {
        const bytes = unique();
        await backend.save(named('index', bytes), [bytes], run);
        assert.deepEqual(await backend.load(named('index', bytes), undefined, run), bytes);
        await backend.remove(named('index', bytes), run);
      }
      assert.deepEqual(await Array.fromAsync(memory.list('index', run)), []);
      assert.equal(run.events.length, 1);
      assert.ok(run.events[0]?.kind === 'notice' && run.events[0].message.endsWith('going on without a cache'));
    });
  });
});
