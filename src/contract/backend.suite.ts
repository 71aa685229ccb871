import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type FaultCode, isFault } from '../model/fault.ts';
import type { Backend, ListedObject, ObjectHandle, ObjectKind } from './backend.ts';
import { createTestRun, type TestRun } from './test-run.ts';

export interface BackendUnderTest {
  readonly backend: Backend;
  /** Removes everything; called after `backend.close()`. */
  readonly cleanup: () => Promise<void>;
  /** Puts something under a kind whose name is no object's, as a stranger would; absent where nobody can. */
  readonly putStrange?: (kind: ObjectKind, name: string) => Promise<void>;
  /** Cuts a stored object short behind the backend's back; absent where nobody can. */
  readonly truncate?: (handle: ObjectHandle, length: number) => Promise<void>;
}

export interface BackendSuiteOptions {
  /** Objects in the listing test; enough for more than one page where pages are small. Default 30. */
  readonly listed?: number;
  /** Bytes of the large object. Default 20 MB. */
  readonly largeBytes?: number;
  /** Whether another backend made by `reopen` sees the same storage. */
  readonly reopen?: (backend: Backend) => Promise<Backend>;
}

const named = (kind: ObjectKind, bytes: Uint8Array): ObjectHandle => ({
  kind,
  name: kind === 'config' ? '' : createHash('sha256').update(bytes).digest('hex'),
});

/** Bytes of their own for each call, so that tests do not meet each other's objects on a shared server. */
const unique = (length = 100): Uint8Array => new Uint8Array(randomBytes(length));

const fails = (code: FaultCode, promise: Promise<unknown>): Promise<void> =>
  assert.rejects(promise, (thrown: unknown) => {
    assert.ok(isFault(thrown, code), `expected the Fault ${code}, met ${String(thrown)}`);
    return true;
  });

const listAll = async (backend: Backend, kind: ObjectKind, run: TestRun): Promise<ListedObject[]> => {
  const all: ListedObject[] = [];
  for await (const page of backend.list(kind, run)) all.push(...page);
  return all;
};

const isThere = async (backend: Backend, handle: ObjectHandle): Promise<boolean> => {
  const run = createTestRun();
  try {
    await backend.size(handle, run);
    return true;
  } catch (error) {
    if (isFault(error, 'object-missing')) return false;
    throw error;
  }
};

const equal = (found: Uint8Array, expected: Uint8Array): void => {
  assert.equal(found.length, expected.length);
  assert.ok(Buffer.compare(found, expected) === 0, 'the bytes differ');
};

const kinds: readonly ObjectKind[] = ['config', 'key', 'lock', 'snapshot', 'index', 'pack'];

/** Every guarantee of the contract `Backend`, tried. `makeBackend` gives an empty storage each time; `create` is not yet called. */
export const backendSuite = (
  name: string,
  makeBackend: () => Promise<BackendUnderTest>,
  options: BackendSuiteOptions = {},
): void => {
  const { listed = 30, largeBytes = 20_000_000, reopen } = options;

  describe(`the backend contract: ${name}`, { concurrency: 1 }, () => {
    const on = (
      what: string,
      body: (backend: Backend, run: TestRun, made: BackendUnderTest) => Promise<void | string>,
    ): void => {
      test(what, async (context) => {
        const made = await makeBackend();
        try {
          await made.backend.create(createTestRun());
          const skipped = await body(made.backend, createTestRun(), made);
          if (skipped !== undefined) context.diagnostic(skipped);
        } finally {
          await made.backend.close();
          await made.cleanup();
        }
      });
    };

    on('create may be called again and touches nothing that is there', async (backend, run) => {
      const bytes = unique();
      await backend.save(named('pack', bytes), [bytes], run);
      await backend.create(run);
      equal(await backend.load(named('pack', bytes), undefined, run), bytes);
    });

    on('it says what it is and how many calls it takes at once', async (backend) => {
      assert.notEqual(backend.description, '');
      assert.ok(Number.isInteger(backend.capabilities.connections) && backend.capabilities.connections > 0);
    });

    for (const kind of kinds) {
      on(`a ${kind} that was saved is there at once: size, load, list`, async (backend, run) => {
        const bytes = unique(321);
        const handle = named(kind, bytes);
        assert.deepEqual(await listAll(backend, kind, run), []);
        await backend.save(handle, [bytes], run);
        assert.equal(await backend.size(handle, run), 321);
        equal(await backend.load(handle, undefined, run), bytes);
        assert.deepEqual(await listAll(backend, kind, run), [{ name: handle.name, size: 321 }]);
        for (const other of kinds) {
          if (other !== kind) assert.deepEqual(await listAll(backend, other, run), [], other);
        }
      });
    }

    on('what is not there is object-missing for size, load and remove', async (backend, run) => {
      for (const kind of kinds) {
        const handle = named(kind, unique());
        await fails('object-missing', backend.size(handle, run));
        await fails('object-missing', backend.load(handle, undefined, run));
        await fails('object-missing', backend.load(handle, { start: 0, length: 1 }, run));
        await fails('object-missing', backend.remove(handle, run));
      }
    });

    on('a name that is taken is refused with object-exists and left as it is', async (backend, run) => {
      for (const kind of kinds) {
        const bytes = unique();
        const handle = named(kind, bytes);
        await backend.save(handle, [bytes], run);
        await fails('object-exists', backend.save(handle, [unique(7)], run));
        equal(await backend.load(handle, undefined, run), bytes);
        assert.equal((await listAll(backend, kind, run)).length, 1);
      }
    });

    on('of many that save one name at once exactly one wins, whole', async (backend, run) => {
      const writers = Array.from({ length: 8 }, () => unique(100_000));
      const handle = named('pack', unique());
      const outcomes = await Promise.allSettled(writers.map((bytes) => backend.save(handle, [bytes], run)));
      const winners = writers.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'object-exists'), String(outcome.reason));
      }
      const [winner] = winners;
      assert.ok(winner !== undefined && winners.length === 1, `${winners.length} won`);
      equal(await backend.load(handle, undefined, run), winner);
    });

    on('many objects may be saved at once', async (backend, run) => {
      const objects = Array.from({ length: 20 }, () => unique(5000));
      await Promise.all(objects.map((bytes) => backend.save(named('pack', bytes), [bytes], run)));
      for (const bytes of objects) equal(await backend.load(named('pack', bytes), undefined, run), bytes);
    });

    on('parts are written one after another, empty ones too, however many', async (backend, run) => {
      const whole = unique(30_000);
      const parts: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += 10) parts.push(whole.subarray(at, at + 10), new Uint8Array(0));
      const handle = named('pack', whole);
      await backend.save(handle, parts, run);
      equal(await backend.load(handle, undefined, run), whole);
    });

    on('parts are not kept: the caller may use them again', async (backend, run) => {
      const bytes = unique();
      const part = bytes.slice();
      await backend.save(named('index', bytes), [part], run);
      part.fill(0);
      equal(await backend.load(named('index', bytes), undefined, run), bytes);
    });

    on('what was loaded is the caller’s: changing it changes nothing', async (backend, run) => {
      const bytes = unique();
      const handle = named('index', bytes);
      await backend.save(handle, [bytes], run);
      (await backend.load(handle, undefined, run)).fill(0);
      equal(await backend.load(handle, undefined, run), bytes);
      const range = await backend.load(handle, { start: 1, length: 3 }, run);
      assert.equal(range.buffer.byteLength, range.length, 'its memory holds nothing else and can be transferred');
    });

    on('empty objects are objects', async (backend, run) => {
      for (const parts of [[], [new Uint8Array(0)]]) {
        const handle = named('lock', unique());
        await backend.save(handle, parts, run);
        assert.equal(await backend.size(handle, run), 0);
        equal(await backend.load(handle, undefined, run), new Uint8Array(0));
        assert.deepEqual(await listAll(backend, 'lock', run), [{ name: handle.name, size: 0 }]);
        await backend.remove(handle, run);
      }
    });

    on(`an object of ${largeBytes} bytes comes back, whole and in ranges`, async (backend, run) => {
      const bytes = unique(largeBytes);
      const handle = named('pack', bytes);
      const third = Math.floor(largeBytes / 3);
      await backend.save(handle, [bytes.subarray(0, third), bytes.subarray(third)], run);
      assert.equal(await backend.size(handle, run), largeBytes);
      equal(await backend.load(handle, undefined, run), bytes);
      equal(
        await backend.load(handle, { start: third - 5, length: third }, run),
        bytes.slice(third - 5, third * 2 - 5),
      );
    });

    on('a range gives exactly its bytes, to the very end, and none when it is empty', async (backend, run) => {
      const bytes = unique(1000);
      const handle = named('pack', bytes);
      await backend.save(handle, [bytes], run);
      for (const [start, length] of [
        [0, 1],
        [0, 1000],
        [1, 999],
        [999, 1],
        [500, 0],
        [1000, 0],
        [17, 400],
      ] as const) {
        equal(await backend.load(handle, { start, length }, run), bytes.slice(start, start + length));
      }
    });

    on('an object that ends before the range does is backend-misbehaved', async (backend, run) => {
      const bytes = unique(1000);
      const handle = named('pack', bytes);
      await backend.save(handle, [bytes], run);
      for (const [start, length] of [
        [0, 1001],
        [999, 2],
        [1000, 1],
        [5000, 10],
        [0, 2 ** 40],
      ] as const) {
        await fails('backend-misbehaved', backend.load(handle, { start, length }, run));
      }
    });

    on(
      'an object that somebody cut is told by its size, and a range beyond it is refused',
      async (backend, run, made) => {
        if (made.truncate === undefined) return 'nobody can cut an object here';
        const bytes = unique(1000);
        const handle = named('pack', bytes);
        await backend.save(handle, [bytes], run);
        await made.truncate(handle, 600);
        assert.equal(await backend.size(handle, run), 600);
        await fails('backend-misbehaved', backend.load(handle, { start: 500, length: 500 }, run));
        equal(await backend.load(handle, { start: 0, length: 600 }, run), bytes.slice(0, 600));
        return undefined;
      },
    );

    on('a listing names every object once, with its size', async (backend, run) => {
      const expected = new Map<string, number>();
      const objects = Array.from({ length: listed }, (_, index) => unique(50 + index));
      const save = async (bytes: Uint8Array): Promise<void> => {
        const handle = named('pack', bytes);
        expected.set(handle.name, bytes.length);
        await backend.save(handle, [bytes], run);
      };
      for (let at = 0; at < listed; at += 16) await Promise.all(objects.slice(at, at + 16).map(save));
      const found = await listAll(backend, 'pack', run);
      assert.equal(found.length, listed);
      assert.deepEqual(new Map(found.map(({ name, size }) => [name, size])), expected);
    });

    on('a listing may be left after its first page', async (backend, run) => {
      const objects = Array.from({ length: 5 }, () => unique());
      for (const bytes of objects) await backend.save(named('pack', bytes), [bytes], run);
      for await (const page of backend.list('pack', run)) {
        assert.ok(page.length > 0);
        break;
      }
      assert.equal((await listAll(backend, 'pack', run)).length, 5);
    });

    on('strange names and unfinished files are left out of listings', async (backend, run, made) => {
      if (made.putStrange === undefined) return 'nobody can put anything strange here';
      const bytes = unique();
      const handle = named('pack', bytes);
      await backend.save(handle, [bytes], run);
      const upper = handle.name.toUpperCase().replace(/^../, handle.name.slice(0, 2));
      const strange = ['README', 'x', `${handle.name}-tmp-123`, `${handle.name}0`, handle.name.slice(0, 63), upper];
      for (const kind of ['pack', 'snapshot', 'lock'] as const) {
        for (const name of strange) if (name !== handle.name) await made.putStrange(kind, name);
      }
      assert.deepEqual(await listAll(backend, 'pack', run), [{ name: handle.name, size: 100 }]);
      assert.deepEqual(await listAll(backend, 'snapshot', run), []);
      assert.deepEqual(await listAll(backend, 'lock', run), []);
      return undefined;
    });

    on('what was removed is gone, and its name may be used again', async (backend, run) => {
      for (const kind of kinds) {
        if (backend.capabilities.immutable && kind !== 'lock') continue;
        const bytes = unique();
        const handle = named(kind, bytes);
        await backend.save(handle, [bytes], run);
        await backend.remove(handle, run);
        assert.equal(await isThere(backend, handle), false);
        assert.deepEqual(await listAll(backend, kind, run), []);
        await fails('object-missing', backend.remove(handle, run));
        await backend.save(handle, [bytes.subarray(1)], run);
        equal(await backend.load(handle, undefined, run), bytes.slice(1));
      }
    });

    on('storage that declares itself immutable keeps all but locks', async (backend, run) => {
      if (!backend.capabilities.immutable) return 'this storage is mutable';
      const bytes = unique();
      await backend.save(named('pack', bytes), [bytes], run);
      await fails('permission-denied', backend.remove(named('pack', bytes), run));
      equal(await backend.load(named('pack', bytes), undefined, run), bytes);
      return undefined;
    });

    on('a name that could lead elsewhere is refused before anything is touched', async (backend, run) => {
      for (const name of ['', '..', '../config', 'a/b', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`]) {
        const handle: ObjectHandle = { kind: 'pack', name };
        await fails('internal', backend.save(handle, [unique()], run));
        await fails('internal', backend.load(handle, undefined, run));
        await fails('internal', backend.size(handle, run));
        await fails('internal', backend.remove(handle, run));
      }
      await fails('internal', backend.load({ kind: 'config', name: 'a'.repeat(64) }, undefined, run));
    });

    on('a range that is none is refused', async (backend, run) => {
      const bytes = unique();
      await backend.save(named('pack', bytes), [bytes], run);
      for (const range of [
        { start: -1, length: 1 },
        { start: 0, length: -1 },
        { start: 0.5, length: 1 },
        { start: 0, length: Number.NaN },
      ]) {
        await fails('internal', backend.load(named('pack', bytes), range, run));
      }
    });

    on('once cancelled every call is interrupted and changes nothing', async (backend, run) => {
      const kept = unique();
      await backend.save(named('pack', kept), [kept], run);
      const cancelled = createTestRun();
      cancelled.abort(new Error('enough'));
      const fresh = unique();
      await fails('interrupted', backend.create(cancelled));
      await fails('interrupted', backend.size(named('pack', kept), cancelled));
      await fails('interrupted', backend.save(named('pack', fresh), [fresh], cancelled));
      await fails('interrupted', backend.load(named('pack', kept), undefined, cancelled));
      await fails('interrupted', backend.remove(named('pack', kept), cancelled));
      for (const kind of ['pack', 'lock'] as const) await fails('interrupted', listAll(backend, kind, cancelled));
      assert.equal(await isThere(backend, named('pack', fresh)), false);
      equal(await backend.load(named('pack', kept), undefined, run), kept);
    });

    on('a save cancelled at any moment leaves all of the object or nothing', async (backend, run) => {
      let settled = 0;
      for (let turns = 0; settled < 2 && turns < 60; turns += turns < 12 ? 1 : 6) {
        const bytes = unique(300_000);
        const handle = named('pack', bytes);
        const during = createTestRun();
        const outcome = backend.save(handle, [bytes.subarray(0, 1000), bytes.subarray(1000)], during).then(
          () => 'saved',
          (error: unknown) => error,
        );
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        during.abort();
        const ended = await outcome;
        if (ended === 'saved') {
          settled++;
          equal(await backend.load(handle, undefined, run), bytes);
        } else {
          assert.ok(isFault(ended, 'interrupted'), String(ended));
          assert.equal(await isThere(backend, handle), false);
        }
      }
    });

    on('a listing cancelled between pages ends as interrupted', async (backend, run) => {
      const objects = Array.from({ length: 3 }, () => unique());
      for (const bytes of objects) await backend.save(named('index', bytes), [bytes], run);
      const during = createTestRun();
      await fails(
        'interrupted',
        (async () => {
          for await (const _page of backend.list('index', during)) during.abort();
        })(),
      );
    });

    on('what was saved and removed is so for whoever opens the storage anew', async (backend, run) => {
      if (reopen === undefined) return 'this storage lives in one place only';
      const [kept, gone] = [unique(), unique()];
      await backend.save(named('pack', kept), [kept], run);
      await backend.save(named('pack', gone), [gone], run);
      await backend.remove(named('pack', gone), run);
      const other = await reopen(backend);
      try {
        equal(await other.load(named('pack', kept), undefined, run), kept);
        assert.equal(await isThere(other, named('pack', gone)), false);
        await fails('object-exists', other.save(named('pack', kept), [gone], run));
      } finally {
        await other.close();
      }
      return undefined;
    });
  });
};
