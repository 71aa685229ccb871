import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { damagedAfter, loadDamagedPacks, saveDamagedPacks } from './damaged-packs.ts';

test('S4: a pack stays damaged until it is read good or gone', () => {
  const before = new Set(['unread', 'mended', 'gone']);
  const seen = {
    present: ['unread', 'mended', 'sound', 'fresh'],
    good: new Set(['mended', 'sound']),
    damaged: new Set(['fresh', 'missing']),
  };
  assert.deepEqual([...damagedAfter(before, seen)], ['unread', 'fresh']);
});

test('S4: which packs are damaged is remembered, sealed, and a cache that makes no sense is no hindrance', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const envelope = createEnvelope(generateMasterKey(), await loadPoly1305());
  const run = createTestRun();
  assert.equal((await loadDamagedPacks(folder, envelope)).size, 0);
  await saveDamagedPacks(folder, envelope, new Set(['one', 'two']), run);
  assert.deepEqual([...(await loadDamagedPacks(folder, envelope))], ['one', 'two']);
  await writeFile(join(folder, 'damaged-packs'), '["three"]');
  assert.equal((await loadDamagedPacks(folder, envelope)).size, 0, 'it is not sealed');
  await writeFile(join(folder, 'damaged-packs'), envelope.seal(Buffer.from('{"one":1}')));
  assert.equal((await loadDamagedPacks(folder, envelope)).size, 0);
  await saveDamagedPacks(folder, envelope, new Set(), run);
  assert.deepEqual(await readdir(folder), []);
});
