import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ClaimedSnapshot,
  type LastLook,
  type SeenSnapshot,
  strangeArrivals,
  timeDoubt,
  whenSeen,
} from './seen-snapshot.ts';

const hour = 3_600_000_000_000n;
const day = 24n * hour;

const claim = (id: string, time: bigint, more: Partial<ClaimedSnapshot> = {}): ClaimedSnapshot => ({
  id,
  originalId: id,
  time,
  source: 'alpha',
  ...more,
});

/** What is known after a look at these, after what was known before. */
const lookAt = (claims: readonly ClaimedSnapshot[], time: bigint, before?: LastLook): LastLook => {
  const look = whenSeen(before, claims, time);
  return { time, snapshots: new Map(claims.map((claimed) => [claimed.id, look(claimed)])) };
};

const doubtsOf = ({ snapshots }: LastLook): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries([...snapshots].map(([id, seen]) => [id, timeDoubt(seen)]));

describe('when snapshots were seen', () => {
  test('S6: one that comes later is noted with the look before, and keeps what is known of it', () => {
    const first = lookAt([claim('1', 9n * day)], 10n * day);
    assert.deepEqual(first.snapshots.get('1'), { time: 9n * day, originalId: '1', seenAt: 10n * day });
    const both = [claim('1', 9n * day), claim('2', 10n * day)];
    const second = lookAt(both, 11n * day, first);
    const noted = { time: 10n * day, originalId: '2', seenAt: 11n * day, absentAt: 10n * day };
    assert.deepEqual(second.snapshots.get('2'), noted);
    assert.deepEqual(lookAt(both, 12n * day, second).snapshots.get('2'), noted);
  });

  test('S6: one with other tags is the same one; under the name of a known one, another', () => {
    const first = lookAt([claim('1', 5n)], 10n);
    const known = first.snapshots.get('1');
    const seen = (claimed: ClaimedSnapshot, others: readonly ClaimedSnapshot[] = []): SeenSnapshot | undefined =>
      lookAt([claimed, ...others], 20n, first).snapshots.get(claimed.id);
    assert.deepEqual(seen(claim('2', 5n, { originalId: '1' })), known);
    assert.equal(seen(claim('2', 4n, { originalId: '1' }))?.absentAt, 10n, 'it claims another time');
    assert.equal(seen(claim('2', 5n, { originalId: '1' }), [claim('1', 5n)])?.absentAt, 10n, 'that one is still there');
  });

  for (const { what, time, source, expected } of [
    { what: 'a new one', time: 11n * day + 3n * hour, expected: undefined },
    { what: 'one that took long', time: 10n * day + 5n * hour, expected: undefined },
    { what: 'one of a minute ahead', time: 12n * day + hour / 60n, expected: undefined },
    { what: 'one older than the newest of its source', time: 10n * day + 2n * hour, expected: 'late' },
    { what: 'such a one of another source', time: 10n * day + 2n * hour, source: 'beta', expected: undefined },
    { what: 'one of long before the last look', time: 7n * day, source: 'beta', expected: 'backdated' },
    { what: 'one of a time that is yet to come', time: 12n * day + hour, expected: 'ahead' },
  ]) {
    test(`S6: ${what} is ${expected ?? 'not doubted'}, then and ever after`, () => {
      const newest = claim('1', 10n * day + 3n * hour);
      const first = lookAt([newest], 11n * day);
      const arrived = claim('2', time, source === undefined ? {} : { source });
      const second = lookAt([newest, arrived], 12n * day, first);
      assert.equal(doubtsOf(second)['2'], expected);
      assert.equal(doubtsOf(lookAt([arrived], 40n * day, second))['2'], expected);
    });
  }

  test('S6: what bears a time that is yet to come makes no other late', () => {
    const first = lookAt([claim('1', 30n * day)], 10n * day);
    const second = lookAt([claim('1', 30n * day), claim('2', 10n * day + hour)], 11n * day, first);
    assert.deepEqual(doubtsOf(second), { 1: 'ahead', 2: undefined });
  });
});

test('S6: more snapshots of one source than any schedule makes are told, and such with doubtful times', () => {
  const first = lookAt([claim('old', 9n * day)], 10n * day);
  const arrived = (count: number, from: bigint): ClaimedSnapshot[] =>
    Array.from({ length: count }, (_, number) => claim(`${number}`, from + BigInt(number)));
  const told = (claims: readonly ClaimedSnapshot[]) =>
    strangeArrivals(first, [claim('old', 9n * day), ...claims], 11n * day).map(
      ({ kind, snapshots }) => `${snapshots} ${kind}`,
    );
  assert.deepEqual(told(arrived(24, 10n * day)), []);
  assert.deepEqual(told(arrived(100, 10n * day)), ['100 many']);
  assert.deepEqual(told(arrived(2, 8n * day)), ['2 doubtful']);
  assert.deepEqual(strangeArrivals(undefined, arrived(100, 0n), 11n * day), [], 'a first look knows nothing');
});
