import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createMemoryBackend } from '../backend/memory.ts';
import type { Backend } from '../contract/backend.ts';
import { createTestRun } from '../contract/test-run.ts';
import { isFault } from '../model/fault.ts';
import { probeStorage } from './probe-storage.ts';

const bytes = new Uint8Array(randomBytes(1000));
const object = { bytes, name: createHash('sha256').update(bytes).digest('hex') };

test('S2: storage that keeps all guarantees is left as it was', async () => {
  const backend = createMemoryBackend();
  assert.deepEqual(await probeStorage(backend, object, createTestRun()), { removable: true });
  assert.deepEqual(await Array.fromAsync(backend.list('pack', createTestRun())), []);
});

test('S2: append-only storage is good storage', async () => {
  const backend = createMemoryBackend({ immutable: true });
  assert.deepEqual(await probeStorage(backend, object, createTestRun()), { removable: false });
});

test('S2: each guarantee that is not kept is a fault that says which', async () => {
  const broken: Readonly<Record<string, (inner: Backend) => Partial<Backend>>> = {
    'read-after-write': (inner) => ({
      load: async (handle, range, run) => (await inner.load(handle, range, run)).map((byte) => byte ^ 1),
    }),
    ranges: (inner) => ({
      load: async (handle, range, run) =>
        inner.load(handle, range === undefined ? undefined : { ...range, start: 0 }, run),
    }),
    listing: () => ({ list: async function* () {} }),
    'no-overwrite': () => ({ save: async () => {} }),
    remove: () => ({ remove: async () => {} }),
  };
  for (const [guarantee, change] of Object.entries(broken)) {
    const inner = createMemoryBackend();
    if (guarantee === 'no-overwrite') await inner.save({ kind: 'pack', name: object.name }, [bytes], createTestRun());
    const backend: Backend = { ...inner, ...change(inner) };
    await assert.rejects(probeStorage(backend, object, createTestRun()), (error: unknown) => {
      assert.ok(isFault(error, 'backend-misbehaved'), String(error));
      assert.equal(error.context['guarantee'], guarantee);
      return true;
    });
  }
});
