import assert from 'node:assert/strict';
import { isFault } from '../model/fault.ts';
import { equal, fails, isThere, listAll, named, unique, type OnBackend } from './backend-fixture.ts';
import { createTestRun } from './test-run.ts';

/** Whatever is cancelled ends, and leaves all or nothing. */
export const testCancelling = (on: OnBackend): void => {
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
};
