import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotAt } from '../../model/retention-fixture.ts';
import { brakedTag, checkpointTag, incompleteTag } from '../../model/snapshot.ts';
import { leftCheckpoints } from './left-checkpoints.ts';

test('A12: a checkpoint is left over once a newer snapshot of the same source is complete', () => {
  const at = (name: string, day: string, ...tags: readonly string[]) =>
    snapshotAt(name, `2026-05-${day}T03:00:00Z`, { tags });
  const now = at('f', '20').time.nanoseconds;
  const checkpoint = at('a', '02', checkpointTag);
  const isLeft = (...others: readonly Parameters<typeof leftCheckpoints>[0][number][]): boolean =>
    leftCheckpoints([checkpoint, ...others], now).length === 1;
  assert.ok(isLeft(at('b', '03')));
  assert.ok(!isLeft(at('b', '01')), 'an older one');
  assert.ok(!isLeft({ ...at('b', '03'), hostname: 'beta' }), 'of another host');
  assert.ok(!isLeft(at('b', '03', checkpointTag), at('c', '04', brakedTag), at('d', '05', incompleteTag)));
  assert.ok(!isLeft(at('b', '31')), 'from the future');
});
