import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { Fault } from '../../model/fault.ts';
import type { RepositoryRecord, RunRecord } from '../../model/run-record.ts';
import { snapshotAt } from '../../model/retention-fixture.ts';
import { brakedTag, evidenceTag } from '../../model/snapshot.ts';
import { lastDone, planUpkeep, type UpkeepWish } from './plan-upkeep.ts';
import { newerThan } from './snapshots-to-copy.ts';
import { upkeep, type UpkeepPlan, type UpkeepTools } from './upkeep.ts';
import { upkeepAll } from './upkeep-all.ts';

const whole: UpkeepPlan = {
  name: 'main',
  appendOnly: false,
  removal: 'here',
  verify: { parts: 30 },
  forget: true,
  prune: true,
  hold: true,
  copyTo: ['offsite'],
  price: { perByteMonth: 2, currency: 'EUR' },
};

/** Tools that note what they are asked for. */
const toolsWith = (more: Partial<UpkeepTools> = {}): { readonly tools: UpkeepTools; readonly calls: string[] } => {
  const calls: string[] = [];
  const note = <Arguments extends readonly unknown[], Result>(
    name: string,
    tool: (...given: Arguments) => Promise<Result>,
  ): ((...given: Arguments) => Promise<Result>) => {
    return (...given) => {
      calls.push(name);
      return tool(...given);
    };
  };
  const usual: UpkeepTools = {
    isImmutable: false,
    verify: async () => ({ damage: undefined, readBytes: 10, packs: 1 }),
    removeCheckpoints: async () => undefined,
    forget: async () => ({ removed: 2, kept: 5, frozen: 1, failed: 0 }),
    prune: async () => ({ freedBytes: 100, failed: 0 }),
    hold: async () => ({ extended: 3, held: 4 }),
    copy: async () => ({ snapshots: 1, bytes: 7 }),
    measure: async () => ({ storedBytes: 21, snapshots: 5 }),
    ...more,
  };
  const tools: UpkeepTools = {
    isImmutable: usual.isImmutable,
    verify: note('verify', usual.verify),
    removeCheckpoints: usual.removeCheckpoints,
    forget: note('forget', usual.forget),
    prune: note('prune', usual.prune),
    hold: note('hold', usual.hold),
    copy: note('copy', usual.copy),
    measure: note('measure', usual.measure),
  };
  return { tools, calls };
};

const keep = async (
  plan: UpkeepPlan,
  more: Partial<UpkeepTools> = {},
  run = createTestRun(),
): Promise<{ readonly record: RepositoryRecord; readonly calls: readonly string[] }> => {
  const { tools, calls } = toolsWith(more);
  return { record: await upkeep(plan, tools, { tell: () => undefined, run }), calls };
};

const broken = (): Promise<never> => Promise.reject(new Fault('permission-denied', 'no'));

describe('the upkeep of a repository', () => {
  test('its steps come in their order, and each leaves its part of the record', async () => {
    const { record, calls } = await keep(whole);
    assert.deepEqual(calls, ['verify', 'copy', 'forget', 'prune', 'hold', 'measure']);
    const good = { kind: 'good' };
    assert.deepEqual(record, {
      name: 'main',
      appendOnly: false,
      verify: { outcome: good, readBytes: 10, packs: 1 },
      forget: { outcome: good, removed: 2, kept: 5, frozen: 1 },
      prune: { outcome: good, freedBytes: 100 },
      hold: { outcome: good, extended: 3, held: 4 },
      copies: [{ to: 'offsite', outcome: good, snapshots: 1, bytes: 7 }],
      storedBytes: 21,
      snapshots: 5,
      monthlyCost: { amount: 42, currency: 'EUR' },
    });
  });

  for (const [what, verify] of [
    ['finds damage', async () => ({ damage: new Fault('pack-damaged', 'bad'), readBytes: 1, packs: 1 })],
    ['cannot read', broken],
  ] as const) {
    test(`B3: when verifying ${what}, nothing is forgotten or pruned, and copies go on`, async () => {
      const { record, calls } = await keep(whole, { verify });
      assert.deepEqual(calls, ['verify', 'copy', 'hold', 'measure']);
      assert.equal(record.verify?.outcome.kind, 'failed');
      assert.deepEqual([record.forget?.outcome.kind, record.prune?.outcome.kind], ['skipped', 'skipped']);
    });
  }

  test('S2: append-only storage is verified and copied, what removes is left to maintain', async () => {
    const { record, calls } = await keep({ ...whole, appendOnly: true, removal: 'elsewhere' });
    assert.deepEqual(calls, ['verify', 'copy', 'hold', 'measure']);
    assert.deepEqual(record.forget?.outcome, { kind: 'skipped', reason: 'append-only' });
  });

  test('S2: storage that turns out to let nothing be removed is left to maintain by run, and to nobody by maintain', async () => {
    const night = await keep({ ...whole, removal: 'where-possible' }, { isImmutable: true });
    assert.deepEqual(night.calls, ['verify', 'copy', 'hold', 'measure']);
    assert.equal(night.record.forget?.outcome.kind, 'skipped');
    const maintained = await keep(whole, { isImmutable: true, forget: broken });
    assert.equal(maintained.record.forget?.outcome.kind, 'failed');
    const usual = await keep({ ...whole, removal: 'where-possible' });
    assert.equal(usual.record.forget?.outcome.kind, 'good');
  });

  test('A12: left checkpoints go with all else that may be removed, and that some stay is no failure', async () => {
    let asked = 0;
    const removeCheckpoints = (): Promise<never> => {
      asked++;
      return broken();
    };
    const { record } = await keep(whole, { removeCheckpoints });
    await keep({ ...whole, removal: 'elsewhere' }, { removeCheckpoints });
    assert.deepEqual([asked, record.forget?.outcome.kind], [1, 'good']);
  });

  test('a step that fails stops none that does not need it', async () => {
    const { record, calls } = await keep(whole, { forget: broken, measure: broken });
    assert.deepEqual(calls, ['verify', 'copy', 'forget', 'prune', 'hold', 'measure']);
    assert.equal(record.forget?.outcome.kind, 'failed');
    assert.equal(record.storedBytes, undefined);
  });

  test('S6: nothing is forgotten that another repository may still lack', async () => {
    const { record, calls } = await keep({ ...whole, copyTo: ['offsite', 'attic'] }, { copy: broken });
    assert.deepEqual(calls, ['verify', 'copy', 'copy', 'prune', 'hold', 'measure']);
    assert.equal(record.copies[0]?.outcome.kind, 'failed');
    assert.deepEqual(record.forget?.outcome, { kind: 'skipped', reason: 'not-copied' });
  });

  test('what should be gone and is not makes a step incomplete', async () => {
    const { record } = await keep(whole, { prune: async () => ({ freedBytes: 0, failed: 3 }) });
    assert.deepEqual(record.prune?.outcome, { kind: 'incomplete', reason: 'packs-left', count: 3 });
  });

  test('after an interruption no step begins, and the record says so', async () => {
    const run = createTestRun();
    const verify: UpkeepTools['verify'] = async () => {
      run.abort();
      throw new Fault('interrupted', 'stop');
    };
    const { record, calls } = await keep(whole, { verify }, run);
    assert.deepEqual(calls, ['verify']);
    assert.deepEqual([record.forget?.outcome.kind, record.copies[0]?.outcome.kind], ['skipped', 'skipped']);
  });
});

describe('the upkeep of several repositories', () => {
  const live = async (copyTo: Readonly<Record<string, readonly string[]>>, isOpen: (name: string) => boolean) => {
    const records: RepositoryRecord[] = [];
    await upkeepAll(
      ['a', 'b'],
      {
        planOf: (name) => ({ ...whole, name, copyTo: copyTo[name] ?? [] }),
        withTools: (name, work) =>
          isOpen(name) ? work(toolsWith().tools) : Promise.reject(new Fault('wrong-password', 'the password is wrong')),
        tell: () => undefined,
        record: (record) => records.push(record),
      },
      createTestRun(),
    );
    return records;
  };

  test('those that are copied into come after them, once each, also in a circle', async () => {
    const records = await live({ a: ['c', 'b'], b: ['c'], c: ['a'] }, () => true);
    assert.deepEqual(
      records.map(({ name }) => name),
      ['a', 'b', 'c'],
    );
  });

  test('one that cannot be opened has failed, and stops no other', async () => {
    const [a, b] = await live({}, (name) => name !== 'a');
    assert.equal(a?.verify?.outcome.kind, 'failed');
    assert.equal(a.forget?.outcome.kind, 'skipped');
    assert.equal(b?.verify?.outcome.kind, 'good');
  });
});

describe('what is due', () => {
  const day = 86_400_000;
  const now = 1000 * day;
  const wish: UpkeepWish = {
    appendOnly: true,
    verifyWithin: 30 * day,
    hasRetention: true,
    pruneEvery: 7 * day,
    holdFor: undefined,
    copyTo: [],
    price: undefined,
  };
  const planned = (lastVerified?: number, lastPruned?: number, command: RunRecord['command'] = 'run'): UpkeepPlan =>
    planUpkeep('main', wish, { command, now, lastVerified, lastPruned });

  test('everything is read in time, however often runs come', () => {
    const parts = (since: number): number | undefined => planned(now - since).verify?.parts;
    assert.deepEqual([parts(day), parts(7 * day), parts(40 * day), parts(day / 24)], [30, 4, 1, 720]);
    assert.equal(planned().verify?.parts, 30, 'a first run is taken for one of a night');
    assert.equal(planned(now + day).verify?.parts, 30, 'a time that is yet to come says nothing');
  });

  test('a prune comes in time, also when the timer is a little early', () => {
    const isDue = (since: number): boolean => planned(now, now - since).prune;
    assert.deepEqual([isDue(6 * day), isDue(7 * day - 900_000), isDue(8 * day)], [false, true, true]);
    assert.ok(planned().prune, 'nobody knows when the last was');
  });

  test('only run leaves to maintain what removes', () => {
    assert.deepEqual([planned().removal, planned(now, now, 'maintain').removal], ['elsewhere', 'here']);
  });

  test('a step that failed or was left out was not done', () => {
    const run = (started: number, kind: 'good' | 'skipped'): RunRecord => ({
      version: 1,
      id: '',
      command: 'run',
      trigger: 'person',
      program: '',
      machine: '',
      started,
      ended: started,
      exitCode: 0,
      jobs: [],
      repositories: [
        {
          name: 'main',
          appendOnly: false,
          copies: [],
          prune: { outcome: kind === 'good' ? { kind } : { kind, reason: 'not-verified' }, freedBytes: 0 },
        },
      ],
      faults: [],
      notices: [],
    });
    const runs = [run(3, 'skipped'), run(2, 'good'), run(1, 'good')];
    assert.equal(lastDone(runs, 'main', 'prune'), 2);
    assert.equal(lastDone(runs, 'main', 'verify'), undefined);
    assert.equal(lastDone(runs, 'other', 'prune'), undefined);
  });
});

test('S6: copied is what is newer than all that the other has of the same source, and no brake holds', () => {
  const at = (name: string, date: string, more: Parameters<typeof snapshotAt>[2] = {}) =>
    snapshotAt(name, `2026-${date}T03:00:00+00:00`, more);
  const now = at('f', '03-01').time.nanoseconds;
  const source = [
    at('a', '01-01'),
    at('b', '01-02'),
    at('c', '01-03', { tags: [brakedTag] }),
    at('d', '01-04'),
    at('e', '01-01', { hostname: 'beta' }),
    at('9', '01-05', { tags: [evidenceTag] }),
  ];
  const ids = (other: Parameters<typeof newerThan>[0]): string =>
    newerThan(other, source, now)
      .map(({ id }) => id[0] ?? '')
      .join('');
  assert.equal(ids([]), 'abde');
  assert.equal(ids([at('1', '01-02')]), 'de', 'what it has forgotten does not come again');
  assert.equal(ids([at('1', '12-31')]), 'abde', 'a time that is yet to come holds nothing up');
  assert.equal(ids([at('1', '01-04'), at('2', '01-01', { hostname: 'beta' })]), '');
});
