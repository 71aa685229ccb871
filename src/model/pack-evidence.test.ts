import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { addObservation, combineEvidence, type PackEvidence, rotatedPacks } from './pack-evidence.ts';

const observation = { time: 10n, present: ['a', 'b', 'c'], good: new Set(['a']), bad: new Set(['b']), snapshots: [] };

describe('what checks have seen', () => {
  test('B3: what was read good is read, what was bad or not read waits, what is gone is forgotten', () => {
    const first = addObservation(undefined, observation);
    assert.deepEqual(
      [...first.packs],
      [
        ['a', { kind: 'read', at: 10n }],
        ['b', { kind: 'waiting', at: 10n }],
        ['c', { kind: 'waiting', at: 10n }],
      ],
    );
    const later = { ...observation, time: 20n, present: ['a', 'c'], good: new Set(['c']), bad: new Set(['a']) };
    assert.deepEqual(
      [...addObservation(first, later).packs],
      [
        ['a', { kind: 'waiting', at: 20n }],
        ['c', { kind: 'read', at: 20n }],
      ],
    );
  });

  test('of several notes the newest statement counts, and none from the future', () => {
    const note = (time: bigint, kind: 'read' | 'waiting'): PackEvidence => ({
      time,
      packs: new Map([['a', { kind, at: time }]]),
      snapshots: new Map(),
    });
    assert.deepEqual(combineEvidence([note(3n, 'waiting'), note(2n, 'read')], 9n)?.packs.get('a'), {
      kind: 'waiting',
      at: 3n,
    });
    assert.deepEqual(combineEvidence([note(2n, 'read'), note(12n, 'read')], 9n)?.packs.get('a'), {
      kind: 'read',
      at: 2n,
    });
    assert.equal(combineEvidence([note(12n, 'read')], 9n), undefined);
  });
});

describe('which packs a rotation reads', () => {
  test('B3: n runs in a row read all that was there at the first, whatever comes and goes', () => {
    const bytes = fc.integer({ min: 1, max: 100 });
    const sizes = fc.array(bytes, { minLength: 1, maxLength: 30 });
    const coming = fc.array(fc.array(bytes, { maxLength: 8 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(sizes, coming, fc.integer({ min: 1, max: 9 }), (first, later, parts) => {
        const packs = new Map(first.map((size, number) => [`p${number}`, size]));
        const wanted = new Set(packs.keys());
        let evidence: PackEvidence | undefined;
        for (let run = 0; run < parts; run++) {
          const chosen = rotatedPacks(packs, evidence, parts);
          for (const id of chosen) wanted.delete(id);
          const good = new Set(chosen);
          const time = BigInt(run + 1);
          evidence = addObservation(evidence, { time, present: packs.keys(), good, bad: new Set(), snapshots: [] });
          for (const [number, size] of (later[run] ?? []).entries()) packs.set(`r${run}-${number}`, size);
        }
        assert.deepEqual([...wanted], []);
      }),
      { numRuns: 300 },
    );
  });

  test('a run reads about its part and what is new, not more', () => {
    const packs = new Map(Array.from({ length: 30 }, (_, number) => [`p${number}`, 10]));
    assert.equal(rotatedPacks(packs, undefined, 30).length, 1);
    assert.equal(rotatedPacks(packs, undefined, 3).length, 10);
    assert.equal(rotatedPacks(packs, undefined, 1).length, 30);
    const evidence = addObservation(undefined, {
      ...observation,
      present: packs.keys(),
      good: new Set(packs.keys()),
      bad: new Set(['p7']),
    });
    packs.set('new', 1000);
    assert.equal(rotatedPacks(packs, evidence, 30).length, 2);
    assert.ok(rotatedPacks(packs, evidence, 30).includes('new'));
    assert.deepEqual(rotatedPacks(new Map(), undefined, 7), []);
  });
});
