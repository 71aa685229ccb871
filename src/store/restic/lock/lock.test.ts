import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import type { Event } from '../../../model/event.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { createEnvelope, generateMasterKey } from '../sealing/envelope.ts';
import { acquireLock, type LockOptions, unlock } from './lock.ts';
import { formatLock, type LockInfo, parseLock, processIsAlive, sealLock } from './lock-file.ts';
import { loadPoly1305 } from '../sealing/poly1305.ts';

const poly1305 = await loadPoly1305();
const envelope = createEnvelope(generateMasterKey(), poly1305);
const minute: Nanoseconds = 60_000_000_000n;
const identity = { hostname: 'mail1', username: 'alice', pid: 4321, uid: 1000, gid: 100 };

/** A run whose clock stands where it is put, and what was emitted. */
const testRun = (): Run & { time: Nanoseconds; readonly events: Event[]; readonly abort: AbortController } => {
  const abort = new AbortController();
  const events: Event[] = [];
  return {
    time: 1_800_000_000_000_000_000n,
    events,
    abort,
    signal: abort.signal,
    now() {
      return this.time;
    },
    emit: (event) => void events.push(event),
  };
};

const names = async (backend: Backend, run: Run): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of backend.list('lock', run)) found.push(...page.map(({ name }) => name));
  return found;
};

const setUp = (changes: Partial<LockOptions> = {}) => {
  const backend = createMemoryBackend();
  const run = testRun();
  const options: LockOptions = {
    backend,
    envelope,
    records: undefined,
    exclusive: false,
    identity,
    run,
    isAlive: () => true,
    ...changes,
  };
  return { backend, run, options };
};

const put = async (backend: Backend, info: LockInfo, run: Run): Promise<string> => {
  const { name, bytes } = sealLock(info, envelope);
  await backend.save({ kind: 'lock', name }, [bytes], run);
  return name;
};

const lockAt = (nanoseconds: Nanoseconds, changes: Partial<LockInfo> = {}): LockInfo => ({
  ...identity,
  time: { nanoseconds, offsetMinutes: 0 },
  exclusive: false,
  ...changes,
});

describe('lock file', () => {
  test('S1: a lock has the fields of restic in its order, and ids of 0 are left out', () => {
    const time = { nanoseconds: 1_800_000_000_123_000_000n, offsetMinutes: 540 };
    assert.equal(
      Buffer.from(formatLock({ ...identity, time, exclusive: true })).toString(),
      '{"time":"2027-01-15T17:00:00.123+09:00","exclusive":true,"hostname":"mail1","username":"alice","pid":4321,"uid":1000,"gid":100}',
    );
    const root = formatLock({ time, exclusive: false, hostname: 'h', username: 'root', pid: 1, uid: 0, gid: 0 });
    assert.doesNotMatch(Buffer.from(root).toString(), /uid|gid/);
  });

  test('what is written is read back the same', () => {
    const text = fc.string({ unit: 'grapheme' });
    const id = fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined });
    const infos = fc.record({
      exclusive: fc.boolean(),
      hostname: text,
      username: text,
      pid: fc.nat(),
      uid: id,
      gid: id,
    });
    fc.assert(
      fc.property(infos, fc.bigInt(0n, 4_000_000_000_000_000_000n), ({ uid, gid, ...rest }, nanoseconds) => {
        const info: LockInfo = {
          ...rest,
          time: { nanoseconds, offsetMinutes: 0 },
          ...(uid === undefined ? {} : { uid }),
          ...(gid === undefined ? {} : { gid }),
        };
        assert.deepEqual(parseLock(formatLock(info)), info);
      }),
    );
  });

  test('bytes that are no lock give undefined, whatever they are', () => {
    const whole = formatLock(lockAt(minute));
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (bytes, at, byte) => {
        assert.equal(parseLock(bytes), undefined);
        parseLock(Uint8Array.from(whole, (old, index) => (index === at ? byte : old)));
      }),
    );
    for (const text of [
      '[]',
      'null',
      '{}',
      '{"time":"yesterday","exclusive":true,"hostname":"","username":"","pid":1}',
    ]) {
      assert.equal(parseLock(Buffer.from(text)), undefined, text);
    }
  });

  test('a process is alive or not as the system says, and 0 and negative numbers are no processes', () => {
    assert.equal(processIsAlive(process.pid), true);
    assert.equal(processIsAlive(1), true);
    assert.deepEqual([0, -1, 2 ** 30].map(processIsAlive), [false, false, false]);
  });
});

describe('acquireLock', () => {
  test('B8: shared locks stand beside one another, an exclusive one beside none', async () => {
    const { backend, run, options } = setUp();
    const first = await acquireLock(options);
    const second = await acquireLock(options);
    await assert.rejects(acquireLock({ ...options, exclusive: true }), (error) => isFault(error, 'repository-locked'));
    assert.deepEqual((await names(backend, run)).sort(), [first.id, second.id].sort());
    await first.release();
    await second.release();
    const exclusive = await acquireLock({ ...options, exclusive: true });
    await assert.rejects(acquireLock(options), (error) => isFault(error, 'repository-locked'));
    await exclusive.release();
    assert.deepEqual(await names(backend, run), []);
  });

  test('of two that want it exclusively at once, at most one gets it, and nothing is left of the other', async () => {
    const { backend, run, options } = setUp({ exclusive: true });
    const results = await Promise.allSettled([acquireLock(options), acquireLock(options)]);
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []));
    assert.ok(held.length <= 1);
    assert.deepEqual(await names(backend, run), held);
  });

  test('a conflict that appears while the own lock settles is seen, and the own lock is taken back', async () => {
    const { backend, run, options } = setUp();
    const intruder = lockAt(run.time, { exclusive: true, hostname: 'mail2' });
    let other = '';
    const late: Backend = {
      ...backend,
      save: async (handle, parts, inner) => {
        await backend.save(handle, parts, inner);
        other = await put(backend, intruder, run);
      },
    };
    await assert.rejects(acquireLock({ ...options, backend: late }), /locked exclusively by alice@mail2/);
    assert.deepEqual(await names(backend, run), [other]);
  });

  test('the Fault names the holder, since when, and that the lock looks stale', async () => {
    const { backend, run, options } = setUp({ isAlive: () => false });
    await put(backend, lockAt(run.time - 5n * minute, { exclusive: true }), run);
    await assert.rejects(acquireLock(options), (error) => {
      assert.ok(isFault(error, 'repository-locked'));
      assert.equal(
        error.message,
        'the repository is locked exclusively by alice@mail1 (process 4321) since 2027-01-15T07:55:00Z, 5 minutes ago; the lock looks stale: its process no longer runs',
      );
      assert.match(error.hint ?? '', /mailkeep unlock/);
      const { pid, ageSeconds, stale, exclusive } = error.context;
      assert.deepEqual(
        { pid, ageSeconds, stale, exclusive },
        { pid: 4321, ageSeconds: 300, stale: true, exclusive: true },
      );
      return true;
    });
  });

  test('a stale lock still blocks, as with restic', async () => {
    const { backend, run, options } = setUp();
    await put(backend, lockAt(run.time - 60n * minute, { exclusive: true, hostname: 'elsewhere' }), run);
    await assert.rejects(acquireLock(options), /not refreshed for more than 30 minutes/);
  });

  test('an unreadable lock blocks, an empty one does not, and one that vanishes while it is read does not', async () => {
    const { backend, run, options } = setUp();
    await backend.save({ kind: 'lock', name: 'e'.repeat(64) }, [], run);
    await (await acquireLock({ ...options, exclusive: true })).release();
    const ghost: Backend = {
      ...backend,
      list: async function* () {
        yield [{ name: 'a'.repeat(64), size: 200 }];
      },
    };
    await (await acquireLock({ ...options, backend: ghost, exclusive: true })).release();
    await backend.save({ kind: 'lock', name: 'b'.repeat(64) }, [new Uint8Array(100)], run);
    await assert.rejects(acquireLock(options), /a lock that cannot be read \(bbbbbbbb\)/);
  });

  test('cancelled while it settles, nothing of it stays', async () => {
    const { backend, run, options } = setUp();
    const cancelling: Backend = {
      ...backend,
      save: async (...call) => {
        await backend.save(...call);
        run.abort.abort();
      },
    };
    await assert.rejects(acquireLock({ ...options, backend: cancelling }), (error) => isFault(error, 'interrupted'));
    assert.deepEqual(await names(backend, testRun()), []);
  });

  test('an upload that fails after it has arrived leaves nothing', async () => {
    const { backend, run, options } = setUp();
    const failing: Backend = {
      ...backend,
      save: async (...call) => {
        await backend.save(...call);
        throw new Fault('backend-unavailable', 'the connection broke');
      },
    };
    await assert.rejects(acquireLock({ ...options, backend: failing }), (error) =>
      isFault(error, 'backend-unavailable'),
    );
    assert.deepEqual(await names(backend, run), []);
  });

  test('with a time to retry it waits for the other to finish, and says so once', async () => {
    const { run, options } = setUp();
    const other = await acquireLock({ ...options, exclusive: true });
    const waiting = acquireLock({ ...options, retryFor: 300 });
    while (run.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.release();
    await (await waiting).release();
    assert.equal(run.events.length, 1);
    assert.match(JSON.stringify(run.events[0]), /trying again for up to 1 seconds/);
  });

  test('when the time to retry is over it fails with the conflict', async () => {
    const { backend, run, options } = setUp();
    await put(backend, lockAt(run.time, { exclusive: true }), run);
    const hurrying: Run = { ...run, now: () => (run.time += 30_000_000n) };
    await assert.rejects(acquireLock({ ...options, run: hurrying, retryFor: 100 }), (error) =>
      isFault(error, 'repository-locked'),
    );
  });
});

describe('held lock', () => {
  test('refresh puts a newer file in place of the older one', async () => {
    const { backend, run, options } = setUp();
    const lock = await acquireLock(options);
    const before = lock.id;
    run.time += 5n * minute;
    await lock.refresh();
    assert.notEqual(lock.id, before);
    assert.deepEqual(await names(backend, run), [lock.id]);
    const stored = envelope.open(await backend.load({ kind: 'lock', name: lock.id }, undefined, run));
    assert.equal(parseLock(stored ?? new Uint8Array())?.time.nanoseconds, run.time);
    await lock.release();
    await lock.release();
    await assert.rejects(lock.refresh(), (error) => isFault(error, 'lock-lost'));
    assert.deepEqual(await names(backend, run), []);
  });

  test('it is fresh for 22.5 minutes by the wall clock, also when the clock is set back far', async () => {
    const { run, options } = setUp();
    const lock = await acquireLock(options);
    const start = run.time;
    assert.equal(lock.isFresh(start + (45n * minute) / 2n - 1n), true);
    assert.equal(lock.isFresh(start + (45n * minute) / 2n), false);
    assert.equal(lock.isFresh(start - minute), true);
    assert.equal(lock.isFresh(start - 60n * minute), false);
    await lock.release();
  });

  test('a lock that somebody has removed is lost, and no new one is left', async () => {
    const { backend, run, options } = setUp();
    const lock = await acquireLock(options);
    await backend.remove({ kind: 'lock', name: lock.id }, run);
    await assert.rejects(lock.refresh(), (error) => isFault(error, 'lock-lost'));
    assert.deepEqual(await names(backend, run), []);
  });

  test('after a long sleep the lock is refreshed if it is still there, and lost if it goes while the new one settles', async () => {
    const { backend, run, options } = setUp();
    let removeAfterSave = '';
    const watched: Backend = {
      ...backend,
      save: async (...call) => {
        await backend.save(...call);
        if (removeAfterSave !== '') await backend.remove({ kind: 'lock', name: removeAfterSave }, run);
      },
    };
    const lock = await acquireLock({ ...options, backend: watched });
    run.time += 100n * minute;
    await lock.refresh();
    assert.equal(lock.isFresh(run.time), true);
    run.time += 100n * minute;
    removeAfterSave = lock.id;
    await assert.rejects(lock.refresh(), (error) => isFault(error, 'lock-lost'));
    assert.equal(lock.isFresh(run.time), false);
    assert.deepEqual(await names(backend, run), []);
  });

  test('a refresh that cannot write leaves the old lock, and release removes whatever may be there', async () => {
    const { backend, run, options } = setUp();
    let broken = false;
    const flaky: Backend = {
      ...backend,
      save: async (...call) => {
        await backend.save(...call);
        if (broken) throw new Fault('backend-unavailable', 'the answer was lost');
      },
    };
    const lock = await acquireLock({ ...options, backend: flaky });
    const { id } = lock;
    broken = true;
    await assert.rejects(lock.refresh(), (error) => isFault(error, 'backend-unavailable'));
    assert.equal(lock.id, id);
    assert.equal((await names(backend, run)).length, 2);
    run.abort.abort();
    await lock.release();
    assert.deepEqual(await names(backend, testRun()), []);
  });
});

describe('unlock', () => {
  test('removes what restic takes for stale and leaves the rest', async () => {
    const { backend, run } = setUp();
    const old = await put(backend, lockAt(run.time - 31n * minute, { hostname: 'other' }), run);
    const dead = await put(backend, lockAt(run.time, { pid: 999 }), run);
    const alive = await put(backend, lockAt(run.time), run);
    const elsewhere = await put(backend, lockAt(run.time - 29n * minute, { hostname: 'other', pid: 999 }), run);
    await backend.save({ kind: 'lock', name: 'e'.repeat(64) }, [], run);
    await backend.save({ kind: 'lock', name: 'b'.repeat(64) }, [new Uint8Array(100)], run);
    const removed = await unlock(
      backend,
      envelope,
      { all: false, hostname: 'mail1', isAlive: (pid) => pid === 4321 },
      run,
    );
    assert.equal(removed, 2);
    const left = await names(backend, run);
    assert.deepEqual(left.sort(), [alive, elsewhere, 'e'.repeat(64), 'b'.repeat(64)].sort());
    assert.ok(!left.includes(old) && !left.includes(dead));
    assert.equal(await unlock(backend, envelope, { all: true }, run), 4);
    assert.deepEqual(await names(backend, run), []);
  });
});
