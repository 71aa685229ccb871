import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRun } from '../../../system/run.ts';
import { BlobTable } from '../index/blob-table.ts';
import { loadSubtreeKnowledge, noKnowledge, saveSubtreeKnowledge } from '../index/subtree-cache.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { hexOf } from './blob-reader.ts';
import { createSubtreeLedger } from './tree-walk.ts';
import type { TreeCache } from './tree-cache.ts';

const run = createRun({ signal: new AbortController().signal, emit: () => undefined });
const place = { pack: 0, offset: 0, length: 0, uncompressedLength: 0 };

/** Trees by their ids, each with a file of 7 bytes and the trees that it is given. */
const forest = () => {
  const stored = new Map<string, Uint8Array>();
  const table = new BlobTable();
  let loads = 0;
  const add = (name: string, subtrees: readonly Uint8Array[], isThere = true): Uint8Array => {
    const common = {
      mode: 0,
      mtime: '2024-01-01T00:00:00Z',
      atime: '2024-01-01T00:00:00Z',
      ctime: '2024-01-01T00:00:00Z',
      uid: 0,
      gid: 0,
    };
    const folders = subtrees.map((id, at) => ({
      name: `a${at}`,
      type: 'dir',
      ...common,
      content: null,
      subtree: hexOf(id),
    }));
    const nodes = [...folders, { name: `z${name}`, type: 'file', ...common, size: 7, content: [] }];
    const json = Buffer.from(`${JSON.stringify({ nodes })}\n`);
    const id = new Uint8Array(createHash('sha256').update(json).digest());
    stored.set(hexOf(id), json);
    if (isThere) table.add('tree', id, place);
    return id;
  };
  const trees: TreeCache = {
    load: async (id) => {
      loads++;
      const json = stored.get(hexOf(id));
      assert.ok(json);
      return json;
    },
    folders: async () => new Map(),
  };
  return { add, trees, table, loads: () => loads };
};

test('S4: what was counted once is not read again the next night, wherever it lies', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const envelope = createEnvelope(generateMasterKey(), await loadPoly1305());
  const { add, trees, table, loads } = forest();
  const root = add('root', [add('left', []), add('right', [])]);
  const counts = { files: 3, directories: 2, bytes: 21 };
  for (const wanted of [3, 3, 3]) {
    const known = await loadSubtreeKnowledge(folder, envelope);
    const ledger = createSubtreeLedger(trees, table, known);
    assert.deepEqual(await ledger.counts(root, run), counts);
    assert.equal(ledger.known(root), undefined, 'that its files were at rest is not known');
    assert.equal(loads(), wanted);
    await saveSubtreeKnowledge(folder, envelope, { ...noKnowledge, counted: ledger.counted() }, run);
  }
  // Whether all is there is another question.
  assert.equal(
    await createSubtreeLedger(trees, table, await loadSubtreeKnowledge(folder, envelope)).complete(root, run),
    true,
  );
  assert.equal(loads(), 6);
});

test('S4: what is not whole is counted anew each time, since the rest may come back', async () => {
  const { add, trees, table } = forest();
  const missing = add('missing', [], false);
  const root = add('root', [missing]);
  const ledger = createSubtreeLedger(trees, table, noKnowledge);
  assert.deepEqual(await ledger.counts(root, run), { files: 1, directories: 1, bytes: 7 });
  assert.equal(ledger.counted().size, 0);
  table.add('tree', missing, place);
  const later = createSubtreeLedger(trees, table, { ...noKnowledge, counted: ledger.counted() });
  assert.deepEqual(await later.counts(root, run), { files: 2, directories: 1, bytes: 14 });
});

test('S4: a cache of an earlier version, and one that makes no sense, are no hindrance', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const envelope = createEnvelope(generateMasterKey(), await loadPoly1305());
  const written = async (value: unknown) => {
    await writeFile(join(folder, 'subtrees'), envelope.seal(Buffer.from(JSON.stringify(value))));
    return loadSubtreeKnowledge(folder, envelope);
  };
  const before = { completeRoots: ['aa'], indexIds: ['bb'], counts: [['cc', 1, 2, 3, 'look']] };
  const found = await written(before);
  assert.deepEqual(found.subtrees.get('cc'), { counts: { files: 1, directories: 2, bytes: 3 }, look: 'look' });
  assert.equal(found.counted.size, 0);
  for (const counted of [7, null, [7], [['dd', 'x', 2, 3]]]) {
    assert.equal((await written({ ...before, counted })).counted.size, 0);
  }
});
