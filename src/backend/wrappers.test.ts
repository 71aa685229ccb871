import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Backend, ObjectHandle } from '../contract/backend.ts';
import type { BackendUnderTest } from '../contract/backend-fixture.ts';
import { backendSuite } from '../contract/backend.suite.ts';
import { createTestRun, type TestRun } from '../contract/test-run.ts';
import { Fault, type FaultCode, isFault } from '../model/fault.ts';
import { createMemoryBackend } from './memory.ts';
import { withCount } from './with-count.ts';
import { withDryRun } from './with-dry-run.ts';
import { type Call, type Mishap, powerCutAt, scripted, seeded, withFaults } from './with-faults.ts';
import { withLimit } from './with-limit.ts';
import { withReadOnly } from './with-read-only.ts';
import { withRetry } from './with-retry.ts';

const clock = createTestRun();
const patient = { random: () => 0.5, sleep: clock.sleep };
const made = (wrap: (inner: Backend) => Backend) => async (): Promise<BackendUnderTest> => ({
  backend: wrap(createMemoryBackend({ pageSize: 7 })),
  cleanup: async () => {},
});

const outage = new Fault('backend-unavailable', 'the server does not answer', { retry: true });
const refusal = new Fault('permission-denied', 'the server refuses');

backendSuite(
  'with retry',
  made((inner) => withRetry(inner, patient)),
);
// A lost answer to a save or remove is told apart only by what is there afterwards, so those have tests of their own.
backendSuite(
  'with retry over storage that loses requests, and answers to reads',
  made((inner) => {
    const before: Mishap = { kind: 'fail-before', fault: outage };
    const any = seeded(7, 0.3, [before, { kind: 'fail-after', fault: outage }]);
    const decide = (call: Call): Mishap | undefined => {
      const mishap = any(call);
      if (mishap === undefined || call.operation === 'remove') return undefined;
      return call.operation === 'save' ? before : mishap;
    };
    return withRetry(withFaults(inner, decide).backend, patient);
  }),
);
backendSuite(
  'with faults, none of which happens',
  made((inner) => withFaults(inner, () => undefined).backend),
);
backendSuite(
  'with dry run',
  made((inner) => withDryRun(inner)),
);
backendSuite(
  'with one connection and a rate',
  made((inner) => withLimit(inner, { connections: 1, uploadRate: 1e12, downloadRate: 1e12, sleep: clock.sleep })),
);
backendSuite(
  'with count',
  made((inner) => withCount(inner).backend),
);
backendSuite(
  'with read only, for what only reads',
  made((inner) => ({ ...withReadOnly(inner), create: inner.create, save: inner.save, remove: inner.remove })),
);

const pack = (digit: string): ObjectHandle => ({ kind: 'pack', name: digit.repeat(64) });
const bytes = new Uint8Array(randomBytes(1000));
const other = new Uint8Array(randomBytes(1000));
const fails = (code: FaultCode, promise: Promise<unknown>): Promise<void> =>
  assert.rejects(promise, (thrown: unknown) => isFault(thrown, code));
const namesIn = async (backend: Backend, run: TestRun): Promise<string[]> =>
  (await Array.fromAsync(backend.list('pack', run))).flat().map(({ name }) => name[0] ?? '');
const on =
  (operation: Call['operation']) =>
  (call: Call): boolean =>
    call.operation === operation;

describe('with retry', () => {
  test('pauses grow twofold up to the longest, jitter from half to one and a half', async () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 1],
      [0.999, 1.499],
    ] as const) {
      const run = createTestRun();
      const faulty = withFaults(createMemoryBackend(), () => ({ kind: 'fail-before', fault: outage }));
      const backend = withRetry(faulty.backend, {
        random: () => random,
        sleep: run.sleep,
        firstPause: 1000,
        longestPause: 8000,
        patience: 40_000,
      });
      await fails('backend-unavailable', backend.size(pack('a'), run));
      const expected = run.sleeps.map((_, index) => Math.min(8000, 1000 * 2 ** index) * factor);
      assert.deepEqual(run.sleeps, expected);
      const slept = run.sleeps.reduce((sum, pause) => sum + pause, 0);
      assert.ok(slept <= 40_000 && slept + 8000 * factor > 39_990, `${slept}`);
      assert.equal(faulty.calls.length, run.sleeps.length + 1);
      assert.equal(run.events.length, run.sleeps.length);
    }
  });

  for (const { what, more, least, most } of [
    { what: 'has never answered is waited for for two minutes', more: {}, least: 60_000, most: 120_000 },
    { what: 'refuses from the first is tried for ten seconds', more: { refused: true }, least: 5000, most: 10_000 },
  ]) {
    test(`S2: a server that ${what}, and the doubt is told`, async () => {
      const run = createTestRun();
      const unmet = new Fault('backend-unavailable', 'nas refuses connections', {
        retry: true,
        hint: 'Check the location.',
        context: { unmet: true, ...more },
      });
      const faulty = withFaults(createMemoryBackend(), () => ({ kind: 'fail-before', fault: unmet }));
      const backend = withRetry(faulty.backend, { random: () => 0.5, sleep: run.sleep });
      await fails('backend-unavailable', backend.size(pack('a'), run));
      const slept = run.sleeps.reduce((sum, pause) => sum + pause, 0);
      assert.ok(slept > least && slept <= most && faulty.calls.length > 3, `${slept}`);
      assert.match(JSON.stringify(run.events[0]), /refuses connections; trying again in 0\.5 s\. Check the location\./);
    });
  }

  test('patience ends also when the wall clock stands', async () => {
    const run = createTestRun();
    const faulty = withFaults(createMemoryBackend(), () => ({ kind: 'fail-before', fault: outage }));
    const backend = withRetry(faulty.backend, { random: () => 0.5, sleep: clock.sleep, patience: 3600 });
    await fails('backend-unavailable', backend.size(pack('a'), run));
    assert.equal(faulty.calls.length, 4);
  });

  test('a fault that does not say retry is told at once', async () => {
    const run = createTestRun();
    const faulty = withFaults(createMemoryBackend(), () => ({ kind: 'fail-before', fault: refusal }));
    const backend = withRetry(faulty.backend, { ...patient, sleep: run.sleep });
    for (const call of [
      backend.create(run),
      backend.size(pack('a'), run),
      backend.save(pack('a'), [bytes], run),
      backend.load(pack('a'), undefined, run),
      backend.remove(pack('a'), run),
      Array.fromAsync(backend.list('pack', run)),
    ]) {
      await fails('permission-denied', call);
    }
    assert.equal(faulty.calls.length, 6);
    assert.deepEqual(run.sleeps, []);
  });

  test('a save whose answer got lost succeeds when its own bytes are there, and only then', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    const faulty = withFaults(memory, scripted(on('save'), [{ kind: 'fail-after', fault: outage }]));
    await withRetry(faulty.backend, { ...patient, sleep: run.sleep }).save(pack('a'), [bytes], run);
    assert.deepEqual(
      faulty.calls.map(({ operation }) => operation),
      ['save', 'save', 'size', 'load'],
    );

    for (const foreign of [other, bytes.subarray(1)]) {
      const taken = createMemoryBackend();
      await taken.save(pack('a'), [foreign], run);
      const lost = withFaults(taken, scripted(on('save'), [{ kind: 'fail-before', fault: outage }]));
      await fails(
        'object-exists',
        withRetry(lost.backend, { ...patient, sleep: run.sleep }).save(pack('a'), [bytes], run),
      );
      assert.deepEqual(await taken.load(pack('a'), undefined, run), foreign.slice());
    }
  });

  test('a first save that meets its own bytes is still object-exists', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    await memory.save(pack('a'), [bytes], run);
    await fails('object-exists', withRetry(memory, patient).save(pack('a'), [bytes], run));
  });

  test('a remove whose answer got lost succeeds', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    await memory.save(pack('a'), [bytes], run);
    const faulty = withFaults(memory, scripted(on('remove'), [{ kind: 'fail-after', fault: outage }]));
    await withRetry(faulty.backend, patient).remove(pack('a'), run);
    await fails('object-missing', memory.size(pack('a'), run));
  });

  test('a listing that breaks off goes on and names nothing twice', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend({ pageSize: 2 });
    for (const digit of 'abcdef') await memory.save(pack(digit), [bytes], run);
    const lost: Mishap = { kind: 'fail-after', fault: outage };
    const faulty = withFaults(memory, scripted(on('list'), [lost, lost]));
    const found = await namesIn(withRetry(faulty.backend, patient), run);
    assert.deepEqual(found.toSorted(), [...'abcdef']);
    assert.equal(faulty.calls.length, 3);
  });

  test('a cancelled pause ends as interrupted', async () => {
    const run = createTestRun();
    const faulty = withFaults(createMemoryBackend(), () => ({ kind: 'fail-before', fault: outage }));
    const backend = withRetry(faulty.backend, {
      random: () => 0,
      sleep: async (milliseconds, signal) => {
        run.abort();
        await run.sleep(milliseconds, signal);
      },
    });
    await fails('interrupted', backend.size(pack('a'), run));
    assert.equal(faulty.calls.length, 1);
  });
});

describe('with faults', () => {
  test('each mishap does what it says, and each call is recorded', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    const script: readonly (Mishap | undefined)[] = [
      { kind: 'fail-before', fault: refusal },
      { kind: 'fail-after', fault: outage },
      undefined,
      { kind: 'wrong-bytes', at: -1 },
    ];
    const loads: readonly (Mishap | undefined)[] = [
      { kind: 'short-read', by: 10 },
      { kind: 'wrong-bytes', at: 5 },
      { kind: 'slow', milliseconds: 700 },
    ];
    const [saving, loading] = [scripted(on('save'), script), scripted(on('load'), loads)];
    const { backend, calls } = withFaults(memory, (call) => saving(call) ?? loading(call), { sleep: run.sleep });
    await fails('permission-denied', backend.save(pack('a'), [bytes], run));
    await fails('object-missing', memory.size(pack('a'), run));
    await fails('backend-unavailable', backend.save(pack('b'), [bytes], run));
    assert.equal(await memory.size(pack('b'), run), 1000);
    await backend.save(pack('c'), [bytes], run);
    await backend.save(pack('d'), [bytes], run);
    const stored = await memory.load(pack('d'), undefined, run);
    assert.deepEqual(stored.subarray(0, 999), bytes.subarray(0, 999));
    assert.equal(stored[999], (bytes[999] ?? 0) ^ 1);
    assert.equal((await backend.load(pack('c'), undefined, run)).length, 990);
    assert.equal((await backend.load(pack('c'), { start: 0, length: 6 }, run))[5], (bytes[5] ?? 0) ^ 1);
    assert.deepEqual(await backend.load(pack('c'), undefined, run), bytes);
    assert.deepEqual(run.sleeps, [700]);
    assert.deepEqual(
      calls.map(({ operation, turn, done, mishap }) => [operation, turn, done, mishap]),
      [
        ['save', 0, false, 'fail-before'],
        ['save', 1, true, 'fail-after'],
        ['save', 2, true, undefined],
        ['save', 3, true, 'wrong-bytes'],
        ['load', 0, true, 'short-read'],
        ['load', 1, true, 'wrong-bytes'],
        ['load', 2, true, 'slow'],
      ],
    );
    assert.equal(calls[0]?.bytes, 1000);
  });

  test('after a power cut nothing happens any more', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    const { backend, calls } = withFaults(memory, powerCutAt(2));
    await backend.save(pack('a'), [bytes], run);
    await backend.save(pack('b'), [bytes], run);
    await fails('backend-unavailable', backend.save(pack('c'), [bytes], run));
    await fails('backend-unavailable', backend.remove(pack('a'), run));
    await fails('backend-unavailable', Array.fromAsync(backend.list('pack', run)));
    assert.deepEqual(await namesIn(memory, run), ['a', 'b']);
    assert.equal(calls.length, 5);
  });

  test('the same seed gives the same mishaps, in the share that was asked for', () => {
    const cut: Mishap = { kind: 'power-cut' };
    const hits = (seed: number): number[] => {
      const decide = seeded(seed, 0.25, [cut]);
      const calls = Array.from({ length: 2000 }, (_, index): Call => ({ index, turn: index, operation: 'size' }));
      return calls.filter((call) => decide(call) !== undefined).map(({ index }) => index);
    };
    assert.deepEqual(hits(1), hits(1));
    assert.notDeepEqual(hits(1), hits(2));
    for (const seed of [0, 1, 2, 2 ** 31]) assert.ok(Math.abs(hits(seed).length - 500) < 100, `${hits(seed).length}`);
  });
});

describe('with read only', () => {
  test('whatever would change something is refused, locks too, and no thread gets around it', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    await memory.save(pack('a'), [bytes], run);
    const backend = withReadOnly({ ...memory, entrance: { module: 'file:///x', location: '' } });
    await fails('read-only', backend.create(run));
    await fails('read-only', backend.save(pack('b'), [bytes], run));
    await fails('read-only', backend.save({ ...pack('b'), kind: 'lock' }, [bytes], run));
    await fails('read-only', backend.remove(pack('a'), run));
    assert.equal(backend.entrance, undefined);
    assert.deepEqual(await backend.load(pack('a'), undefined, run), bytes);
  });
});

describe('with dry run', () => {
  test('reads see what was written and removed, the storage never changes', async () => {
    const step = fc.record({ save: fc.boolean(), digit: fc.constantFrom('a', 'b', 'c', 'd'), length: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.boolean(), async (steps, keepPacks) => {
        const run = createTestRun();
        const [inner, model] = [createMemoryBackend(), createMemoryBackend()];
        for (const digit of 'ab') for (const each of [inner, model]) await each.save(pack(digit), [bytes], run);
        const backend = withDryRun(inner, { keepPacks });
        for (const { save, digit, length } of steps) {
          const act = async (on: Backend): Promise<string> => {
            try {
              await (save ? on.save(pack(digit), [bytes.subarray(length)], run) : on.remove(pack(digit), run));
              return 'done';
            } catch (error) {
              return isFault(error) ? error.code : String(error);
            }
          };
          assert.equal(await act(backend), await act(model));
        }
        assert.deepEqual((await namesIn(backend, run)).toSorted(), (await namesIn(model, run)).toSorted());
        for (const digit of await namesIn(model, run)) {
          assert.equal(await backend.size(pack(digit), run), await model.size(pack(digit), run));
        }
        assert.deepEqual(await namesIn(inner, run), ['a', 'b']);
      }),
      { numRuns: 40 },
    );
  });

  test('packs that are only weighed are told by size and not loaded, others are kept', async () => {
    const run = createTestRun();
    const backend = withDryRun(createMemoryBackend(), { keepPacks: false });
    await backend.save(pack('a'), [bytes], run);
    await backend.save({ ...pack('a'), kind: 'index' }, [bytes], run);
    await fails('unsupported', backend.load(pack('a'), undefined, run));
    assert.deepEqual(await backend.load({ ...pack('a'), kind: 'index' }, undefined, run), bytes);
  });

  test('what immutable storage holds cannot be removed in a dry run either', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend({ immutable: true });
    await memory.save(pack('a'), [bytes], run);
    await fails('permission-denied', withDryRun(memory).remove(pack('a'), run));
  });
});

describe('with limit', () => {
  test('never more calls than connections are under way, and all of them come through', async () => {
    const run = createTestRun();
    const memory = createMemoryBackend();
    let [now, most] = [0, 0];
    const watched: Backend = {
      ...memory,
      save: async (...call) => {
        most = Math.max(most, ++now);
        await memory.save(...call);
        now--;
      },
    };
    const backend = withLimit(watched, { connections: 3, sleep: run.sleep });
    await Promise.all([...'0123456789abcdef'].map((digit) => backend.save(pack(digit), [bytes], run)));
    assert.equal(most, 3);
    assert.equal((await namesIn(backend, run)).length, 16);
  });

  test('who waits in line can be cancelled, and the line goes on without them', async () => {
    const [run, impatient] = [createTestRun(), createTestRun()];
    const backend = withLimit(createMemoryBackend(), { connections: 1, sleep: run.sleep });
    const first = backend.save(pack('a'), [bytes], run);
    const second = backend.save(pack('b'), [bytes], impatient);
    const third = backend.save(pack('c'), [bytes], run);
    impatient.abort();
    await fails('interrupted', second);
    await Promise.all([first, third]);
    assert.deepEqual(await namesIn(backend, run), ['a', 'c']);
  });

  test('whoever lists may load between the pages, even over one connection', async () => {
    const run = createTestRun();
    const backend = withLimit(createMemoryBackend({ pageSize: 1 }), { connections: 1, sleep: run.sleep });
    for (const digit of 'abc') await backend.save(pack(digit), [bytes], run);
    let loaded = 0;
    for await (const page of backend.list('pack', run)) {
      for (const { name } of page) loaded += (await backend.load({ kind: 'pack', name }, undefined, run)).length;
    }
    assert.equal(loaded, 3000);
  });

  test('a rate holds the next object back until the last is paid for, each way on its own', async () => {
    const run = createTestRun();
    const backend = withLimit(createMemoryBackend(), { uploadRate: 1000, downloadRate: 4000, sleep: run.sleep });
    for (const digit of 'abc') await backend.save(pack(digit), [bytes], run);
    assert.deepEqual(run.sleeps, [1000, 1000]);
    await backend.load(pack('a'), undefined, run);
    await backend.load(pack('a'), { start: 0, length: 400 }, run);
    await backend.load(pack('a'), { start: 0, length: 4 }, run);
    assert.deepEqual(run.sleeps.slice(2), [250, 100]);
  });

  test('limits that would let nothing through are refused', () => {
    for (const limits of [{ connections: 0 }, { uploadRate: 0 }, { downloadRate: -1 }, { uploadRate: Number.NaN }]) {
      assert.throws(
        () => withLimit(createMemoryBackend(), { ...limits, sleep: clock.sleep }),
        (thrown: unknown) => isFault(thrown, 'configuration'),
      );
    }
  });
});

test('with count: calls, pages and bytes are counted', async () => {
  const run = createTestRun();
  const { backend, counts } = withCount(createMemoryBackend({ pageSize: 2 }));
  await backend.create(run);
  assert.deepEqual(await namesIn(backend, run), []);
  for (const digit of 'abc') await backend.save(pack(digit), [bytes, bytes], run);
  await backend.load(pack('a'), { start: 0, length: 10 }, run);
  await backend.size(pack('a'), run);
  await namesIn(backend, run);
  await backend.remove(pack('a'), run);
  await fails('object-missing', backend.remove(pack('a'), run));
  assert.deepEqual(counts, {
    create: 1,
    size: 1,
    save: 3,
    load: 1,
    list: 3,
    remove: 2,
    bytesSaved: 6000,
    bytesLoaded: 10,
  });
});
