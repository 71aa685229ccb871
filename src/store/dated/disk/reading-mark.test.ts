import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ownProcessStamp } from '../../../system/process-stamp.ts';
import { daily } from '../dated-fixture.ts';
import { placesBelow } from './layout.ts';
import { moveAside } from './move-into-place.ts';
import { awaitUnread, markReading, readersOf, requireUnread } from './reading-mark.ts';

let root: string;
const day = daily('2025-11-07');
const signal = new AbortController().signal;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mailkeep-mark-'));
  mkdirSync(join(root, 'daily/2025-11-07'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('B3: many read a backup at a time, and it cannot be hidden before the last is done', async () => {
  const places = placesBelow(root);
  const [one, other] = [await markReading(places, day), await markReading(places, day)];
  assert.equal((await readersOf(places, day)).length, 2);
  await one.release();
  await assert.rejects(moveAside(places, day), { code: 'run-under-way' });
  assert.deepEqual(readdirSync(join(root, 'daily')), ['2025-11-07']);
  await requireUnread(places, daily('2025-11-06'));
  await assert.rejects(requireUnread(places), { code: 'run-under-way' });
  await other.release();
  await moveAside(places, day);
});

test('B3: the mark of a process that is over is removed', async () => {
  const places = placesBelow(root);
  const stamp = ownProcessStamp();
  assert.ok(stamp);
  mkdirSync(places.path('.mailkeep/readers'), { recursive: true });
  const mark = places.path('.mailkeep/readers/daily-2025-11-07.0123456789ab');
  writeFileSync(mark, JSON.stringify({ ...stamp, start: `${stamp.start}0`, since: Date.now() }));
  await requireUnread(places, day);
  assert.deepEqual(readdirSync(places.path('.mailkeep/readers')), []);
});

test('B3: whoever would replace a backup may wait until nobody reads it', async () => {
  const places = placesBelow(root);
  const mark = await markReading(places, day);
  await assert.rejects(awaitUnread(places, day, { wait: 0, signal }), { code: 'run-under-way' });
  let waited = 0;
  const onWait = (): void => {
    waited++;
    void mark.release();
  };
  await awaitUnread(places, day, { wait: 600_000, onWait, signal });
  assert.equal(waited, 1);
});

test('B11: what cannot be marked is read all the same, and why is told', async () => {
  const places = placesBelow(join(root, 'daily/2025-11-07/file'));
  writeFileSync(join(root, 'daily/2025-11-07/file'), '');
  const { refused, release } = await markReading(places, day);
  assert.ok(refused);
  await release();
});
