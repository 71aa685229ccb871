import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlobTable } from '../index/blob-table.ts';
import { PackList } from '../index/pack-list.ts';
import { planStretches } from './read-plan.ts';

const idOf = (number: number): Uint8Array => new Uint8Array(hash('sha256', String(number), 'buffer'));

interface Lying {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly uncompressedLength: number;
}

/** Blobs one after another in packs, with gaps; those that `missing` names are in no index. */
const lay = (blobs: readonly { pack: number; gap: number; length: number; packed: boolean }[]) => {
  const table = new BlobTable();
  const packs = new PackList();
  for (let pack = 0; pack < 4; pack++) packs.numberOf(String(pack));
  const ends = [0, 0, 0, 0];
  const places = blobs.map(({ pack, gap, length, packed }, number): Lying => {
    const offset = (ends[pack] ?? 0) + gap;
    const location = { pack, offset, length: length + 32, uncompressedLength: packed ? 3 * length + 1 : 0 };
    ends[pack] = offset + location.length;
    table.add('data', idOf(number), location);
    return location;
  });
  return { index: { table, packs, indexIds: new Set<string>() }, places };
};

const plainLength = ({ length, uncompressedLength }: Lying): number => uncompressedLength || length - 32;

const bridged = 65_536;
const stretchBytes = 2 * 1_048_576;

const layout = fc.array(
  fc.record({
    pack: fc.nat(3),
    gap: fc.constantFrom(0, 0, 0, 1000, 65_536, 65_537, 1_000_000),
    length: fc.constantFrom(0, 1, 700, 70_000, 3_000_000, 5_000_000),
    packed: fc.boolean(),
  }),
  { maxLength: 25 },
);

test('every piece of every request is planned exactly once, where it lies, in stretches worth reading', () => {
  fc.assert(
    fc.property(layout, fc.array(fc.array(fc.nat(27), { maxLength: 6 }), { maxLength: 12 }), (blobs, requests) => {
      const { index, places } = lay(blobs);
      const contents = requests.map((numbers) => new Uint8Array(Buffer.concat(numbers.map(idOf))));
      const plan = planStretches(contents, index);
      const planned: string[] = [];
      for (const stretch of plan.stretches) {
        assert.ok(stretch.offsets.length > 0);
        let reached = 0;
        for (const [at, offset] of stretch.offsets.entries()) {
          const length = stretch.lengths[at] ?? 0;
          if (at > 0) {
            assert.ok(offset >= reached && offset - reached <= bridged, 'gaps are small, and nothing overlaps');
            assert.ok(reached < stretchBytes, 'a full stretch ends');
          }
          reached = offset + length;
          const id = stretch.ids.subarray(at * 32, at * 32 + 32);
          const number = places.findIndex((_, blob) => Buffer.compare(idOf(blob), id) === 0);
          const place = places[number];
          assert.ok(place !== undefined);
          assert.deepEqual(
            [stretch.pack, stretch.start + offset, length, stretch.uncompressedLengths[at], stretch.plainLengths[at]],
            [place.pack, place.offset, place.length, place.uncompressedLength, plainLength(place)],
          );
          for (const { request, position } of stretch.uses[at] ?? []) planned.push(`${request} ${position} ${number}`);
        }
        assert.equal(stretch.length, reached);
      }
      const expected: string[] = [];
      const missing: number[] = [];
      for (const [request, numbers] of requests.entries()) {
        let position = 0;
        for (const number of numbers) {
          const place = places[number];
          if (place === undefined) {
            missing.push(request);
            break;
          }
          expected.push(`${request} ${position} ${number}`);
          position += plainLength(place);
        }
      }
      assert.deepEqual(planned.sort(), expected.sort());
      assert.deepEqual(
        plan.missing.map(({ request }) => request),
        missing,
      );
    }),
  );
});
