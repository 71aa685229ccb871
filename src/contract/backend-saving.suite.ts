import assert from 'node:assert/strict';
import { isFault } from '../model/fault.ts';
import type { ObjectHandle } from './backend.ts';
import { equal, fails, kinds, listAll, named, unique, type OnBackend } from './backend-fixture.ts';

/** What is saved is there at once, whole and as it is, under a name that nobody else gets. */
export const testSaving = (on: OnBackend): void => {
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
};
