import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileEntry } from '../../../contract/store-fixture.ts';
import { addCounts, noCounts } from '../../../model/entry.ts';
import { readTree } from '../format/tree-reader.ts';
import { validateTree } from '../format/tree-validate.ts';
import { type BuiltNode, DirectoryBuilder, type NodeSlot } from './directory-builder.ts';

const content = new Uint8Array(32).fill(7);

const built = (name: string, size: number): BuiltNode => ({
  node: { entry: fileEntry(name, size), content, subtree: undefined },
  below: noCounts,
});

const namesOf = (json: Uint8Array): string[] => {
  const names: string[] = [];
  readTree(json, ({ entry }) => {
    names.push(entry.name);
  });
  return names;
};

/** Under which name an entry is listed, and what becomes of it. */
const child = fc.record({
  listed: fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'é', '日', '0'), minLength: 1, maxLength: 3 }),
  fate: fc.constantFrom('now', 'later', 'vanished', 'moved', 'moved'),
  moved: fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'é', '日', '0'), minLength: 1, maxLength: 3 }),
});

test('entries that come late, vanish or move under any name make a tree that is sorted, without twins, and counted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(child, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), async (all, page) => {
      const bytes = (name: string): string => Buffer.from(name).toString('latin1');
      const children = [...new Map(all.map((each) => [each.listed, each])).values()].sort((left, right) =>
        bytes(left.listed) < bytes(right.listed) ? -1 : 1,
      );
      const builder = new DirectoryBuilder(0);
      const slots = children.map(({ listed, fate, moved }, at): NodeSlot => {
        switch (fate) {
          case 'now':
            return built(listed, at);
          case 'later':
            return new Promise((resolve) => setImmediate(() => resolve(built(listed, at))));
          case 'vanished':
            return Promise.resolve(undefined);
          case 'moved':
            return Promise.resolve(built(moved, at));
        }
      });
      const names = children.map(({ listed }) => fileEntry(listed, 0).name);
      for (let at = 0; at < slots.length; at += page) {
        builder.addPage(slots.slice(at, at + page), names.slice(at, at + page));
      }
      const { json, counts } = await builder.finish();
      const expected = new Set(
        children
          .filter(({ fate }) => fate !== 'vanished')
          .map(({ listed, fate, moved }) => bytes(fate === 'moved' ? moved : listed)),
      );
      assert.deepEqual(
        namesOf(json),
        [...expected].sort((left, right) => (left < right ? -1 : 1)),
      );
      assert.deepEqual(validateTree(json), []);
      let sum = noCounts;
      readTree(json, ({ entry }) => {
        sum = addCounts(sum, { files: 1, directories: 0, bytes: entry.size });
      });
      assert.deepEqual(counts, sum);
    }),
  );
});

test('what fails in an entry fails the whole tree, whenever it comes', async () => {
  const builder = new DirectoryBuilder(0);
  builder.addPage([built('a', 1), Promise.reject(new Error('for the test'))], ['a', 'b']);
  builder.addPage([built('c', 1)], ['c']);
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(builder.finish(), /for the test/);
});
