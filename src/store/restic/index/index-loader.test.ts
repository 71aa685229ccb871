import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Run } from '../../../contract/run.ts';
import type { PackedBlob } from '../format/pack-format.ts';
import { createObjectIo } from '../object-io.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { loadIndex } from './index-loader.ts';
import { IndexWriter } from './index-writer.ts';
import type { RepositoryIndex } from './repository-index.ts';

const poly1305 = await loadPoly1305();
const run: Run = { signal: new AbortController().signal, now: () => 0n, emit: () => undefined };

const blobsFrom = (first: number, count: number): PackedBlob[] =>
  Array.from({ length: count }, (_, at) => ({
    type: 'data',
    id: Uint8Array.from(Buffer.from(hash('sha256', `blob ${first + at}`), 'hex')),
    offset: at * 100,
    length: 100,
    uncompressedLength: 150,
  }));

describe('the decoded index in the cache', () => {
  test('S4: is written anew as soon as much is not in it, however few index files that are', async () => {
    const backend = createMemoryBackend();
    const io = createObjectIo(backend, createEnvelope(generateMasterKey(), poly1305), 2);
    let cached: RepositoryIndex | undefined;
    let saves = 0;
    const cache = {
      load: async () => cached,
      save: async (index: RepositoryIndex) => {
        cached = index;
        saves++;
      },
    };
    const load = async (): Promise<[blobs: number, saves: number]> => {
      const { table } = await loadIndex({ backend, io, cache }, run);
      return [table.size(), saves];
    };
    const addBlobs = async (first: number, count: number): Promise<void> => {
      const writer = new IndexWriter(io, run);
      await writer.add(hash('sha256', `pack ${first}`), blobsFrom(first, count));
      await writer.flush();
    };
    assert.deepEqual(await load(), [0, 1]);
    await addBlobs(0, 1000);
    assert.deepEqual(await load(), [1000, 2], 'the first backup');
    assert.deepEqual(await load(), [1000, 2]);
    await addBlobs(1000, 10);
    assert.deepEqual(await load(), [1010, 2], 'few more are read from their index file');
    await addBlobs(1010, 500);
    assert.deepEqual(await load(), [1510, 3]);
  });
});
