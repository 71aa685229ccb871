import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { isFault } from '../../../model/fault.ts';
import type { HoldEntry, HoldSubject } from '../../../model/hold.ts';
import { formatHoldLine } from '../../../model/hold-line.ts';
import { isNote } from '../../../model/snapshot.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import { copySnapshots } from '../copy/copy-snapshots.ts';
import type { EvidenceTrust } from '../evidence/evidence-key.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import { flippedAt, replaceObject, testOptions, trustOf } from '../repository-fixture.ts';
import { rewriteSnapshots } from '../rewrite/rewrite-snapshots.ts';
import { changeTags } from '../snapshots/change-tags.ts';
import { loadAllSnapshots } from '../snapshots/load-snapshots.ts';
import { removeSnapshots } from '../snapshots/remove-snapshots.ts';
import { copyHolds } from './copy-holds.ts';
import { addHoldEntries, isHoldNote, loadHoldLog } from './hold-notes.ts';
import { heldSnapshots } from './held-snapshots.ts';

interface Place {
  readonly backend: Backend;
  readonly repository: Repository;
  readonly run: TestRun;
}

const users: readonly string[] = ['alice', 'bob'];

const open = (backend: Backend, run: TestRun, evidence: EvidenceTrust = trustOf(1)): Promise<Repository> =>
  openRepository(backend, { ...testOptions, evidence }, run);

/** A repository with a snapshot of the mail of each of these users. */
const placeWith = async (names: readonly string[] = users): Promise<Place> => {
  const run = createTestRun();
  const backend = createMemoryBackend();
  await initRepository(backend, testOptions, run);
  const repository = await open(backend, run);
  for (const name of names) await backup({ backend, repository, run }, name);
  return { backend, repository, run };
};

const backup = async ({ repository, run }: Place, user: string): Promise<void> => {
  run.advance(1000);
  const maildir = memoryDirectory({
    cur: memoryDirectory({ '1:2,S': memoryFile(`mail of ${user}`) }),
    new: memoryDirectory({}),
  });
  const tree = memoryDirectory({ 'example.com': memoryDirectory({ [user]: maildir }) });
  const description = {
    time: { nanoseconds: run.now(), offsetMinutes: 0 },
    paths: [byteStringOfText('/mail')],
    hostname: 'mail1',
    username: '',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: [],
  };
  await repository.write(createMemorySource(tree), { description }, run);
};

let ids = 0;
const nextId = (): string => (++ids).toString(16).padStart(16, '0');
const entryOf = (subject: HoldSubject): HoldEntry => {
  const id = nextId();
  return {
    kind: 'hold',
    id,
    hold: id,
    time: `2026-11-26T00:00:0${ids % 10}Z`,
    host: 'h',
    user: 'u',
    reason: 'r',
    subject,
  };
};
const releaseOf = ({ hold }: HoldEntry): HoldEntry => {
  const { subject: _subject, ...rest } = { ...entryOf({ kind: 'everything' }), subject: undefined };
  return { ...rest, kind: 'release', hold };
};

const add = async ({ repository, run }: Place, entry: HoldEntry): Promise<void> =>
  repository.locked(
    'shared',
    async () => {
      const log = await loadHoldLog(repository, await loadAllSnapshots(repository, run), run);
      await addHoldEntries(repository, [entry], { log, format: formatHoldLine }, run);
    },
    run,
  );

const snapshotsOf = async ({ repository, run }: Place): Promise<readonly SnapshotFile[]> =>
  (await repository.snapshots(run)).filter((snapshot) => !isNote(snapshot));

/** `alice` or `bob` of those that a hold stands on. */
const heldUsers = async (place: Place): Promise<readonly string[]> => {
  const { repository, run } = place;
  const held = await heldSnapshots(repository, await loadAllSnapshots(repository, run), run);
  const all = await snapshotsOf(place);
  return all.flatMap(({ id }, number) => (held.has(id) ? [users[number % users.length] ?? ''] : []));
};

describe('S8: holds in a repository', { concurrency: 4 }, () => {
  test('a mailbox is held in every snapshot that contains it, present and future, until the release', async () => {
    const place = await placeWith();
    const entry = entryOf({ kind: 'address', address: 'alice@example.com', paths: [] });
    await add(place, entry);
    assert.deepEqual(await heldUsers(place), ['alice']);
    await backup(place, 'alice');
    assert.deepEqual(await heldUsers(place), ['alice', 'alice']);
    await add(place, releaseOf(entry));
    assert.deepEqual(await heldUsers(place), []);
  });

  test('nothing removes a held snapshot or the note of its hold; others go', async () => {
    const place = await placeWith();
    await add(place, entryOf({ kind: 'address', address: 'alice@example.com', paths: [] }));
    const { repository, run } = place;
    const all = (await repository.snapshots(run)).map(({ id }) => id);
    const { removed, held } = await removeSnapshots(repository, all, run);
    assert.deepEqual([removed.length, held.length], [1, 2]);
    assert.deepEqual(await heldUsers(place), ['alice']);
    const notes = (await repository.snapshots(run)).filter(isHoldNote);
    await assert.rejects(
      changeTags(repository, { kind: 'set', tags: [] }, async () => notes, run),
      (error) => isFault(error, 'snapshot-held'),
    );
  });

  test('other tags give a snapshot another id, and the hold stays on it; leaving something out of it is refused', async () => {
    const place = await placeWith(['alice']);
    const { repository, run } = place;
    const [first] = await snapshotsOf(place);
    assert.ok(first !== undefined);
    await add(place, entryOf({ kind: 'snapshots', ids: [first.id, first.originalId] }));
    await changeTags(repository, { kind: 'edit', add: ['x'], remove: [] }, () => snapshotsOf(place), run);
    assert.notEqual((await snapshotsOf(place))[0]?.id, first.id);
    assert.deepEqual(await heldUsers(place), ['alice']);
    const rules = { exact: true, keeps: () => false, onUnreadable: () => {} };
    const rewrite = (forget: boolean) =>
      repository.locked(
        'exclusive',
        async () =>
          rewriteSnapshots(repository, await snapshotsOf(place), { rules, tag: 'rewrite', forget, dryRun: false }, run),
        run,
      );
    await assert.rejects(rewrite(true), (error) => isFault(error, 'snapshot-held'));
    assert.equal((await snapshotsOf(place)).length, 1);
    await rewrite(false);
    assert.equal((await snapshotsOf(place)).length, 2);
  });

  test('S6: a release of another machine ends nothing; copies of snapshots are held in the other repository, too', async () => {
    const place = await placeWith();
    const { backend, run } = place;
    const [first] = await snapshotsOf(place);
    const entry = entryOf({ kind: 'snapshots', ids: [first?.originalId ?? ''] });
    await add(place, entry);
    const stranger = { ...place, repository: await open(backend, run, trustOf(2)) };
    await add(stranger, releaseOf(entry));
    assert.deepEqual(await heldUsers(place), ['alice']);
    assert.deepEqual(await heldUsers(stranger), []);
    const other = await placeWith([]);
    await copySnapshots(place.repository, other.repository, await snapshotsOf(place), run);
    assert.equal(await copyHolds(place.repository, other.repository, run), 2);
    assert.equal(await copyHolds(place.repository, other.repository, run), 0);
    assert.deepEqual(await heldUsers(other), ['alice']);
    await add(place, releaseOf(entry));
    await copyHolds(place.repository, other.repository, run);
    assert.deepEqual(await heldUsers(other), []);
  });

  test('a note whose content is damaged holds everything, and nothing more once a later note repeats it', async () => {
    const place = await placeWith();
    const { backend, run } = place;
    const packsBefore = await packsOf(place);
    await add(place, entryOf({ kind: 'address', address: 'alice@example.com', paths: [] }));
    for (const name of await packsOf(place)) {
      if (!packsBefore.includes(name)) await replaceObject(backend, { kind: 'pack', name }, flippedAt(20), run);
    }
    const again = { ...place, repository: await open(backend, run) };
    assert.deepEqual(await heldUsers(again), ['alice', 'bob']);
    const { doubts, holds } = await loadHoldLog(again.repository, await loadAllSnapshots(again.repository, run), run);
    assert.deepEqual(
      doubts.map(({ kind }) => kind),
      ['unreadable'],
    );
    const [lost] = holds;
    assert.ok(lost !== undefined);
    await add(again, releaseOf({ ...entryOf({ kind: 'everything' }), hold: lost.id }));
    assert.deepEqual(await heldUsers(again), []);
  });
});

const packsOf = async ({ backend, run }: Place): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const page of backend.list('pack', run)) names.push(...page.map(({ name }) => name));
  return names;
};
