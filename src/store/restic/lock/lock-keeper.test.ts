import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openLocalBackend } from '../../../backend/local.ts';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import type { Event } from '../../../model/event.ts';
import { Fault } from '../../../model/fault.ts';
import { systemNow } from '../../../system/clock.ts';
import { createRun } from '../../../system/run.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import type { StoredLock } from './held-lock.ts';
import { acquireLock } from './lock.ts';
import { keepLock, type LockKeeperOptions } from './lock-keeper.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';

const master = generateMasterKey();
const envelope = createEnvelope(master, await loadPoly1305());
const identity = { hostname: 'mail1', username: 'alice', pid: process.pid };
const hurried = { refreshAfter: 20, lookEvery: 5, retryAfter: 20 };

interface Kept {
  readonly backend: Backend;
  readonly lock: StoredLock;
  readonly events: Event[];
  /** The fault of `onLost`; waits for it. */
  readonly lost: () => Promise<Fault | undefined>;
  readonly options: LockKeeperOptions;
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const hold = async (backend: Backend): Promise<Kept> => {
  const events: Event[] = [];
  const run = createRun({ signal: new AbortController().signal, emit: (event) => void events.push(event) });
  await backend.create(run);
  const lock = await acquireLock({ backend, envelope, exclusive: false, records: undefined, identity, run });
  let fault: Fault | undefined;
  const onLost = (told: Fault): void => {
    fault = told;
  };
  // The keeper's own timer keeps no process alive, so that of `until` must.
  const lost = async (): Promise<Fault | undefined> => {
    await until(() => fault !== undefined);
    return fault;
  };
  return { backend, lock, events, lost, options: { lock, backend, master, run, onLost, pace: hurried } };
};

const names = async ({ backend, options }: Kept): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of backend.list('lock', options.run)) found.push(...page.map(({ name }) => name));
  return found;
};

const keepsUntilStopped = async (kept: Kept): Promise<void> => {
  const keeper = keepLock(kept.options);
  const seen = new Set<string>();
  await until(() => seen.add(kept.lock.id).size >= 4);
  await keeper.stop();
  await keeper.stop();
  assert.deepEqual(await names(kept), [kept.lock.id]);
  assert.ok(kept.lock.isFresh(systemNow()));
  const last = kept.lock.id;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(kept.lock.id, last, 'nothing refreshes it any more');
  await kept.lock.release();
  assert.deepEqual(await names(kept), []);
  assert.deepEqual(kept.events, []);
};

const tellsLoss = async (kept: Kept): Promise<void> => {
  const keeper = keepLock(kept.options);
  const { run } = kept.options;
  let removed = false;
  while (!removed) {
    // The name may change between listing and removal.
    const [name = ''] = await names(kept);
    removed = await kept.backend.remove({ kind: 'lock', name }, run).then(
      () => true,
      () => false,
    );
    if (removed && (await names(kept)).length > 0) removed = false;
  }
  assert.equal((await kept.lost())?.code, 'lock-lost');
  await keeper.stop();
  await kept.lock.release();
  assert.deepEqual(await names(kept), []);
};

describe('lock keeper', () => {
  test('in this thread: refreshes until it is stopped, and nothing is left after the release', async () => {
    await keepsUntilStopped(await hold(createMemoryBackend()));
  });

  test('in this thread: tells when somebody has removed the lock', async () => {
    await tellsLoss(await hold(createMemoryBackend()));
  });

  test('in a thread of its own: refreshes until it is stopped, and tells the loss', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'lock-keeper-'));
    context.after(() => rm(folder, { recursive: true }));
    await keepsUntilStopped(await hold(openLocalBackend(folder)));
    await tellsLoss(await hold(openLocalBackend(folder)));
  });

  test('in a thread of its own: goes on while this thread is busy', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'lock-keeper-'));
    context.after(() => rm(folder, { recursive: true }));
    const kept = await hold(openLocalBackend(folder));
    const keeper = keepLock(kept.options);
    const first = kept.lock.id;
    await until(() => kept.lock.id !== first);
    const before = kept.lock.time;
    // A computation of a second during which no event of this thread is handled.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    await keeper.stop();
    assert.ok(kept.lock.time - before >= 500_000_000n, 'the lock was refreshed meanwhile');
    await kept.lock.release();
    assert.deepEqual(await names(kept), []);
  });

  test('a thread that cannot start is told, and the lock is kept in this thread', async () => {
    const kept = await hold(createMemoryBackend());
    const entrance = { module: 'data:text/javascript,export const nothing = 1', location: undefined };
    const keeper = keepLock({ ...kept.options, backend: { ...kept.backend, entrance } });
    const first = kept.lock.id;
    await until(() => kept.lock.id !== first);
    assert.match(JSON.stringify(kept.events), /cannot be opened in a thread/);
    await keeper.stop();
    await kept.lock.release();
    assert.deepEqual(await names(kept), []);
  });

  test('attempts that fail are told and repeated while the lock holds, and the lock is lost when it gets too old', async () => {
    const memory = createMemoryBackend();
    let broken = false;
    const backend: Backend = {
      ...memory,
      save: async (...call) => {
        if (broken) throw new Fault('backend-unavailable', 'the disk is gone', { retry: true });
        await memory.save(...call);
      },
    };
    const kept = await hold(backend);
    let ahead = 0n;
    const run = { ...kept.options.run, now: () => systemNow() + ahead };
    broken = true;
    const keeper = keepLock({ ...kept.options, run });
    await until(() => kept.events.length >= 2);
    assert.match(JSON.stringify(kept.events), /trying again: the disk is gone/);
    broken = false;
    const first = kept.lock.id;
    await until(() => kept.lock.id !== first);
    broken = true;
    ahead = 23n * 60_000_000_000n;
    assert.equal((await kept.lost())?.code, 'backend-unavailable');
    await keeper.stop();
    await kept.lock.release();
  });
});
