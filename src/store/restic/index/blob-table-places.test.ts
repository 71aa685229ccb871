import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BlobLocation, BlobType } from './blob-segment.ts';
import { BlobTable } from './blob-table.ts';

const idOf = (number: number): Uint8Array => new Uint8Array(hash('sha256', String(number), 'buffer'));

const locationOf = (pack: number, offset: number): BlobLocation => ({
  pack,
  offset,
  length: 50 + offset,
  uncompressedLength: pack % 2 === 0 ? 0 : 7,
});

interface Step {
  readonly what: 'add' | 'place' | 'claim' | 'settle' | 'forget' | 'drop' | 'copy';
  readonly blob: number;
  readonly type: BlobType;
  readonly pack: number;
  readonly offset: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('add', 'place', 'place', 'claim', 'settle', 'forget', 'drop', 'copy'),
  blob: fc.nat(12),
  type: fc.constantFrom('data', 'tree'),
  pack: fc.nat(4),
  offset: fc.nat(3).map((at) => at * 1000),
});

/** What the table should hold: places by blob; none yet for a claimed one. */
class Model {
  blobs = new Map<string, BlobLocation[]>();

  key({ type, blob }: Step): string {
    return `${type} ${blob}`;
  }

  apply(step: Step): boolean | undefined {
    const key = this.key(step);
    const known = this.blobs.get(key);
    const location = locationOf(step.pack, step.offset);
    switch (step.what) {
      case 'add':
        if (known === undefined) this.blobs.set(key, [location]);
        return known === undefined;
      case 'claim':
        if (known === undefined) this.blobs.set(key, []);
        return known === undefined;
      case 'place': {
        const same = known?.some(({ pack, offset }) => pack === step.pack && offset === step.offset);
        if (same !== true) this.blobs.set(key, [...(known ?? []), location]);
        return undefined;
      }
      case 'forget':
        this.blobs.delete(key);
        return undefined;
      case 'drop':
        this.#drop(step.pack);
        return undefined;
      case 'settle':
      case 'copy':
        return undefined;
    }
  }

  #drop(dropped: number): void {
    for (const [key, places] of this.blobs) {
      const left = places.filter(({ pack }) => pack !== dropped);
      if (left.length > 0 || places.length === 0) this.blobs.set(key, left);
      else this.blobs.delete(key);
    }
  }
}

const byPlace = (left: BlobLocation, right: BlobLocation): number =>
  left.pack - right.pack || left.offset - right.offset;

const applyToTable = (table: BlobTable, { what, type, blob, pack, offset }: Step): boolean | undefined => {
  const id = idOf(blob);
  switch (what) {
    case 'add':
      return table.add(type, id, locationOf(pack, offset));
    case 'claim':
      return table.claim(type, id);
    case 'place':
      return table.addPlace(type, id, locationOf(pack, offset)) ?? undefined;
    case 'forget':
      return table.forget(type, id) ?? undefined;
    case 'drop':
      return table.dropPacks(new Set([pack])) ?? undefined;
    case 'settle':
    case 'copy':
      return undefined;
  }
};

describe('places of blobs', () => {
  test('whatever is added, claimed, forgotten and dropped, the table finds what is there', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let table = new BlobTable();
        table.reserve(1000);
        const model = new Model();
        for (const each of steps) {
          // A claim that was never settled is one place less than a stored blob: settle before places are added to it.
          const known = model.blobs.get(model.key(each));
          if (known?.length === 0 && ['place', 'settle'].includes(each.what)) {
            table.settle(each.type, idOf(each.blob), locationOf(each.pack, each.offset));
            model.blobs.set(model.key(each), [locationOf(each.pack, each.offset)]);
            continue;
          }
          if (each.what === 'copy') table = new BlobTable(table.segments());
          else assert.equal(applyToTable(table, each), model.apply(each), each.what);
        }
        for (const type of ['data', 'tree'] as const) {
          for (let blob = 0; blob <= 12; blob++) {
            const expected = model.blobs.get(`${type} ${blob}`);
            assert.equal(table.has(type, idOf(blob)), expected !== undefined);
            assert.deepEqual(table.places(type, idOf(blob)).sort(byPlace), (expected ?? []).sort(byPlace));
            const slot = table.find(type, idOf(blob));
            if (slot !== undefined) assert.deepEqual(table.location(slot), table.places(type, idOf(blob)).at(0));
          }
        }
      }),
    );
  });

  test('more places than a segment holds are kept, and ends of packs are known', () => {
    const table = new BlobTable();
    for (let blob = 0; blob < 20_000; blob++) {
      table.add('data', idOf(blob), locationOf(1, blob));
      table.addPlace('data', idOf(blob), locationOf(2, 2 * blob));
    }
    for (const blob of [0, 9_999, 19_999]) {
      assert.deepEqual(
        table
          .places('data', idOf(blob))
          .map(({ pack }) => pack)
          .sort((left, right) => left - right),
        [1, 2],
      );
    }
    assert.equal(table.packEnds().get(1), 19_999 + 50 + 19_999);
    assert.equal(table.packEnds().get(2), 2 * (2 * 19_999) + 50);
  });

  test('claims beyond what was reserved are taken once by each thread, and settled like any other', () => {
    const table = new BlobTable();
    table.reserve(1);
    const thread = new BlobTable(table.segments());
    const claimed = Array.from({ length: 40_000 }, (_, blob) => thread.claim('data', idOf(blob)));
    assert.ok(claimed.every((one) => one));
    assert.equal(thread.claim('data', idOf(39_999)), false);
    assert.equal(thread.claim('data', idOf(3)), false);
    table.settle('data', idOf(39_999), locationOf(5, 0));
    assert.deepEqual(table.places('data', idOf(39_999)), [locationOf(5, 0)]);
  });
});
