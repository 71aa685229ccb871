import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../model/fault.ts';
import { badNight, goodNight } from '../report/run-record-fixture.ts';
import { logJson, logText } from './log-entry.ts';
import { entriesOfRecord, entryOfEvent } from './run-entries.ts';

test('B9: a line has time, level, component and message, and is one line whatever a server says', () => {
  const entry = {
    time: Date.UTC(2025, 10, 7, 3),
    level: 'ERROR',
    component: 'MYSQL',
    message: 'lost\n[x] \u001b[31m',
  } as const;
  assert.equal(logText(entry, 'UTC'), '[2025-11-07 03:00:00] [ERROR] [MYSQL] lost [x] ␛[31m');
  assert.equal(
    logJson(entry),
    String.raw`{"time":"2025-11-07T03:00:00.000Z","level":"ERROR","component":"MYSQL","message":"lost\n[x] \u001b[31m"}`,
  );
});

test('B9: a run is logged job by job and step by step, each with its level', () => {
  const lines = (record: typeof goodNight) => entriesOfRecord(record).map((entry) => logText(entry, 'UTC'));
  assert.deepEqual(lines(goodNight), [
    '[2026-11-26 03:01:00] [INFO] [fastmail] good; 12 came, 3 left, 79812 kept, 1.049 MiB stored, snapshot 1aabf372',
    '[2026-11-26 03:03:07] [INFO] [main] verify: good',
    '[2026-11-26 03:03:07] [INFO] [main] copy to offsite: good',
    '[2026-11-26 03:03:07] [INFO] [main] forget: good',
    '[2026-11-26 03:03:07] [INFO] [main] prune: good',
    '[2026-11-26 03:03:07] [INFO] [RUN] run ended with 0 after 3:07 min: good',
  ]);
  const bad = lines({ ...badNight, faults: [{ code: 'disk-full', message: 'no space' }] });
  assert.ok(bad.includes('[2026-11-26 03:03:07] [CRITICAL] [RUN] disk-full: no space'));
  assert.ok(
    bad.some((line) =>
      line.includes('[WARNING] [work/alice@example.com] held by the brake: account-gone, folder-gone'),
    ),
  );
  assert.ok(
    bad.some((line) => line.includes('[ERROR] [old] failed (credentials-refused): imap.example.net does not accept')),
  );
});

test('B9: events are logged as they happen, progress is not', () => {
  const at = { time: 0, component: 'fastmail' };
  assert.equal(entryOfEvent({ kind: 'progress', files: 1, bytes: 1 }, at), undefined);
  assert.equal(entryOfEvent({ kind: 'phase', phase: 'work' }, at)?.component, 'work');
  assert.equal(entryOfEvent({ kind: 'fault', fault: new Fault('io-failed', 'broken') }, at)?.level, 'ERROR');
});
