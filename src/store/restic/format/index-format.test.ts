import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../../../model/fault.ts';
import { decodeIndex, encodeIndex, type IndexedPack } from './index-format.ts';
import { scanIndex } from './index-scan.ts';
import type { PackedBlob } from './pack-format.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');
const isDamage = (error: unknown): boolean => isFault(error, 'index-damaged');
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const id = fc.uint8Array({ minLength: 32, maxLength: 32 });

const blob: fc.Arbitrary<PackedBlob> = fc.record(
  {
    type: fc.constantFrom('data' as const, 'tree' as const),
    id,
    offset: uint32,
    length: fc.integer({ min: 32, max: 2 ** 32 - 1 }),
    uncompressedLength: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined }),
  },
  { noNullPrototype: true },
);
const packs: fc.Arbitrary<IndexedPack[]> = fc.array(
  fc.record({ id: id.map(hex), blobs: fc.array(blob) }, { noNullPrototype: true }),
  {
    maxLength: 6,
  },
);

interface Decoded {
  readonly packs: IndexedPack[];
  readonly supersedes: readonly string[];
}

const decode = (json: Uint8Array): Decoded => {
  const found: { id: string; blobs: PackedBlob[] }[] = [];
  const { supersedes } = decodeIndex(
    json,
    (packId) => found.push({ id: hex(packId), blobs: [] }),
    ({ uncompressedLength, ...rest }) =>
      found.at(-1)?.blobs.push({
        ...rest,
        id: Uint8Array.from(rest.id),
        uncompressedLength: uncompressedLength === 0 ? undefined : uncompressedLength,
      }),
  );
  return { packs: found, supersedes };
};

const one = 'ab'.repeat(32);
const two = 'cd'.repeat(32);
const shortBlob = `{"id":"${two}","type":"data","offset":0,"length":32}`;
const indexOf = (blobs: string): string => `{"packs":[{"id":"${one}","blobs":[${blobs}]}]}`;

describe('index', () => {
  test('S1: the JSON is byte for byte that of restic', () => {
    const blobs: PackedBlob[] = [
      { type: 'tree', id: Buffer.from(two, 'hex'), offset: 0, length: 78, uncompressedLength: 120 },
      { type: 'data', id: Buffer.from(one, 'hex'), offset: 78, length: 32, uncompressedLength: undefined },
    ];
    assert.equal(
      Buffer.from(encodeIndex([{ id: one, blobs }])).toString(),
      `{"packs":[{"id":"${one}","blobs":[{"id":"${two}","type":"tree","offset":0,"length":78,"uncompressed_length":120},{"id":"${one}","type":"data","offset":78,"length":32}]}]}\n`,
    );
    assert.equal(Buffer.from(encodeIndex([])).toString(), '{"packs":[]}\n');
  });

  test('S1: what is written is read back, by the scanner and by the general reader', () => {
    fc.assert(
      fc.property(packs, (list) => {
        const json = encodeIndex(list);
        assert.ok(scanIndex(json) !== undefined);
        assert.deepEqual(decode(json).packs, list);
        const spaced = bytes(JSON.stringify(JSON.parse(Buffer.from(json).toString()), undefined, 1));
        assert.equal(scanIndex(spaced), list.length === 0 ? scanIndex(spaced) : undefined);
        assert.deepEqual(decode(spaced).packs, list);
      }),
    );
  });

  test('other legal forms are read: order of fields, unknown fields, null for none, superseded indexes, the old bare list', () => {
    const expected = decode(bytes(indexOf(shortBlob)));
    const others = [
      `{"supersedes":[],${indexOf(shortBlob).slice(1)}`,
      ` {"packs": [{"blobs":[{"length":32,"offset":0,"type":"data","id":"${two}","uncompressed_length":null}],"id":"${one}"}]}\n`,
      `{"packs":[{"id":"${one}","blobs":[${shortBlob}],"time":"2026-01-01T00:00:00Z","size":7}],"packs_to_delete":[{"id":"x"}]}`,
      `[{"id":"${one}","blobs":[${shortBlob}]}]`,
      `{"packs":[{"id":"${one.toUpperCase()}","blobs":[${shortBlob}]}]}`,
    ];
    for (const text of others) assert.deepEqual(decode(bytes(text)), expected, text);
    for (const text of ['{}', '{"packs":null}', '[]']) assert.deepEqual(decode(bytes(text)).packs, []);
    assert.deepEqual(decode(bytes(`{"packs":[{"id":"${one}","blobs":null}]}`)).packs, [{ id: one, blobs: [] }]);
    const superseding = `{"supersedes":["${one}","${two}"],"packs":[]}`;
    assert.ok(scanIndex(bytes(superseding)) !== undefined);
    assert.deepEqual(decode(bytes(superseding)).supersedes, [one, two]);
  });

  test('S5: what cannot be true is the Fault index-damaged, and then nothing was told', () => {
    const bad = [
      '',
      'null',
      '7',
      '{"packs":[',
      '{"packs":{}}',
      '{"packs":[7]}',
      '{"packs":[{"blobs":[]}]}',
      `{"packs":[{"id":"${one}","blobs":{}}]}`,
      `{"packs":[{"id":"${one.slice(1)}","blobs":[]}]}`,
      `{"supersedes":["x"],"packs":[]}`,
      indexOf('null'),
      indexOf(shortBlob.replace('data', 'blob')),
      indexOf(shortBlob.replace(two, 'z'.repeat(64))),
      ...['-1', '1.5', '4294967296', '1e300', '"7"', 'null', '99999999999999999999'].flatMap((number) => [
        indexOf(shortBlob.replace('"offset":0', `"offset":${number}`)),
        indexOf(shortBlob.replace('"length":32', `"length":${number}`)),
      ]),
      indexOf(shortBlob.replace('"length":32', '"length":31')),
      indexOf(shortBlob.replace('}', ',"uncompressed_length":4294967296}')),
      `${indexOf(shortBlob)}x`,
    ];
    for (const text of bad) {
      const untold = (): never => assert.fail(`${text} was told of`);
      assert.throws(() => decodeIndex(bytes(text), untold, untold), isDamage, text);
    }
  });

  test('S5: the scanner agrees with the general reader on every mutation of an index, and nothing but Faults is thrown', () => {
    const json = encodeIndex([
      {
        id: one,
        blobs: [{ type: 'tree', id: Buffer.from(two, 'hex'), offset: 10, length: 40, uncompressedLength: 9 }],
      },
    ]);
    const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...bytes('{}[],:"0123456789 \n-.e')));
    const change = fc.tuple(fc.nat({ max: json.length - 1 }), byte);
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.uint8Array(),
        fc.nat(),
        (changes, noise, cut) => {
          const mutated = Uint8Array.from(json);
          for (const [at, value] of changes) mutated[at] = value;
          for (const candidate of [mutated, mutated.slice(0, cut % json.length), noise]) {
            try {
              const found = decode(candidate);
              // White space in front keeps the scanner away from it.
              assert.deepEqual(decode(Uint8Array.from([0x20, ...candidate])), found);
            } catch (error) {
              assert.ok(isDamage(error), String(error));
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
