import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotAt } from '../model/retention-fixture.ts';
import { incompleteTag } from '../model/snapshot.ts';
import { lastGoodOf } from './account-status.ts';

test('A8: the last good snapshot is complete, and not from the future', () => {
  const good = snapshotAt('a', '2026-05-01T03:00:00Z');
  const incomplete = snapshotAt('b', '2026-05-02T03:00:00Z', { tags: [incompleteTag] });
  const future = snapshotAt('c', '2027-05-03T03:00:00Z');
  const now = snapshotAt('d', '2026-05-03T03:00:00Z').time.nanoseconds;
  assert.equal(lastGoodOf([good, incomplete, future], good, now)?.id, good.id);
  assert.equal(lastGoodOf([good, incomplete, future], good, future.time.nanoseconds)?.id, future.id);
});
