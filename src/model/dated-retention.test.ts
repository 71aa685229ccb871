import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type DatedFacts, planDatedRetention, verificationNeeded } from './dated-retention.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 26, 5);
const policy = { keepDaily: 30, keepWeekly: 12, verifiedWithin: 30 * day };

const daily = (age: number, more: Partial<DatedFacts> = {}): DatedFacts => ({
  kind: 'daily',
  path: `daily/${new Date(now - age * day).toISOString().slice(0, 10)}`,
  started: now - age * day - 7_200_000,
  isGood: true,
  verified: undefined,
  held: [],
  ...more,
});
const weekly = (weeks: number): DatedFacts => ({ ...daily(7 * weeks), kind: 'weekly', path: `weekly/${weeks}` });

const nights = (count: number, newest: Partial<DatedFacts> = {}): readonly DatedFacts[] =>
  Array.from({ length: count }, (_, age) => daily(age, age === 0 ? newest : {}));
const removed = (backups: readonly DatedFacts[], at = now): readonly string[] =>
  planDatedRetention(backups, policy, at).flatMap((one) => (one.verdict === 'remove' ? [one.backup.path] : []));

test('TC-06: the 31st day leaves once the newest was verified, and not before', () => {
  assert.deepEqual(removed(nights(31)), []);
  assert.deepEqual(removed(nights(31, { verified: now })), [daily(30).path]);
  assert.deepEqual(removed(nights(30, { verified: now })), []);
});

test('TC-06: the 13th week leaves as well, covered by a day', () => {
  const weeks = Array.from({ length: 13 }, (_, number) => weekly(number + 1));
  assert.deepEqual(removed([...weeks, daily(0, { verified: now })]), ['weekly/13']);
});

test('B3: what was verified too long ago, or is incomplete, is no evidence', () => {
  assert.deepEqual(removed(nights(31, { verified: now - 31 * day })), []);
  assert.deepEqual(removed(nights(31, { verified: now, isGood: false })), []);
});

test('B3: the last good one never leaves, however few are to be kept', () => {
  const only = [daily(400, { verified: now }), daily(1, { isGood: false }), daily(0, { isGood: false })];
  const [first, ...rest] = planDatedRetention(only, { ...policy, keepDaily: 0 }, now);
  assert.ok(first !== undefined && [first, ...rest].every(({ verdict }) => verdict === 'keep'));
});

test('B2: incomplete days are not counted, and leave once a newer one is good and verified', () => {
  const mixed = [daily(0, { verified: now }), daily(1, { isGood: false }), ...nights(31).slice(2)];
  assert.deepEqual(removed(mixed), [daily(1).path]);
});

test('B3: what lies in the future takes no place and covers nothing', () => {
  const future = daily(-300, { verified: now });
  assert.deepEqual(removed([future, ...nights(31)]), []);
  const decisions = planDatedRetention([future, ...nights(30)], policy, now);
  assert.deepEqual(decisions[0], { verdict: 'keep', backup: future, reason: { kind: 'future' } });
  assert.equal(decisions.filter((one) => one.verdict === 'keep' && one.reason.kind === 'counted').length, 30);
});

test('B3: verification is asked for only where something waits for it', () => {
  const needed = (backups: readonly DatedFacts[]): string | undefined =>
    verificationNeeded(planDatedRetention(backups, policy, now), now)?.path;
  assert.equal(needed(nights(30)), undefined);
  assert.equal(needed(nights(31)), daily(0).path);
  assert.equal(needed(nights(31, { isGood: false })), undefined);
  assert.equal(needed(nights(31, { verified: now })), undefined);
  // The newest is good and of one day: nothing older waits.
  assert.equal(needed([daily(0), daily(1, { isGood: false })]), daily(0).path);
});

test('B3: a damaged day stays as long as a good one would, covers nothing, and takes no place', () => {
  const days = nights(32, { verified: now });
  const shared = days.map((one, age) => (age === 0 ? one : { ...one, isDamaged: true }));
  assert.deepEqual(removed(shared), []);
  const one = days.map((known, age) => (age === 5 ? { ...known, isDamaged: true } : known));
  assert.deepEqual(removed(one), [daily(31).path]);
  const damagedNewest = days.map((known, age) => (age === 0 ? { ...known, isDamaged: true } : known));
  assert.deepEqual(removed(damagedNewest), []);
});

test('S8: of random days, no policy lets one go on which a hold stands', () => {
  const day = fc.record({ age: fc.nat(100), isGood: fc.boolean(), isVerified: fc.boolean(), isHeld: fc.boolean() });
  fc.assert(
    fc.property(fc.array(day, { maxLength: 40 }), fc.nat(5), (days, keepDaily) => {
      const backups = days.map(({ age, isGood, isVerified, isHeld }) =>
        daily(age, { isGood, verified: isVerified ? now : undefined, held: isHeld ? ['abc'] : [] }),
      );
      for (const decision of planDatedRetention(backups, { ...policy, keepDaily }, now)) {
        assert.ok(decision.verdict === 'keep' || decision.backup.held.length === 0);
      }
    }),
  );
});
