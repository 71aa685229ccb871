import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Fault, isFault } from './fault.ts';
import { before } from './retention-calendar.ts';
import { nanosecondsOf, planLines, snapshotAt } from './retention-fixture.ts';
import {
  emptyPolicy,
  formatKeepSpan,
  isEmptyPolicy,
  parseKeepCount,
  parseKeepSpan,
  parseTagList,
  type RetentionPolicy,
} from './retention-policy.ts';
import { noneHeld, planNamed, planRetention, removalsOf, type RetentionRules } from './retention.ts';
import type { GroupField } from './snapshot-selection.ts';
import { brakedTag, evidenceTag, holdTag, type Snapshot } from './snapshot.ts';

const clock = { now: nanosecondsOf('2026-06-01T12:00:00Z'), zone: () => 0 };
const rulesOf = (
  policy: Partial<RetentionPolicy>,
  groupBy: readonly GroupField[] = ['host', 'paths'],
): RetentionRules => ({
  policy: { ...emptyPolicy, ...policy },
  groupBy: new Set(groupBy),
  allowRemoveAll: false,
});
const plan = (snapshots: readonly Snapshot[], policy: Partial<RetentionPolicy>): readonly string[] =>
  planLines(planRetention(snapshots, rulesOf(policy), clock, noneHeld));

describe('which snapshots a policy keeps', () => {
  const days = ['a', 'b', 'c', 'd'].map((name, number) => snapshotAt(name, `2026-05-0${number + 1}T03:00:00Z`));

  test('S4: the newest n stay, each with its reason, and the others have none', () => {
    assert.deepEqual(plan(days, { last: 2 }), [
      'keep d: last snapshot',
      'keep c: last snapshot',
      'remove b: no-rule',
      'remove a: no-rule',
    ]);
  });

  test('A8: while the newest of an account is braked, none of its snapshots goes, and others go as always', () => {
    const [a, b, c, d] = days;
    assert.ok(a && b && c && d);
    const other = snapshotAt('o', '2026-05-01T03:00:00Z', { hostname: 'beta' });
    const newer = snapshotAt('p', '2026-05-02T03:00:00Z', { hostname: 'beta' });
    assert.deepEqual(plan([a, b, { ...c, tags: [brakedTag] }, other, newer], { last: 1 }), [
      'keep c: last snapshot',
      'keep b: frozen',
      'keep a: frozen',
      'keep p: last snapshot',
      'remove o: no-rule',
    ]);
    assert.deepEqual(plan([b, { ...c, tags: [brakedTag] }, d], { last: 1 }), [
      'keep d: last snapshot',
      'remove c: no-rule',
      'remove b: no-rule',
    ]);
  });

  test('S4: of each day the newest stays, in the calendar of the place where it was made', () => {
    const snapshots = [
      snapshotAt('a', '2026-05-01T23:30:00+09:00'),
      snapshotAt('b', '2026-05-02T00:30:00+09:00'),
      snapshotAt('c', '2026-05-02T01:30:00+09:00'),
    ];
    assert.deepEqual(plan(snapshots, { buckets: { daily: 2 } }), [
      'keep c: daily snapshot',
      'remove b: no-rule',
      'keep a: daily snapshot',
    ]);
  });

  test('S4: weeks are those of ISO 8601, also around the new year', () => {
    const snapshots = [
      snapshotAt('a', '2025-12-28T12:00:00Z'),
      snapshotAt('b', '2025-12-29T12:00:00Z'),
      snapshotAt('c', '2026-01-04T12:00:00Z'),
      snapshotAt('d', '2026-01-05T12:00:00Z'),
    ];
    assert.deepEqual(plan(snapshots, { buckets: { weekly: 3 } }), [
      'keep d: weekly snapshot',
      'keep c: weekly snapshot',
      'remove b: no-rule',
      'keep a: weekly snapshot',
    ]);
  });

  test('S4: the oldest stays while a rule has room', () => {
    const sameMonth = [snapshotAt('a', '2026-05-01T00:00:00Z'), snapshotAt('b', '2026-05-09T00:00:00Z')];
    assert.deepEqual(plan(sameMonth, { buckets: { monthly: 2 } }), [
      'keep b: monthly snapshot',
      'keep a: oldest monthly snapshot',
    ]);
    assert.deepEqual(plan(sameMonth, { buckets: { monthly: 1 } }), ['keep b: monthly snapshot', 'remove a: no-rule']);
    assert.deepEqual(plan(sameMonth, { bucketsWithin: { yearly: parseKeepSpan('1y') } }), [
      'keep b: yearly within 1y',
      'keep a: oldest yearly within 1y',
    ]);
  });

  test('S4: a span ends with the newest that is not from the future', () => {
    const snapshots = [...days, snapshotAt('f', '2031-01-01T00:00:00Z')];
    assert.deepEqual(plan(snapshots, { within: parseKeepSpan('1d1h') }), [
      'keep f: within 1d1h',
      'keep d: within 1d1h',
      'keep c: within 1d1h',
      'remove b: no-rule',
      'remove a: no-rule',
    ]);
  });

  test('S4: tags of one list must all be there, of several lists one is enough', () => {
    const tagged = days.map((snapshot, number) => ({
      ...snapshot,
      tags: [[], ['x'], ['x', 'y'], ['z']][number] ?? [],
    }));
    assert.deepEqual(plan(tagged, { tags: [['x', 'y'], ['']] }), [
      'remove d: no-rule',
      'keep c: has tags [x, y]',
      'remove b: no-rule',
      'keep a: has tags []',
    ]);
  });

  test('S4: each group is judged by itself', () => {
    const other = snapshotAt('e', '2020-01-01T00:00:00Z', { hostname: 'beta' });
    assert.deepEqual(plan([...days, other], { last: 1 }), [
      'keep d: last snapshot',
      'remove c: no-rule',
      'remove b: no-rule',
      'remove a: no-rule',
      'keep e: last snapshot',
    ]);
    const together = planRetention([...days, other], rulesOf({ last: 1 }, []), clock, noneHeld);
    assert.equal(removalsOf(together).length, 4);
  });

  test('S8: what is held stays whatever the policy, and evidence is outside of it', () => {
    const held = snapshotAt('h', '2001-01-01T00:00:00Z', { tags: [holdTag] });
    const evidence = snapshotAt('e', '2026-05-30T00:00:00Z', { tags: [evidenceTag] });
    assert.deepEqual(plan([...days.slice(2), held, evidence], { last: 1 }), [
      'keep d: last snapshot',
      'remove c: no-rule',
      'keep h: held',
    ]);
    assert.throws(
      () => planNamed([held], noneHeld),
      (error) => isFault(error, 'snapshot-held'),
    );
  });

  test('S4: a policy without rules, and one that would empty a group, is refused', () => {
    const refused = (policy: Partial<RetentionPolicy>): boolean => {
      try {
        plan(days, policy);
        return false;
      } catch (error) {
        return isFault(error, 'usage');
      }
    };
    assert.ok(refused({}));
    assert.ok(refused({ last: 0, within: parseKeepSpan('0h') }));
    assert.ok(refused({ tags: [['no such tag']] }));
    const all = planRetention(days, { ...rulesOf({}), allowRemoveAll: true }, clock, noneHeld);
    assert.equal(removalsOf(all).length, 4);
  });

  test('every snapshot is decided over exactly once, and the more a rule keeps, the fewer go', () => {
    const times = fc.array(fc.integer({ min: 0, max: 400 * 86_400 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        times,
        fc.nat(10),
        fc.constantFrom('hourly', 'daily', 'weekly', 'monthly', 'yearly'),
        (seconds, count, name) => {
          const snapshots = seconds.map((second, number) =>
            snapshotAt(`n${number}x`, new Date(1_700_000_000_000 + second * 1000).toISOString()),
          );
          const removed = (n: number): number => {
            const made = planRetention(snapshots, rulesOf({ last: 1, buckets: { [name]: n } }), clock, noneHeld);
            assert.equal(made.groups.flatMap(({ decisions }) => decisions).length, snapshots.length);
            return removalsOf(made).length;
          };
          assert.ok(removed(count) >= removed(count + 1));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('what the options of a policy say', () => {
  test('counts and spans are restic’s', () => {
    assert.equal(parseKeepCount('unlimited'), 'unlimited');
    assert.equal(parseKeepCount('007'), 7);
    for (const wrong of ['-1', '', '1.5', 'all']) assert.throws(() => parseKeepCount(wrong), Fault);
    assert.deepEqual(parseKeepSpan(' 1y5m7d2h '), { years: 1, months: 5, days: 7, hours: 2 });
    assert.deepEqual(parseKeepSpan('2d3d'), { years: 0, months: 0, days: 3, hours: 0 });
    for (const wrong of ['7', '-7d', '7w', 'd', '7d ago']) assert.throws(() => parseKeepSpan(wrong), Fault);
    assert.equal(formatKeepSpan(parseKeepSpan('2h1y')), '1y2h');
    assert.deepEqual(parseTagList(' a, b'), ['a', 'b']);
    assert.ok(isEmptyPolicy(emptyPolicy));
  });

  test('a month before the 31st is counted on over the end of the month, and clocks keep their reading', () => {
    const back = (time: string, span: string, offset: number, zone = (): number => offset): string => {
      const from = { nanoseconds: nanosecondsOf(time), offsetMinutes: offset };
      const found = before(from, parseKeepSpan(span), zone) ?? 0n;
      return new Date(Number(found / 1_000_000n)).toISOString();
    };
    assert.equal(back('2026-03-31T10:00:00Z', '1m', 0), '2026-03-03T10:00:00.000Z');
    assert.equal(back('2024-02-29T10:00:00Z', '1y', 0), '2023-03-01T10:00:00.000Z');
    assert.equal(back('1969-12-31T23:00:00Z', '1d', 0), '1969-12-30T23:00:00.000Z');
    const berlin = (time: bigint): number => (time < nanosecondsOf('2026-03-29T01:00:00Z') ? 60 : 120);
    assert.equal(
      back('2026-04-01T10:00:00+02:00', '7d', 120, () => 120),
      '2026-03-25T08:00:00.000Z',
    );
    const from = { nanoseconds: nanosecondsOf('2026-04-01T10:00:00+02:00'), offsetMinutes: 120 };
    assert.equal(before(from, parseKeepSpan('7d'), berlin), nanosecondsOf('2026-03-25T10:00:00+01:00'));
    assert.equal(before(from, parseKeepSpan('999999999y'), berlin), undefined);
  });
});
