import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Fault, isFault } from './fault.ts';
import { joinShares, splitSecret } from './secret-share.ts';
import { formatShare, parseShare } from './share-text.ts';

const secrets = fc.uint8Array({ minLength: 1, maxLength: 200 });
const numbers = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 0, max: 4 }))
  .map(([needed, more]) => ({ needed, shares: needed + more }));

test('S8: any K of N shares give the secret back, typed in any order', () => {
  fc.assert(
    fc.property(secrets, numbers, fc.array(fc.nat(), { minLength: 10, maxLength: 10 }), (secret, how, luck) => {
      const shares = splitSecret(secret, how, randomBytes).map((share) => formatShare(share).join('\n'));
      const drawn = shares
        .map((text, at) => ({ text, order: luck[at] ?? 0 }))
        .sort((left, right) => left.order - right.order)
        .slice(0, how.needed);
      const typed = drawn.map(({ text }) =>
        parseShare(`# a share\n${text.toLowerCase().replaceAll('-', ' ')}\n`, 'share'),
      );
      assert.deepEqual(joinShares(typed), secret);
    }),
    { numRuns: 60 },
  );
});

test('S8: K-1 shares fit every other secret of the same length equally well, and are refused', () => {
  const secret = Uint8Array.from([1, 2, 3]);
  const how = { needed: 3, shares: 5 };
  const shares = splitSecret(secret, how, randomBytes);
  assert.throws(() => joinShares(shares.slice(0, 2)), /3 shares are needed, and 2 are there/);
  assert.throws(() => joinShares([...shares.slice(0, 2), ...shares.slice(0, 2)]), Fault);
  // Each value of a share is the secret's byte plus a multiple of random bytes, each of which occurs.
  const seen = new Set<number>();
  for (let byte = 0; byte < 256; byte++) {
    const [first] = splitSecret(secret, { needed: 2, shares: 2 }, (count) => new Uint8Array(count).fill(byte));
    seen.add(first?.values[2] ?? 0);
  }
  assert.equal(seen.size, 256);
});

test('S8: a mistyped share is named with its group; shares of two kits are refused', () => {
  const how = { needed: 2, shares: 3 };
  const [one, two] = splitSecret(Uint8Array.from([7, 7, 7]), how, randomBytes);
  const [other] = splitSecret(Uint8Array.from([7, 7, 7]), how, randomBytes);
  assert.ok(one !== undefined && two !== undefined && other !== undefined);
  const text = formatShare(one).join('\n');
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'), (at, character) => {
      const old = text[at] ?? '';
      fc.pre(/[0-9A-Z]/.test(old) && old !== character);
      const group = text.slice(0, at).replace(/[^0-9A-Z]/g, '').length / 5;
      const wrong = text.slice(0, at) + character + text.slice(at + 1);
      assert.throws(
        () => parseShare(wrong, 'share 2'),
        (error) =>
          isFault(error, 'usage') && error.message.includes(`share 2 is mistyped: group ${Math.floor(group) + 1},`),
      );
    }),
  );
  assert.throws(() => parseShare(text.slice(0, 30), 'share 1'), /share 1 is mistyped/);
  assert.throws(() => joinShares([one, { ...other, at: 2 }]), /do not belong together/);
  assert.throws(() => joinShares([one, { ...two, values: two.values.map((byte) => byte ^ 1) }]), /give no secret/);
});
