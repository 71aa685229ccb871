import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import { powerCutAt, withFaults } from '../../../backend/with-faults.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import type { ProcessFate } from '../../../system/process-stamp.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';
import { acquireLock, type LockOptions } from './lock.ts';
import { type LockRecords, lockRecordsIn } from './lock-records.ts';
import { removeOwnDeadLocks } from './own-dead-locks.ts';

const envelope = createEnvelope(generateMasterKey(), await loadPoly1305());
const identity = { hostname: 'mail1', username: 'alice', pid: process.pid };
const minute = 60_000;

interface Scene {
  readonly backend: Backend;
  readonly run: TestRun;
  readonly folder: string;
  readonly records: LockRecords;
  readonly options: LockOptions;
  readonly names: () => Promise<readonly string[]>;
  /** With this answer to the question what became of the process that left the lock. */
  readonly sweep: (fate: ProcessFate) => Promise<void>;
}

const setUp = async (t: TestContext): Promise<Scene> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-records-'));
  t.after(() => rm(folder, { recursive: true }));
  const backend = createMemoryBackend();
  const run = createTestRun();
  const records = lockRecordsIn(join(folder, 'locks'));
  const names = async () => (await Array.fromAsync(backend.list('lock', run))).flat().map(({ name }) => name);
  const options = { backend, envelope, records, exclusive: false, identity, run };
  const sweep = (fate: ProcessFate) => removeOwnDeadLocks({ backend, envelope, records }, run, () => fate);
  return { backend, run, folder: join(folder, 'locks'), records, options, names, sweep };
};

test('a lock is recorded before it is stored, also when it is refreshed, and forgotten when it is gone', async (t) => {
  const { folder, options, run } = await setUp(t);
  const watched: Backend = {
    ...options.backend,
    save: async (handle, ...rest) => {
      assert.ok((await readdir(folder)).includes(handle.name));
      return options.backend.save(handle, ...rest);
    },
  };
  const lock = await acquireLock({ ...options, backend: watched });
  assert.deepEqual(await readdir(folder), [lock.id]);
  run.advance(minute);
  await lock.refresh();
  assert.deepEqual(await readdir(folder), [lock.id]);
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
});

test('S5: what a killed process of ours left is removed and told; what one left that runs stays', async (t) => {
  const { folder, options, run, names, sweep } = await setUp(t);
  const { id } = await acquireLock(options);
  run.advance(3 * minute);
  await sweep('running');
  assert.deepEqual(await names(), [id]);
  await sweep('over');
  assert.deepEqual([await names(), await readdir(folder)], [[], []]);
  const [event] = run.events;
  assert.match(JSON.stringify(event), /removed the lock of our process \d+, which was killed, taken 3 minutes ago/);
  assert.equal(run.events.length, 1);
});

test('where it cannot be told whether its process runs, it goes once restic, too, takes it for stale', async (t) => {
  const { run, options, names, sweep } = await setUp(t);
  const { id } = await acquireLock(options);
  run.advance(29 * minute);
  await sweep('unknown');
  assert.deepEqual(await names(), [id]);
  run.advance(2 * minute);
  await sweep('unknown');
  assert.deepEqual(await names(), []);
});

test("others' locks are never removed, however old and whoever they say they are", async (t) => {
  const { options, run, names, sweep } = await setUp(t);
  const { id } = await acquireLock({ ...options, records: undefined });
  run.advance(1000 * minute);
  await sweep('over');
  assert.deepEqual(await names(), [id]);
  assert.deepEqual(run.events, []);
});

test('half a record proves nothing, and goes with its lock', async (t) => {
  const { folder, options, names, sweep } = await setUp(t);
  const lock = await acquireLock(options);
  await writeFile(join(folder, lock.id), '{"pid":');
  await sweep('over');
  assert.deepEqual(await names(), [lock.id]);
  await options.backend.remove({ kind: 'lock', name: lock.id }, options.run);
  await sweep('over');
  assert.deepEqual(await readdir(folder), []);
});

test('a storage that does not answer is told, and the record stays for the next time', async (t) => {
  const { folder, options, records, run } = await setUp(t);
  const { id } = await acquireLock(options);
  const { backend } = withFaults(options.backend, powerCutAt(0));
  await removeOwnDeadLocks({ backend, envelope, records }, run, () => 'over');
  assert.deepEqual(await readdir(folder), [id]);
  assert.match(JSON.stringify(run.events), /could not be removed: the power is cut/);
});
