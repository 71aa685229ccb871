import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { createTestRun } from '../contract/test-run.ts';
import { isFault } from '../model/fault.ts';
import { type JobRecord, type RunRecord, type RunStart, runsOf } from '../model/run-record.ts';
import { openHistory } from './history.ts';

const day = 86_400_000;
const run = createTestRun();
const today = Number(run.now() / 1_000_000n);

const place = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-history-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'state', 'history.sqlite');
};

const start = (number: number, more: Partial<RunStart> = {}): RunStart => ({
  version: 1,
  id: number.toString(16).padStart(16, '0'),
  command: 'run',
  trigger: 'schedule',
  program: 'mailkeep 1',
  machine: 'alpha',
  started: today - day * (100 - number),
  ...more,
});

const job = (name: string): JobRecord => ({
  name,
  kind: 'imap',
  host: 'mail.example.org',
  repository: 'main',
  started: today,
  ended: today + 1,
  outcome: { kind: 'held', reasons: [{ kind: 'account-empty', before: 7 }] },
  captured: {
    snapshot: 'a'.repeat(64),
    arrived: 1,
    arrivedBytes: 2,
    gone: 3,
    changedBodies: 0,
    messages: 4,
    ledger: { onSource: 4, inSnapshot: 4, explained: 0, unexplained: 0 },
    addedBytes: 5,
    storedBytes: 6,
  },
  lastGood: today - day,
});

const record = (number: number, jobs: readonly string[], more: Partial<RunRecord> = {}): RunRecord => ({
  ...start(number),
  ended: start(number).started + 60_000,
  exitCode: 1,
  jobs: jobs.map(job),
  repositories: [
    {
      name: 'main',
      appendOnly: false,
      verify: { outcome: { kind: 'good' }, readBytes: 1, packs: 1 },
      copies: [{ to: 'offsite', outcome: { kind: 'skipped', reason: 'not-opened' }, snapshots: 0, bytes: 0 }],
    },
  ],
  faults: [{ code: 'disk-full', message: 'full' }],
  notices: ['a notice'],
  ...more,
});

describe('the history of runs', () => {
  test('what is kept comes back as it was, newest first, also by the beginning of its id and by a job', async (t) => {
    const path = await place(t);
    const history = await openHistory(path, run);
    for (const number of [1, 2, 3]) {
      history.begin(start(number));
      history.finish(record(number, number === 2 ? ['bob'] : ['alice', 'bob']));
    }
    history.close();
    const again = await openHistory(path, run);
    t.after(() => again.close());
    const ids = again.runs({ last: 2 }).map((known) => (known.kind === 'finished' ? known.record.id : ''));
    assert.deepEqual(ids, [start(3).id, start(2).id]);
    assert.deepEqual(again.find(start(2).id), [{ kind: 'finished', record: record(2, ['bob']) }]);
    assert.equal(again.find('0000').length, 3);
    assert.equal(again.find('%').length, 0);
    assert.equal(again.runs({ last: 9, job: 'alice' }).length, 2);
    again.discard(start(3).id);
    assert.equal(again.runs({ last: 9, job: 'alice' }).length, 1);
  });

  test('a run from the future, when a clock was wrong, is not taken for the last', async (t) => {
    const history = await openHistory(await place(t), run);
    t.after(() => history.close());
    for (const number of [1, 2, 465]) history.finish(record(number, ['alice']));
    const ids = (last: number): readonly string[] =>
      history.runs({ last, job: 'alice' }).map((known) => (known.kind === 'finished' ? known.record.id : ''));
    assert.deepEqual(ids(3), [start(2).id, start(1).id, start(465).id]);
    assert.deepEqual(ids(1), [start(2).id]);
  });

  test('what runs of another configuration did with the same names is told apart', async (t) => {
    const history = await openHistory(await place(t), run);
    t.after(() => history.close());
    history.finish(record(1, ['alice']));
    history.finish(record(2, ['alice'], { configuration: '/etc/mailkeep/mailkeep.yaml' }));
    history.finish(record(3, ['alice'], { configuration: '/home/bob/mailkeep.yaml' }));
    const ids = (configuration: string | undefined): readonly string[] =>
      runsOf(history.runs({ last: 9 }), configuration).map((known) =>
        known.kind === 'finished' ? known.record.id : '',
      );
    assert.deepEqual(ids('/etc/mailkeep/mailkeep.yaml'), [start(2).id, start(1).id]);
    assert.equal(ids(undefined).length, 3);
  });

  test('the run to compare with is of the same command and has the same jobs, and is the newest of those', async (t) => {
    const history = await openHistory(await place(t), run);
    t.after(() => history.close());
    history.finish(record(1, ['alice', 'bob']));
    history.finish(record(2, ['alice', 'bob']));
    history.finish(record(3, ['alice']));
    history.finish(record(4, [], { command: 'maintain' }));
    assert.equal(history.before(record(9, ['alice', 'bob', 'new'])).alike?.id, start(2).id);
    assert.equal(history.before(record(9, ['alice', 'bob'])).newest?.id, start(3).id);
    assert.equal(history.before(record(9, ['alice'])).alike?.id, start(3).id);
    assert.equal(history.before(record(1, ['alice'])).alike, undefined);
    history.finish(record(5, ['alice'], { configuration: '/home/bob/mailkeep.yaml' }));
    const own = { configuration: '/etc/mailkeep/mailkeep.yaml' };
    assert.equal(history.before(record(9, ['alice'], own)).newest?.id, start(3).id);
    assert.equal(history.before(record(9, ['alice'])).newest?.id, start(5).id);
  });

  test('a run that has begun is under way while its process lives, and cut off afterwards', async (t) => {
    const path = await place(t);
    const history = await openHistory(path, run);
    t.after(() => history.close());
    history.begin(start(1));
    assert.deepEqual(history.runs({ last: 1 }), [{ kind: 'under-way', start: start(1) }]);
    const database = new DatabaseSync(path);
    database.exec(`UPDATE run SET record = json_set(record, '$.process.pid', 4194305)`);
    database.close();
    assert.deepEqual(history.runs({ last: 1 }), [{ kind: 'cut-off', start: start(1) }]);
  });

  test('nobody else may read it, and what is very old leaves', async (t) => {
    const path = await place(t);
    const history = await openHistory(path, run);
    t.after(() => history.close());
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700);
    history.finish(record(1, ['alice'], { started: today - 900 * day }));
    history.finish(record(2, ['alice']));
    assert.equal(history.runs({ last: 9 }).length, 1);
  });

  test('one of a newer version is refused and left as it is', async (t) => {
    const path = await place(t);
    (await openHistory(path, run)).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 2');
    database.close();
    const before = await readFile(path);
    await assert.rejects(openHistory(path, run), (error) => isFault(error, 'unsupported'));
    assert.deepEqual(await readFile(path), before);
    assert.deepEqual(await readdir(join(path, '..')), ['history.sqlite']);
  });

  for (const [what, damage] of [
    [
      'overwritten',
      (path: string) => writeFile(path, 'no database at all, but long enough to be looked at'.repeat(99)),
    ],
    ['cut', (path: string) => truncate(path, 5000)],
  ] as const) {
    test(`one that was ${what} is set aside, and a new one begun`, async (t) => {
      const path = await place(t);
      const first = await openHistory(path, run);
      for (let number = 0; number < 50; number++) first.finish(record(number, ['alice']));
      first.close();
      await damage(path);
      const told = createTestRun();
      const history = await openHistory(path, told);
      t.after(() => history.close());
      assert.deepEqual(history.runs({ last: 1 }), []);
      history.finish(record(1, []));
      assert.equal(history.runs({ last: 9 }).length, 1);
      assert.match(JSON.stringify(told.events), /was damaged.*history\.sqlite\.damaged-/);
      assert.equal((await readdir(join(path, '..'))).length, 2);
    });
  }

  test('a record that a later version has changed is left out, the others are shown', async (t) => {
    const path = await place(t);
    const history = await openHistory(path, run);
    t.after(() => history.close());
    history.finish(record(1, []));
    history.finish(record(2, []));
    const database = new DatabaseSync(path);
    database.exec(`UPDATE run SET record = json_set(record, '$.version', 2) WHERE id = '${start(2).id}'`);
    database.close();
    assert.equal(history.runs({ last: 9 }).length, 1);
  });

  test('where it cannot be made the fault says why, also to the superuser', async (t) => {
    const path = await place(t);
    await mkdir(path, { recursive: true });
    await assert.rejects(openHistory(path, run), {
      code: 'permission-denied',
      message: /history\.sqlite cannot be used: unable to open database file/,
      hint: /a new one is begun/,
    });
    const file = join(path, 'file');
    await writeFile(file, '');
    await assert.rejects(openHistory(join(file, 'state/history.sqlite'), run), {
      code: 'io-failed',
      message: /a part of the path is not a folder/,
    });
  });
});
