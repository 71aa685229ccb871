import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../../../model/fault.ts';
import { createConfig, formatConfig, parseConfig } from './config.ts';
import { degree, isIrreducible53 } from './polynomial.ts';

const id = '76772da2eb51454a1286eb6c383fdb4be641d34ad42aa1b3b186fb7841ccc4d8';
const good = `{"version":2,"id":"${id}","chunker_polynomial":"249971770ab0ff"}`;
const parse = (text: string): unknown => parseConfig(new TextEncoder().encode(text));
const isDamage = (error: unknown): boolean => isFault(error, 'config-damaged');

/** Product of polynomials over two elements. */
const product = (left: bigint, right: bigint): bigint => {
  let sum = 0n;
  for (let bit = 0n; right >> bit > 0n; bit++) if ((right >> bit) & 1n) sum ^= left << bit;
  return sum;
};

describe('polynomial', () => {
  test('the degree is that of the highest power, and -1 for zero', () => {
    assert.deepEqual([0n, 1n, 2n, 3n, 0x3da3358b4dc173n].map(degree), [-1, 0, 1, 1, 53]);
  });

  test('S1: the polynomials of real repositories are irreducible', () => {
    for (const polynomial of [0x3da3358b4dc173n, 0x249971770ab0ffn, 0x3d115cd5fbbf6dn, 0x2bcc55277dce9fn]) {
      assert.equal(isIrreducible53(polynomial), true, polynomial.toString(16));
    }
  });

  test('products of degree 53 are not, nor is anything of another degree', () => {
    const factor = fc.bigInt(2n, (1n << 53n) - 1n);
    fc.assert(
      fc.property(factor, fc.bigInt(0n, (1n << 52n) - 1n), (left, noise) => {
        const rest = 53 - degree(left);
        const right = (1n << BigInt(rest)) | (noise & ((1n << BigInt(rest)) - 1n));
        const composite = product(left, right);
        assert.equal(degree(composite), 53);
        assert.equal(isIrreducible53(composite), false);
      }),
      { numRuns: 60 },
    );
    for (const other of [0n, 1n, 2n, 0x3da3358b4dc173n >> 1n, 0x3da3358b4dc173n << 1n]) {
      assert.equal(isIrreducible53(other), false);
    }
  });

  test('of those with a constant term as many are irreducible as theory says: two in 53', () => {
    // There are (2^53 - 2) / 53 irreducible ones of degree 53, all with a constant term. Of 2,000 that makes 75.
    let found = 0;
    for (let low = 1n; low < 4000n; low += 2n) if (isIrreducible53((1n << 53n) | low)) found++;
    assert.ok(found > 40 && found < 115, `${found} of 2000`);
  });
});

describe('config', () => {
  test('S1: the JSON is that of restic', () => {
    const config = parseConfig(new TextEncoder().encode(good));
    assert.deepEqual(config, { version: 2, id, chunkerPolynomial: 0x249971770ab0ffn });
    assert.equal(Buffer.from(formatConfig(config)).toString(), good);
    assert.deepEqual(parse(good.replace('"version":2', '"version":1')), { ...config, version: 1 });
  });

  test('a new one is of version 2, different each time, and is read back', () => {
    const [first, second] = [createConfig(), createConfig()];
    assert.equal(first.version, 2);
    assert.notEqual(first.id, second.id);
    assert.notEqual(first.chunkerPolynomial, second.chunkerPolynomial);
    assert.deepEqual(parseConfig(formatConfig(first)), first);
  });

  test('a newer version says so, whatever else is in it', () => {
    assert.throws(
      () => parse('{"version":3}'),
      (error) => isFault(error, 'repository-newer'),
    );
    assert.throws(() => parse(good.replace('"version":2', '"version":9')), /version 9/);
  });

  test('S5: nonsense is the Fault config-damaged', () => {
    const bad = [
      '',
      '[]',
      '{}',
      good.slice(1),
      ...['0', '-1', '2.5', '"2"', 'null', '1e999'].map((version) =>
        good.replace('"version":2', `"version":${version}`),
      ),
      good.replace(id, id.slice(1)),
      good.replace(id, id.toUpperCase()),
      good.replace('249971770ab0ff', '249971770ab0fe'),
      good.replace('249971770ab0ff', '0x249971770ab0ff'),
      good.replace('249971770ab0ff', 'f'.repeat(100_000)),
      good.replace('"249971770ab0ff"', '10302165534651647'),
    ];
    for (const text of bad) assert.throws(() => parse(text), isDamage, text.slice(0, 200));
  });

  test('S5: mutated and random bytes give a config or a Fault', () => {
    const bytes = new TextEncoder().encode(good);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), fc.uint8Array(), (at, value, noise) => {
        for (const candidate of [Uint8Array.from(bytes, (old, index) => (index === at ? value : old)), noise]) {
          try {
            parseConfig(candidate);
          } catch (error) {
            assert.ok(isFault(error, 'config-damaged', 'repository-newer'), String(error));
          }
        }
      }),
    );
  });
});
