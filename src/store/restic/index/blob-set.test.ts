import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBlobSet } from './blob-set.ts';

test('a blob set is a set of slots, in any segment', () => {
  const slot = fc.tuple(fc.nat(3), fc.nat(200_000)).map(([segment, index]) => segment * 2 ** 32 + index);
  fc.assert(
    fc.property(fc.array(slot), (slots) => {
      const [set, model] = [createBlobSet(), new Set<number>()];
      for (const one of slots) {
        assert.equal(set.add(one), !model.has(one));
        model.add(one);
      }
      assert.equal(set.size, model.size);
      assert.deepEqual(new Set(set.values()), model);
      for (const one of slots) assert.ok(set.has(one) && set.has(one + 1) === model.has(one + 1));
    }),
  );
});
