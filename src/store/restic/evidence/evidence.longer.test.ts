import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { RepositoryOptions } from '../session.ts';
import type { PackEvidence } from '../../../model/pack-evidence.ts';
import { isNote } from '../../../model/snapshot.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import type { PackSubset } from '../check/check-packs.ts';
import type { CheckReport } from '../check/check-report.ts';
import { checkRepository } from '../check/check.ts';
import { acquireLock } from '../lock/lock.ts';
import { flippedAt, placeOfBlob, replaceObject, testOptions, trustOf } from '../repository-fixture.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import { decodeEvidence, encodeEvidence } from './evidence-format.ts';
import { type KnownKeys, originOf, signedNote } from './evidence-key.ts';
import { loadEvidence } from './evidence-store.ts';
import { snapshotEvidence } from './snapshot-evidence.ts';

const day = 86_400_000;
const nanosecondsPerDay = 86_400_000_000_000n;

type More = Partial<Pick<RepositoryOptions, 'noLock' | 'evidence' | 'cacheDirectory'>>;

interface Place {
  readonly backend: Backend;
  readonly run: TestRun;
  /** A new connection each time: nothing is remembered between them. */
  open(more?: More): Promise<Repository>;
  backup(content: string): Promise<string>;
  check(readData: PackSubset, more?: More): Promise<CheckReport>;
  /** `verified`, `unread` or `damaged`, oldest snapshot first. */
  verdicts(withinDays?: number, more?: More): Promise<string[]>;
  evidenceIds(): Promise<readonly string[]>;
}

const createPlace = async (backend: Backend = createMemoryBackend()): Promise<Place> => {
  const run = createTestRun();
  await initRepository(backend, testOptions, run);
  const connection = { ...backend, close: async () => {} };
  const open: Place['open'] = (more = {}) => openRepository(connection, { ...testOptions, threads: 1, ...more }, run);
  const using = async <Result>(work: (repository: Repository) => Promise<Result>, more?: More): Promise<Result> => {
    const repository = await open(more);
    try {
      return await work(repository);
    } finally {
      await repository.close();
    }
  };
  return {
    backend,
    run,
    open,
    backup: (content) =>
      using(async (repository) => {
        run.advance(1000);
        const description = {
          time: { nanoseconds: run.now(), offsetMinutes: 60 },
          paths: [byteStringOfText('/mail')],
          hostname: 'mail1',
          username: 'alice',
          uid: 0,
          gid: 0,
          excludes: [],
          tags: [],
        };
        const source = createMemorySource(memoryDirectory({ cur: memoryDirectory({ a: memoryFile(content) }) }));
        const { snapshot } = await repository.write(source, { description }, run);
        return snapshot?.id ?? '';
      }),
    check: (readData, more) =>
      using((repository) => {
        run.advance(1000);
        return checkRepository(repository, { readData, random: () => 0, keepEvidence: true }, run);
      }, more),
    verdicts: (withinDays = 30, more = {}) =>
      using(async (repository) => {
        const snapshots = await repository.snapshots(run);
        const within = BigInt(withinDays) * nanosecondsPerDay;
        const found = await snapshotEvidence({ repository, snapshots, within, anybody: false }, run);
        return snapshots.flatMap(({ id }) => found.get(id)?.verification.kind ?? []);
      }, more),
    evidenceIds: () =>
      using(async (repository) => (await repository.snapshots(run)).filter(isNote).map(({ id }) => id)),
  };
};

const all: PackSubset = { kind: 'all' };

// Most of the time goes into waiting for locks to settle.
describe('B3: what a check has read is kept in the repository', { concurrency: 4 }, () => {
  test('B3: after everything was read the snapshots are verified, for as many days as asked', async () => {
    const place = await createPlace();
    await place.backup('one');
    await place.backup('two');
    assert.deepEqual(await place.verdicts(), ['unread', 'unread']);
    await place.check(all);
    await place.backup('three');
    assert.deepEqual(await place.verdicts(), ['verified', 'verified', 'unread']);
    place.run.advance(29 * day);
    assert.deepEqual(await place.verdicts(), ['verified', 'verified', 'unread']);
    place.run.advance(2 * day);
    assert.deepEqual(await place.verdicts(), ['unread', 'unread', 'unread']);
    assert.deepEqual(await place.verdicts(60), ['verified', 'verified', 'unread']);
  });

  test('B3: there is one note after several checks, never the newest snapshot, and the check is clean with it', async () => {
    const place = await createPlace();
    await place.backup('one');
    for (let number = 0; number < 2; number++) assert.equal((await place.check(all)).damage, 0);
    assert.equal((await place.evidenceIds()).length, 1);
    const repository = await place.open();
    const newest = (await repository.snapshots(place.run)).at(-1);
    assert.ok(newest !== undefined && !isNote(newest));
    await repository.close();
  });

  test('B3: a pack that is damaged later is no longer verified once it was read again, nor one that is gone', async () => {
    const place = await createPlace();
    await place.backup('one');
    await place.check(all);
    const repository = await place.open();
    const { pack, offset } = await placeOfBlob(repository, new TextEncoder().encode('one'), 'data', place.run);
    await repository.close();
    await replaceObject(place.backend, { kind: 'pack', name: pack }, flippedAt(offset + 20), place.run);
    assert.deepEqual(await place.verdicts(), ['verified']);
    assert.ok((await place.check(all)).damage > 0);
    assert.deepEqual(await place.verdicts(), ['unread']);
    await place.backend.remove({ kind: 'pack', name: pack }, place.run);
    assert.deepEqual(await place.verdicts(), ['damaged']);
  });

  test('B3: a rotation of n runs verifies everything that was there at the first', async () => {
    const place = await createPlace();
    for (const content of ['one', 'two', 'three']) await place.backup(content);
    let read = 0;
    for (let number = 0; number < 3; number++) read += (await place.check({ kind: 'rotation', parts: 3 })).packsRead;
    assert.deepEqual(await place.verdicts(), ['verified', 'verified', 'verified']);
    // There are 6 packs, and two more with each note: everything each time would be 24.
    assert.ok(read >= 6 && read < 16, `${read} packs were read`);
  });

  test('S6: a snapshot that comes later is known not to have been there', async () => {
    const place = await createPlace();
    await place.backup('one');
    await place.check(all);
    const before = place.run.now();
    const later = await place.backup('two');
    const repository = await place.open();
    const snapshots = await repository.snapshots(place.run);
    const found = await snapshotEvidence(
      { repository, snapshots, within: nanosecondsPerDay, anybody: false },
      place.run,
    );
    assert.ok((found.get(later)?.arrivedAt ?? 0n) >= before);
    assert.deepEqual(
      [...found.values()].map((each) => each.arrivedAt === undefined),
      [true, false],
    );
    await repository.close();
  });

  test('nothing is written without a lock, nor when it is not wanted or nothing was read', async () => {
    const place = await createPlace();
    await place.backup('one');
    await place.check(all, { noLock: true });
    await place.check({ kind: 'none' });
    assert.deepEqual(await place.evidenceIds(), []);
  });

  test('S2: what the trial of a storage has left, which is no pack and in no index, is untidy and no damage', async () => {
    const place = await createPlace();
    await place.backup('one');
    const bytes = new Uint8Array(1000).fill(255);
    await place.backend.save({ kind: 'pack', name: hash('sha256', bytes, 'hex') }, [bytes], place.run);
    const { damage, remarks } = await place.check(all);
    assert.deepEqual([damage, remarks], [0, 2]);
    assert.deepEqual(await place.verdicts(), ['verified']);
  });

  test('while another program has a lock, old notes wait; the next check takes them away', async () => {
    const place = await createPlace();
    await place.backup('one');
    await place.check(all);
    const repository = await place.open();
    const { envelope } = repository.session;
    const { backend, run } = place;
    const lock = await acquireLock({
      backend,
      envelope,
      exclusive: false,
      records: undefined,
      identity: testOptions.identity,
      run,
    });
    await place.check(all);
    assert.equal((await place.evidenceIds()).length, 2);
    await lock.release();
    await place.check(all);
    assert.equal((await place.evidenceIds()).length, 1);
    await repository.close();
  });

  test('S5: every lock that a check takes is recorded first, so that one that is killed keeps nobody out', async (t) => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), 'mailkeep-evidence-'));
    t.after(() => rm(cacheDirectory, { recursive: true }));
    const memory = createMemoryBackend();
    const saved: string[] = [];
    const place = await createPlace({
      ...memory,
      save: async (handle, parts, run) => {
        if (handle.kind === 'lock') {
          const found = await readdir(cacheDirectory, { recursive: true });
          saved.push(found.some((path) => path.endsWith(handle.name)) ? 'recorded' : 'unknown');
        }
        return memory.save(handle, parts, run);
      },
    });
    await place.backup('one');
    await place.check(all);
    saved.length = 0;
    await place.check(all, { cacheDirectory });
    // Shared while it reads; exclusive while it removes the note that its own contains.
    assert.deepEqual(saved, ['recorded', 'recorded']);
  });

  test('S6: on storage that keeps what it has, and on a full one, the check is as good as without notes', async () => {
    const immutable = await createPlace(createMemoryBackend({ immutable: true }));
    await immutable.backup('one');
    for (let number = 0; number < 2; number++) assert.equal((await immutable.check(all)).damage, 0);
    assert.equal((await immutable.evidenceIds()).length, 2);
    assert.deepEqual(await immutable.verdicts(), ['verified']);

    const memory = createMemoryBackend();
    let full = false;
    const place = await createPlace({
      ...memory,
      save: (handle, parts, run) => {
        if (full && handle.kind === 'pack') throw new Fault('disk-full', 'the disk is full');
        return memory.save(handle, parts, run);
      },
    });
    await place.backup('one');
    full = true;
    assert.equal((await place.check(all)).damage, 0);
    assert.ok(place.run.events.some((event) => event.kind === 'notice' && /could not be noted/.test(event.message)));
  });
});

const ours = { evidence: trustOf(1) };
const theirs = { evidence: trustOf(2) };

describe(
  'S6: whoever has the password can write notes, and only those of this machine count',
  { concurrency: 4 },
  () => {
    test('S6: the note of another machine is neither believed nor taken over, and stays for that machine', async () => {
      const place = await createPlace();
      await place.backup('one');
      await place.check(all, theirs);
      assert.deepEqual(await place.verdicts(30, ours), ['unread']);
      assert.deepEqual(await place.verdicts(30, theirs), ['verified']);
      assert.deepEqual(await place.verdicts(30, { evidence: trustOf(1, { anybody: true }) }), ['verified']);
      await place.backup('two');
      await place.backup('three');
      // One pack, where each snapshot needs two: which one is chance, since names are hashes of what is encrypted.
      await place.check({ kind: 'rotation', parts: 1000 }, ours);
      assert.deepEqual(await place.verdicts(30, ours), ['unread', 'unread', 'unread']);
      assert.deepEqual(await place.verdicts(30, theirs), ['verified', 'unread', 'unread']);
      assert.equal((await place.evidenceIds()).length, 2);
      assert.match(JSON.stringify(place.run.events), /what other machines.*\(1\) is not believed/);
    });

    test('S6: of a machine whose key was given it is believed, and taken over into the own note', async () => {
      const place = await createPlace();
      await place.backup('one');
      await place.check(all, theirs);
      const given = await theirs.evidence.own();
      const own = await ours.evidence.own();
      const trusting = { evidence: trustOf(1, { known: async () => ({ own, given: [given] }) }) };
      assert.deepEqual(await place.verdicts(30, trusting), ['verified']);
      await place.check({ kind: 'bytes', bytes: 1 }, trusting);
      assert.deepEqual(await place.verdicts(30, ours), ['verified']);
    });

    test('S6: one that claims to be of this machine and is not is told, and goes; nor does one of another repository count', async () => {
      const place = await createPlace();
      await place.backup('one');
      const own = await ours.evidence.own();
      const forging = { id: own.id, mac: (): Uint8Array => new Uint8Array(32) };
      await place.check(all, { evidence: trustOf(2, { own: async () => forging }) });
      assert.deepEqual(await place.verdicts(30, ours), ['unread']);
      await place.check({ kind: 'bytes', bytes: 1 }, ours);
      assert.match(JSON.stringify(place.run.events), /somebody who has the password forged it/);
      assert.equal((await place.evidenceIds()).length, 1);
      const elsewhere = { id: own.id, mac: (_id: string, note: Uint8Array) => own.mac('0'.repeat(64), note) };
      await place.check(all, { evidence: trustOf(2, { own: async () => elsewhere }) });
      assert.deepEqual(await place.verdicts(30, ours), ['unread']);
    });

    test('S6: without a key that can be used nothing is believed or noted, and that is told', async () => {
      const place = await createPlace();
      await place.backup('one');
      await place.check(all, ours);
      const failing = (): Promise<never> => Promise.reject(new Fault('configuration', 'others may read the key'));
      const broken = { evidence: { own: failing, known: failing, anybody: false } };
      assert.deepEqual(await place.verdicts(30, broken), ['unread']);
      assert.equal((await place.check(all, broken)).damage, 0);
      assert.equal((await place.evidenceIds()).length, 1);
      assert.match(JSON.stringify(place.run.events), /no note of what was read is believed.*could not be noted/);
    });
  },
);

describe('the MAC of a note', () => {
  const note = new TextEncoder().encode('{"version":1,"x":"}"}\n');
  const keys = async (): Promise<KnownKeys> => ({ own: await ours.evidence.own(), given: [] });

  test('no byte of a signed note can be changed, and without one it is of anybody', async () => {
    const known = await keys();
    const signed = Uint8Array.from(signedNote(note, await ours.evidence.own(), 'id'));
    assert.deepEqual(originOf(signed, known, 'id'), { kind: 'own' });
    assert.deepEqual(originOf(signed, known, 'other'), { kind: 'forged' });
    assert.deepEqual(originOf(note, known, 'id'), { kind: 'unsigned' });
    for (let at = 0; at < signed.length; at++) {
      assert.notEqual(originOf(flippedAt(at)(signed), known, 'id').kind, 'own', `byte ${at}`);
    }
    assert.match(Buffer.from(signed).toString(), /^\{"version":1,"x":"\}","key":"\w{16}","mac":"\w{64}"\}\n$/);
  });
});

describe('the file of a note', () => {
  const id = fc.nat(5).map((digit) => String(digit).repeat(64));
  const time = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n });
  const knowledge = fc.record(
    { kind: fc.constantFrom('read' as const, 'waiting' as const), at: time },
    { noNullPrototype: true },
  );
  const seen = fc.record(
    { time, originalId: id, seenAt: time, absentAt: time, isLate: fc.constant(true as const) },
    { requiredKeys: ['time', 'originalId', 'seenAt'], noNullPrototype: true },
  );
  const evidence = fc.record({
    time,
    packs: fc.array(fc.tuple(id, knowledge)).map((entries) => new Map(entries)),
    snapshots: fc.array(fc.tuple(id, seen)).map((entries) => new Map(entries)),
  });

  test('says what was put into it', () => {
    fc.assert(
      fc.property(evidence, (note: PackEvidence) => {
        const read = decodeEvidence(encodeEvidence(note));
        assert.equal(read?.time, note.time);
        assert.deepEqual(read?.packs, note.packs);
        assert.deepEqual(read?.snapshots, note.snapshots);
      }),
    );
  });

  test('of another kind or version, or malformed, says nothing', () => {
    const decode = (text: string): PackEvidence | undefined => decodeEvidence(new TextEncoder().encode(text));
    const time = '"time":"2026-01-01T00:00:00Z"';
    for (const text of [
      '',
      '[]',
      '{}',
      `{"version":2,"kind":"packs-read",${time}}`,
      `{"version":1,"kind":"x",${time}}`,
    ]) {
      assert.equal(decode(text), undefined, text);
    }
    const odd = decode(
      `{"version":1,"kind":"packs-read",${time},"read":[1,{"time":"x"},{${time},"packs":[7,"zz"]}],"snapshots":7}`,
    );
    assert.equal(odd?.packs.size, 0);
  });
});

test('a note that cannot be read says nothing, and that is told', async () => {
  const place = await createPlace();
  await place.backup('one');
  await place.check(all);
  const repository = await place.open();
  const snapshots = await repository.snapshots(place.run);
  const broken = snapshots.map((snapshot) => (isNote(snapshot) ? { ...snapshot, tree: '0'.repeat(64) } : snapshot));
  const { evidence } = await loadEvidence(repository, { snapshots: broken, anybody: false }, place.run);
  assert.equal(evidence, undefined);
  assert.ok(place.run.events.some((event) => event.kind === 'notice' && /is left out/.test(event.message)));
  await repository.close();
});
