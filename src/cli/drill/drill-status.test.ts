import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openHistory } from '../../catalog/history.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { asFault } from '../../model/fault.ts';
import { english } from '../catalogue/english.ts';
import { drillJson, drillTroubles, lastDrill } from './drill-status.ts';

test('B12: where history cannot be read, a drill that may have failed is a trouble, and not silence', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-history-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'history.sqlite');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const fault = await openHistory(path, createTestRun()).then(() => undefined, asFault);
  assert.ok(fault);
  const last = lastDrill('mailserver', { runs: [], fault });
  const [trouble] = drillTroubles(last, { messages: english });
  assert.match(trouble ?? '', /^it is not known how the last drill ended: the history .* is of version 99/);
  assert.deepEqual(drillJson(last), { drill_verdict: 'unknown' });
  assert.deepEqual(drillTroubles(lastDrill('mailserver', { runs: [] }), { messages: english }), []);
});
