import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { loadCopyBytes } from './copy-bytes.ts';

const copy = await loadCopyBytes();

test('bytes are copied to where they belong, into shared memory and other, and nothing else is touched', () => {
  const sizes = fc.record({
    from: fc.nat(70_000),
    skipped: fc.nat(9),
    at: fc.nat(5000),
    behind: fc.nat(100),
    shared: fc.boolean(),
  });
  fc.assert(
    fc.property(sizes, ({ from, skipped, at, behind, shared }) => {
      const bytes = new Uint8Array(skipped + from).map((_, index) => 1 + (index % 250)).subarray(skipped);
      const room = at + from + behind;
      const into = new Uint8Array(shared ? new SharedArrayBuffer(room) : new ArrayBuffer(room));
      copy(bytes, into, at);
      const expected = Buffer.concat([Buffer.alloc(at), bytes, Buffer.alloc(behind)]);
      assert.equal(Buffer.compare(Buffer.from(into), expected), 0);
    }),
    { numRuns: 60 },
  );
});

test('what does not fit is refused, and not a byte of it written', () => {
  const into = new Uint8Array(new SharedArrayBuffer(10_000));
  assert.throws(() => copy(new Uint8Array(5000).fill(1), into, 5001), RangeError);
  assert.throws(() => copy(new Uint8Array(5000).fill(1), into, -1), RangeError);
  assert.ok(into.every((byte) => byte === 0));
});
