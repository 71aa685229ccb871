import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { requireFolder } from './write-metrics.ts';

test('B5: the folder for metrics is not made: it would be closed to who collects them, and a misspelt one never be read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-metrics-'));
  t.after(() => rm(folder, { recursive: true }));
  await requireFolder(folder);
  await assert.rejects(requireFolder(join(folder, 'textfile')), (fault) => isFault(fault, 'configuration'));
  assert.deepEqual(await readdir(folder), []);
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(requireFolder(join(folder, 'file', 'below')), (fault) => fault instanceof Error);
});
