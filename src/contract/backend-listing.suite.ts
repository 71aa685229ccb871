import assert from 'node:assert/strict';
import type { Backend } from './backend.ts';
import { equal, fails, isThere, kinds, listAll, named, unique, type OnBackend } from './backend-fixture.ts';

export interface ListingOptions {
  /** Objects in the listing test; enough for more than one page where pages are small. Default 30. */
  readonly listed?: number;
  /** Whether another backend made by `reopen` sees the same storage. */
  readonly reopen?: (backend: Backend) => Promise<Backend>;
}

/** What is there, and what is there no more. */
export const testListing = (on: OnBackend, { listed = 30, reopen }: ListingOptions): void => {
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
};
