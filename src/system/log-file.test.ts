import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLogFile } from './log-file.ts';

const dayOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);
const now = Date.UTC(2026, 10, 26, 3);

test('B9: lines are added, an earlier day is put aside, and after thirty days it goes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-log-'));
  try {
    const options = { folder, name: 'mailkeep.log', days: 30, now, dayOf };
    const path = join(folder, 'mailkeep.log');
    for (const line of ['one', 'two']) {
      const log = await openLogFile(options);
      log.write(line);
      await log.close();
      await utimes(path, now / 1000, now / 1000);
    }
    assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    for (const name of ['mailkeep.log-2026-10-27', 'mailkeep.log-2026-10-28', 'mailkeep.log-mine', 'other']) {
      await writeFile(join(folder, name), '');
    }
    const next = await openLogFile({ ...options, now: now + 86_400_000 });
    next.write('three');
    await next.close();
    assert.equal(await readFile(path, 'utf8'), 'three\n');
    assert.deepEqual((await readdir(folder)).toSorted(), [
      'mailkeep.log',
      'mailkeep.log-2026-10-28',
      'mailkeep.log-2026-11-26',
      'mailkeep.log-mine',
      'other',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
