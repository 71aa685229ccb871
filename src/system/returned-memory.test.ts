import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadOwnLibrary } from './own-library.ts';
import { returnFreedMemory } from './returned-memory.ts';

const library = process.platform === 'linux' ? await loadOwnLibrary() : undefined;
const isGlibc = JSON.stringify(process.report.getReport()).includes('glibcVersionRuntime');

const heapKilobytes = (): number => {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  return Number(/\[heap\]\n(?:.*\n)*?Rss:\s+(\d+)/.exec(smaps)?.[1] ?? 0);
};

const skip = library === undefined || !isGlibc ? 'needs Linux, glibc and the package koffi' : false;

test('large pieces come from the system and go back to it, whatever was freed before', { skip }, async () => {
  const take: (bytes: number) => unknown = library?.func('void *malloc(size_t bytes)') ?? assert.fail();
  const give: (memory: unknown) => void = library?.func('void free(void *memory)') ?? assert.fail();
  const fill: (memory: unknown, value: number, bytes: number) => unknown =
    library?.func('void *memset(void *memory, int value, size_t bytes)') ?? assert.fail();
  const megabytes = 16;
  const bytes = megabytes * 1_048_576;
  // By itself, glibc would take the second piece from its heap, since a first one of this size was freed.
  give(take(bytes));
  assert.equal(await returnFreedMemory(), true);
  const before = heapKilobytes();
  const memory = take(bytes);
  fill(memory, 1, bytes);
  const grown = heapKilobytes() - before;
  give(memory);
  assert.ok(grown < (megabytes * 1024) / 2, `the heap has grown by ${grown} kB`);
});
