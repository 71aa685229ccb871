import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Component, DatedBackup } from '../../contract/component.ts';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { description } from '../../contract/store-fixture.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import type { Event } from '../../model/event.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { DiskRecord } from '../../model/run-record.ts';
import { brakedTag, incompleteTag } from '../../model/snapshot.ts';
import { memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { createMemoryStorePlace } from '../../store/memory/place.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { usualAlarmLimits } from './alarm/alarm-limits.ts';
import { backupOf, createMemoryDatedStore, memoryComponent, type MemoryDatedStore } from './dated-store-fixture.ts';
import { serverNight, type ServerNight, type ServerNightParts } from './server-night.ts';
import { serverOutcome, serverRecord } from './server-record.ts';

const now = Date.UTC(2025, 10, 7, 3);
const today = { kind: 'daily', date: '2025-11-07' } as const;
const thisWeek = { kind: 'weekly', year: 2025, week: 45 } as const;

const mail = memoryDirectory({ vmail: memoryDirectory({ one: memoryFile('first message') }) });
const dump = memoryDirectory({ 'usermgmt.sql': memoryFile('-- Dump completed') });
const keys = memoryDirectory({ 'default.private': memoryFile('key') });

const components = (mysqlFaults: Fault[] = []): readonly Component[] => [
  memoryComponent('mail', mail),
  memoryComponent('mysql', dump, mysqlFaults, 'dump'),
  memoryComponent('dkim', keys, [], 'archive'),
];

const diskRecord: DiskRecord = {
  path: '/disk',
  mountPoint: '/disk',
  total: 100,
  used: 10,
  free: 90,
  usedPercent: 10,
  warnAt: 80,
  daily: { count: 1, bytes: 10 },
  weekly: { count: 0, bytes: 0 },
};

interface World {
  readonly run: TestRun;
  readonly place: ReturnType<typeof createMemoryStorePlace>;
  night(more?: Partial<ServerNightParts>): Promise<ServerNight>;
  lines(): readonly string[];
}

const createWorld = (
  dated: MemoryDatedStore | Fault | undefined,
  hasRepository = false,
  more: Partial<NonNullable<ServerNightParts['disk']>> = {},
): World => {
  const run = createTestRun({ start: BigInt(now) * 1_000_000n });
  const place = createMemoryStorePlace();
  const store = createMemoryStore(place);
  const disk: ServerNightParts['disk'] =
    dated === undefined
      ? undefined
      : {
          today,
          thisWeek,
          ...more,
          policy: { keepDaily: 30, keepWeekly: 12, verifiedWithin: 30 * 86_400_000 },
          withDisk: async (work) => {
            if (dated instanceof Fault) throw dated;
            return work({
              store: dated,
              record: async () => ({ disk: diskRecord, lastGood: undefined }),
            });
          },
        };
  const parts: ServerNightParts = {
    wish: { daily: true, weekly: false },
    components: async () => components(),
    patience: { retries: [10_000, 20_000, 40_000], sleep: run.sleep },
    disk,
    repository: hasRepository
      ? { withStore: (work) => work({ store, name: 'mailserver', description, origin }) }
      : undefined,
  };
  return {
    run,
    place,
    night: (more = {}) => serverNight({ ...parts, ...more }, run),
    lines: () => run.events.flatMap(lineOf),
  };
};

const lineOf = (event: Event): readonly string[] =>
  event.kind === 'log' ? [`[${event.level}] [${event.component}] ${event.message}`] : [];

const origin = {
  server: 'mailserver',
  host: 'mail.example.com',
  components: [{ name: 'mail', form: 'tree' as const, places: { vmail: '/var/vmail' } }],
};

const noStamps = { inode: 0n, deviceId: 0n, size: 10, links: 1 };

const refusal = (): Fault => new Fault('server-unavailable', 'Lost connection to MySQL server', { retry: true });

describe('the night of a server', () => {
  test('IT-01: a daily backup has every component, is published', async () => {
    const dated = createMemoryDatedStore();
    const world = createWorld(dated);
    const night = await world.night();
    assert.deepEqual(serverOutcome(night), { kind: 'good' });
    assert.deepEqual(dated.done, ['begin daily/2025-11-07', 'publish daily/2025-11-07']);
    const record = serverRecord(night);
    assert.deepEqual(
      record.components.map(({ name, files, bytes, attempts }) => [name, files, bytes, attempts]),
      [
        ['mail', 1, 13, 1],
        ['mysql', 1, 17, 1],
        ['dkim', 1, 3, 1],
      ],
    );
    assert.equal(record.backup, 'daily/2025-11-07');
    assert.ok(world.lines().some((line) => line.startsWith('[INFO] [mail] 1 files, 13 B; ')));
  });

  test('IT-02: a weekly backup is made of that day’s good daily one, else it is captured', async () => {
    const dated = createMemoryDatedStore();
    const world = createWorld(dated);
    const wish = { daily: false, weekly: true };
    await world.night({ wish: { daily: true, weekly: true } });
    await world.night({ wish });
    const link = 'link weekly/2025-week-45 of daily/2025-11-07';
    assert.deepEqual(dated.done.slice(2), [link, link]);
    const alone = createMemoryDatedStore({ backups: [backupOf(now, 0, { state: 'incomplete' })] });
    const night = await createWorld(alone).night({ wish });
    assert.deepEqual(alone.done, ['begin weekly/2025-week-45', 'publish weekly/2025-week-45']);
    assert.equal(serverRecord(night).backup, 'weekly/2025-week-45');
  });

  test('IT-05: a component that fails is tried again after 10, 20 and 40 s, and may succeed then', async () => {
    const dated = createMemoryDatedStore();
    const world = createWorld(dated);
    const night = await world.night({ components: async () => components([refusal(), refusal()]) });
    assert.deepEqual(world.run.sleeps, [10_000, 20_000]);
    assert.deepEqual(serverOutcome(night), { kind: 'good' });
    assert.equal(serverRecord(night).components.find(({ name }) => name === 'mysql')?.attempts, 3);
    assert.ok(
      world
        .lines()
        .includes('[ERROR] [mysql] attempt 1/4 failed (server-unavailable): Lost connection to MySQL server'),
    );
  });

  test('B6: one that goes on failing is left out, the others go on, and the backup is incomplete', async () => {
    const dated = createMemoryDatedStore();
    const world = createWorld(dated);
    const night = await world.night({
      components: async () => components([refusal(), refusal(), refusal(), refusal()]),
    });
    assert.deepEqual(world.run.sleeps, [10_000, 20_000, 40_000]);
    const outcome = serverOutcome(night);
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.fault.message, 'mysql failed 4 times: Lost connection to MySQL server');
    assert.equal(dated.kept[0]?.state, 'incomplete');
    const states = serverRecord(night).components.map(({ name, outcome: { kind } }) => [name, kind]);
    assert.deepEqual(states, [
      ['mail', 'good'],
      ['dkim', 'good'],
      ['mysql', 'failed'],
    ]);
    assert.equal(night.isCritical, false);
  });

  test('B6: where nothing could be captured nothing is published', async () => {
    const dated = createMemoryDatedStore();
    const broken = [memoryComponent('mysql', dump, [refusal()])];
    const world = createWorld(dated);
    const night = await world.night({
      components: async () => broken,
      patience: { retries: [], sleep: world.run.sleep },
    });
    assert.deepEqual(dated.done, ['begin daily/2025-11-07', 'abandon']);
    assert.match(night.faults[0]?.message ?? '', /^nothing could be captured: mysql failed 1 times/);
  });

  test('TC-02: a disk that is not there ends at once, and nothing is written', async () => {
    const world = createWorld(new Fault('disk-missing', 'the disk for /disk is not mounted'));
    const night = await world.night();
    assert.deepEqual(world.lines(), ['[CRITICAL] [MAIN] disk-missing: the disk for /disk is not mounted']);
    assert.deepEqual([night.isCritical, night.backup, world.run.sleeps.length], [true, undefined, 0]);
  });

  test('IT-04: a disk that is full in the middle ends at once, without another attempt, and leaves nothing', async () => {
    const dated = createMemoryDatedStore({ fullAt: 'mysql', backups: [backupOf(now, 1)] });
    const world = createWorld(dated);
    const night = await world.night();
    assert.deepEqual(dated.done, ['begin daily/2025-11-07', 'abandon']);
    assert.deepEqual([night.isCritical, world.run.sleeps.length, dated.kept.length], [true, 0, 1]);
  });

  test('B6: a failed verification ends: no older backup leaves, and it is no end of all', async () => {
    const backups = Array.from({ length: 31 }, (_, age) => backupOf(now, age + 1, { verified: now }));
    const dated = createMemoryDatedStore({ failsCheck: true, backups });
    const world = createWorld(dated);
    const night = await world.night();
    assert.deepEqual([serverOutcome(night).kind, night.isCritical], ['failed', false]);
    assert.deepEqual(dated.done, ['begin daily/2025-11-07']);
    assert.equal(dated.kept.length, 31);
  });
});

describe('what leaves a dated disk', () => {
  const month = Array.from({ length: 30 }, (_, age) => backupOf(now, age + 1));

  test('TC-06: the 31st day leaves after the newest was read again, all of it', async () => {
    const dated = createMemoryDatedStore({ backups: month });
    const night = await createWorld(dated).night();
    assert.deepEqual(dated.done.slice(2), ['verify daily/2025-11-07', 'remove daily/2025-10-08']);
    assert.deepEqual([night.removed, night.faults.length], [1, 0]);
  });

  test('B3: where the newest is damaged nothing leaves, and a person is told', async () => {
    const fault = new Fault('verification-failed', 'mail/vmail/one differs');
    const damage = [{ path: description.paths[0] ?? assert.fail(), fault }];
    const dated = createMemoryDatedStore({ backups: month, damage });
    const night = await createWorld(dated).night();
    assert.equal(dated.kept.length, 31);
    assert.match(night.faults[0]?.message ?? '', /is damaged in 1 places, so nothing older leaves/);
  });

  test('B6: what cannot be removed is a warning, and the night stays good', async () => {
    const dated = createMemoryDatedStore({ backups: month, cannotRemove: true });
    const world = createWorld(dated);
    const night = await world.night();
    assert.deepEqual(serverOutcome(night), { kind: 'good' });
    assert.equal(night.warnings.length, 1);
    assert.ok(world.lines().some((line) => line.startsWith('[WARNING] [DISK] daily/2025-10-08 could not be removed')));
  });
});

describe('the chain to a repository', () => {
  const pathsIn = async (world: World): Promise<readonly string[]> => {
    const store = createMemoryStore(world.place);
    const [snapshot] = await store.snapshots(world.run);
    if (snapshot === undefined) return [];
    const opened = await store.open(snapshot.id, world.run);
    return (await recordCapture(opened, undefined, world.run)).paths();
  };
  const whole = [
    'mailserver',
    'mailserver/.mailkeep',
    'mailserver/.mailkeep/server.json',
    'mailserver/dkim',
    'mailserver/dkim/default.private',
    'mailserver/mail',
    'mailserver/mail/vmail',
    'mailserver/mail/vmail/one',
    'mailserver/mysql',
    'mailserver/mysql/usermgmt.sql',
  ];

  test('the finished backup of the disk goes into the repository, and so do the components where there is no disk', async () => {
    const [chained, live] = [createWorld(createMemoryDatedStore(), true), createWorld(undefined, true)];
    const nights = [await chained.night(), await live.night()];
    for (const night of nights) assert.deepEqual(serverOutcome(night), { kind: 'good' });
    assert.deepEqual(await pathsIn(chained), whole);
    assert.deepEqual(await pathsIn(live), whole);
    assert.deepEqual(serverRecord(nights[1] ?? assert.fail()).components.length, 3);
  });

  test('where the disk has failed the components go into the repository themselves, and the night has failed', async () => {
    const world = createWorld(new Fault('disk-missing', 'the disk for /disk is not mounted'), true);
    const night = await world.night();
    assert.deepEqual(await pathsIn(world), whole);
    assert.equal(serverOutcome(night).kind, 'failed');
    assert.ok(serverRecord(night).snapshot !== undefined);
  });

  test('a component that fails is absent from the snapshot, which is marked incomplete', async () => {
    const world = createWorld(undefined, true);
    const four = [refusal(), refusal(), refusal(), refusal()];
    const night = await world.night({ components: async () => components(four) });
    assert.deepEqual(world.run.sleeps, [10_000, 20_000, 40_000]);
    assert.deepEqual(
      await pathsIn(world),
      whole.filter((path) => !path.startsWith('mailserver/mysql')),
    );
    const [snapshot] = await createMemoryStore(world.place).snapshots(world.run);
    assert.ok(snapshot?.tags.includes(incompleteTag));
    assert.equal(serverOutcome(night).kind, 'failed');
  });

  test('IT-05: a dump that fails when it is read is made again, as often as on a disk', async () => {
    const failing = (times: number): Component => {
      let left = times;
      const component = memoryComponent('mysql', dump, [], 'dump');
      return {
        ...component,
        open: async (run) => {
          const source = await component.open(run);
          return {
            ...source,
            async *read(requests, pieces, own) {
              if (left-- <= 0) {
                yield* source.read(requests, pieces, own);
                return;
              }
              const verdict = { kind: 'failed', fault: refusal() } as const;
              yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request: 0, verdict }] };
            },
          };
        },
      };
    };
    const [lucky, unlucky] = [createWorld(undefined, true), createWorld(undefined, true)];
    const good = await lucky.night({ components: async () => [memoryComponent('mail', mail), failing(2)] });
    assert.deepEqual(serverOutcome(good), { kind: 'good' });
    assert.deepEqual(lucky.run.sleeps, [10_000, 20_000]);
    assert.ok((await pathsIn(lucky)).includes('mailserver/mysql/usermgmt.sql'));
    const bad = await unlucky.night({ components: async () => [memoryComponent('mail', mail), failing(9)] });
    assert.equal(serverOutcome(bad).kind, 'failed');
    assert.deepEqual(
      serverRecord(bad).components.map(({ name, outcome: { kind }, attempts }) => [name, kind, attempts]),
      [
        ['mail', 'good', 1],
        ['mysql', 'failed', 4],
      ],
    );
  });

  const bad = {
    sha256: 'ab'.repeat(32),
    kind: 'differs',
    names: ['2025-11-05', '2025-11-06'].map((date) => ({
      backup: { kind: 'daily', date } as const,
      path: byteStringOfText('mail/vmail/one'),
    })),
  } as const;
  const old = (): readonly DatedBackup[] =>
    Array.from({ length: 32 }, (_, age) => backupOf(now, age + 1, age === 0 ? { verified: now - 1000 } : {}));
  const week = 7 * 86_400_000;

  test('OR-06: each night reads some of the disk again; what went bad is told with every name, and nothing leaves', async () => {
    const well = createMemoryDatedStore({ backups: old() });
    const good = await createWorld(well, false, { scrub: { within: week, repair: false } }).night();
    assert.deepEqual(serverOutcome(good), { kind: 'good' });
    assert.equal(good.removed, 3);
    assert.ok(well.done.indexOf('scrub') < well.done.findIndex((line) => line.startsWith('remove')));
    const ill = createMemoryDatedStore({ backups: old(), bad: [bad] });
    const world = createWorld(ill, false, { scrub: { within: week, repair: false } });
    const night = await world.night();
    assert.equal(serverOutcome(night).kind, 'failed');
    assert.equal(night.removed, 0);
    assert.equal(night.isCritical, false);
    assert.match(
      night.faults[0]?.message ?? '',
      /^a file of the disk went bad, in 2 backups, so nothing leaves tonight/,
    );
    const lines = world.lines().filter((line) => line.startsWith('[ERROR] [SCRUB]'));
    assert.deepEqual(lines, [
      '[ERROR] [SCRUB] daily/2025-11-05/mail/vmail/one and under 1 more names does not hold what was written',
      '[ERROR] [SCRUB] the same file: daily/2025-11-06/mail/vmail/one',
    ]);
    assert.deepEqual(serverRecord(night).scrub, { files: 3, bytes: 300, bad: 1, mended: 0 });
  });

  test('OR-06: where it is wished what went bad is mended at night, and then all is well', async () => {
    const dated = createMemoryDatedStore({ backups: old(), bad: [bad] });
    const night = await createWorld(dated, false, { scrub: { within: week, repair: true } }).night();
    assert.deepEqual(serverOutcome(night), { kind: 'good' });
    assert.ok(dated.done.includes('mend'));
    assert.equal(night.removed, 3);
    assert.equal(serverRecord(night).scrub?.mended, 1);
  });

  test('B3: while an alarm is open everything is captured and nothing leaves, until a person confirms', async () => {
    const lost = { component: 'mail', path: ['vmail', 'alice', 'cur'].map((name) => byteStringOfText(name)) };
    const entry = { mode: 0o600, mtime: 0n, atime: 0n, ctime: 0n, uid: 0, gid: 0, user: '', group: '' };
    const gone = Array.from({ length: 80 }, (_, at) => ({
      entry: { ...entry, ...noStamps, name: byteStringOfText(`${at}.host:2,S`), type: 'file' as const },
      held: true,
      reference: undefined,
      sha256: String(at),
    }));
    const differences = [{ ...lost, before: 80, now: 1, gone, came: [] }];
    const dated = createMemoryDatedStore({ backups: old(), differences });
    const nightWith = (confirmed: boolean) => {
      const alarm = { limits: usualAlarmLimits, timeZone: 'UTC', confirmed };
      const world = createWorld(dated, true, { alarm });
      return { world, night: world.night({ components: async () => [memoryComponent('mail', mail)] }) };
    };
    const first = nightWith(false);
    const night = await first.night;
    assert.deepEqual(serverOutcome(night), {
      kind: 'held',
      reasons: [
        { kind: 'account-gone', gone: 80, before: 80 },
        { kind: 'folder-gone', folder: 'mail/vmail/alice', gone: 80, before: 80 },
      ],
    });
    assert.equal(night.removed, 0);
    assert.equal(serverRecord(night).backup, 'daily/2025-11-07');
    const [snapshot] = await createMemoryStore(first.world.place).snapshots(first.world.run);
    assert.ok(snapshot?.tags.includes(brakedTag));
    const confirmed = nightWith(true);
    assert.deepEqual(serverOutcome(await confirmed.night), { kind: 'good' });
    assert.equal((await confirmed.night).removed, 3);
    const [after] = await createMemoryStore(confirmed.world.place).snapshots(confirmed.world.run);
    assert.ok(after?.tags.includes(brakedTag) === false);
  });

  test('B3: an alarm that a person confirms stays open when no backup was published, and the night says so', async () => {
    const open = { since: now - 1000, reasons: [{ kind: 'bodies-changed', messages: 40 }] } as const;
    const alarm = { limits: usualAlarmLimits, timeZone: 'UTC', confirmed: true };
    const dated = createMemoryDatedStore({ backups: old() });
    const world = createWorld(dated, false, { alarm });
    await dated.noteAlarms({ open }, world.run);
    const broken: Component = {
      ...memoryComponent('mail', mail),
      open: async () => {
        throw new Fault('io-failed', 'the mail cannot be read');
      },
    };
    const night = await world.night({ components: async () => [broken] });
    assert.equal(night.backup, undefined);
    assert.deepEqual(night.brake, open.reasons);
    assert.match(night.warnings.join(), /nothing was confirmed: the alarm stays open/);
    assert.deepEqual(await dated.alarms(world.run), { open });
    assert.equal(night.removed, 0);
    const after = createWorld(dated, false, { alarm });
    const good = await after.night({ components: async () => [memoryComponent('mail', mail)] });
    assert.deepEqual([good.brake, good.warnings], [[], []]);
    assert.equal((await dated.alarms(after.run)).open, undefined);
  });

  test('B3: a weekly backup that was made by links is one that a person can confirm', async () => {
    const alarm = { limits: usualAlarmLimits, timeZone: 'UTC', confirmed: true };
    const dated = createMemoryDatedStore({ backups: old() });
    const world = createWorld(dated, false, { alarm });
    await world.night({ components: async () => [memoryComponent('mail', mail)] });
    await dated.noteAlarms({ open: { since: now, reasons: [{ kind: 'bodies-changed', messages: 40 }] } }, world.run);
    const night = await world.night({ wish: { daily: false, weekly: true } });
    assert.ok(night.weekly !== undefined);
    assert.deepEqual(night.brake, []);
    assert.deepEqual(await dated.alarms(world.run), { confirmed: now });
  });

  test('an interrupted night leaves nothing and goes on nowhere', async () => {
    const dated = createMemoryDatedStore();
    const world = createWorld(dated, true);
    const stopping: Component = {
      ...memoryComponent('mail', mail),
      open: async () => {
        world.run.abort();
        throw new Fault('io-failed', 'killed');
      },
    };
    await assert.rejects(
      world.night({ components: async () => [stopping] }),
      (thrown) => thrown instanceof Fault && thrown.code === 'interrupted',
    );
    assert.deepEqual(dated.done, ['begin daily/2025-11-07', 'abandon']);
    assert.deepEqual(await pathsIn({ ...world, run: createTestRun() }), []);
  });
});
