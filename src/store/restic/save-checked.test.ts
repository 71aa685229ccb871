import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../backend/memory.ts';
import { withCount } from '../../backend/with-count.ts';
import type { Backend } from '../../contract/backend.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { confirmSaved } from './save-checked.ts';

const run = createTestRun();

/** A storage with so many packs, and what it said it has saved. */
const stored = async (count: number, listedAtOnce: number | undefined) => {
  const memory = createMemoryBackend();
  const saved = new Map<string, number>();
  for (let number = 0; number < count; number++) {
    const bytes = new Uint8Array(randomBytes(10 + number));
    const name = createHash('sha256').update(bytes).digest('hex');
    await memory.save({ kind: 'pack', name }, [bytes], run);
    saved.set(name, bytes.length);
  }
  const capabilities = { ...memory.capabilities, ...(listedAtOnce === undefined ? {} : { listedAtOnce }) };
  const { backend, counts } = withCount({ ...memory, capabilities });
  return { backend: { ...backend, capabilities } satisfies Backend, counts, saved };
};

describe('S2: asking for many objects that were saved', () => {
  test('one listing does where it brings many at once', async () => {
    const { backend, counts, saved } = await stored(7, 1000);
    await confirmSaved(backend, 'pack', { saved, others: 900 }, run);
    assert.deepEqual([counts.list, counts.size], [1, 0]);
  });

  test('each is asked for where a listing of all takes more calls, and where nothing is known of listings', async () => {
    const { backend, counts, saved } = await stored(7, 1000);
    await confirmSaved(backend, 'pack', { saved, others: 90_000 }, run);
    assert.deepEqual([counts.list, counts.size], [0, 7]);
    const unknown = await stored(3, undefined);
    await confirmSaved(unknown.backend, 'pack', { saved: unknown.saved, others: 0 }, run);
    assert.deepEqual([unknown.counts.list, unknown.counts.size], [0, 3]);
  });

  for (const listedAtOnce of [undefined, 1000]) {
    test(`what is not there, or only half, is not believed (${listedAtOnce ?? 'nothing'} listed at once)`, async () => {
      const { backend, saved } = await stored(5, listedAtOnce);
      const lied = (more: readonly (readonly [string, number])[]): Promise<void> =>
        confirmSaved(backend, 'pack', { saved: new Map([...saved, ...more]), others: 0 }, run);
      const [half = ''] = saved.keys();
      const isLie = (error: unknown): boolean => isFault(error, 'backend-misbehaved');
      await assert.rejects(lied([['e'.repeat(64), 10]]), isLie);
      await assert.rejects(lied([[half, 9]]), isLie);
      await assert.rejects(backend.size({ kind: 'pack', name: half }, run), (error) =>
        isFault(error, 'object-missing'),
      );
    });
  }
});
