import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountSource, AccountSourceOptions } from '../contract/account-source.ts';
import type { Base } from '../contract/source.ts';
import type { StoredSnapshot } from '../contract/store.ts';
import { createTestRun, type TestRun } from '../contract/test-run.ts';
import type { FolderLedger } from '../mail/direct/ledger.ts';
import { byteStringOfText } from '../model/byte-string.ts';
import { type FolderChange, usualBrakeLimits } from '../model/damage-brake.ts';
import { isFault } from '../model/fault.ts';
import { brakedTag, checkpointTag, incompleteTag, type SnapshotDescription } from '../model/snapshot.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { createMemoryStore } from '../store/memory/store.ts';
import { createMemoryStorePlace } from '../store/memory/place.ts';
import { type AccountCapture, captureAccount } from './capture-account.ts';

const description: SnapshotDescription = {
  time: { nanoseconds: 0n, offsetMinutes: 0 },
  paths: [byteStringOfText('/imap/alice')],
  hostname: 'alpha',
  username: 'root',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
};

/** What an account has on one night: messages of its one folder, and how many of the base's are gone. */
interface Night {
  readonly messages: number;
  readonly gone?: number;
  /** Messages that one slice can fetch; default: all. */
  readonly perSlice?: number;
  readonly dies?: boolean;
  /** Messages that the server has more than the snapshot, and nobody knows why. */
  readonly unexplained?: number;
}

class Account {
  readonly place = createMemoryStorePlace();
  readonly store = createMemoryStore(this.place);
  readonly run: TestRun = createTestRun();
  readonly bases: (string | undefined)[] = [];

  async night(night: Night, confirmed = false): Promise<AccountCapture> {
    let fetched = 0;
    const look = (base: Base | undefined): Slice => {
      const parent = base !== undefined && isStored(base) ? base.snapshot : undefined;
      this.bases.push(parent?.id);
      const before = parent?.summary?.totalFilesProcessed ?? 0;
      fetched = Math.min(night.messages, Math.max(fetched, Math.min(before, night.messages)) + (night.perSlice ?? 1e9));
      if (night.dies === true && fetched === night.messages) throw new Error('the power went');
      return {
        before,
        now: fetched,
        gone: night.gone ?? 0,
        isPartial: fetched < night.messages,
        unexplained: night.unexplained ?? 0,
      };
    };
    const open = (options: AccountSourceOptions): AccountSource => accountSource(look, options);
    return captureAccount(
      {
        open,
        store: this.store,
        removeSnapshots: async (ids) => {
          for (const id of ids) this.place.snapshots.delete(id);
        },
      },
      { description, limits: usualBrakeLimits, confirmed, budget: { bytes: 1, time: 1n } },
      { ...this.run, now: () => BigInt(++this.clock) * 1_000_000_000n },
    );
  }

  /** Seconds. */
  clock = 0;

  async tags(): Promise<readonly (readonly string[])[]> {
    return (await this.store.snapshots(this.run)).map(({ tags }) => tags);
  }
}

interface Slice {
  readonly before: number;
  readonly now: number;
  readonly gone: number;
  readonly isPartial: boolean;
  readonly unexplained: number;
}

const isStored = (base: Base): base is StoredSnapshot => 'snapshot' in base;

const accountSource = (look: (base: Base | undefined) => Slice, { judge }: AccountSourceOptions): AccountSource => {
  let tree = createMemorySource(memoryDirectory({}));
  let slice: Slice = { before: 0, now: 0, gone: 0, isPartial: false, unexplained: 0 };
  const changes = (): readonly FolderChange[] => {
    const { before, now, gone } = slice;
    return [{ folder: 'INBOX', before, gone, now, changedBodies: 0, uidValidityChanged: false }];
  };
  const inbox = (): FolderLedger => {
    const { now: inSnapshot, unexplained } = slice;
    const name = byteStringOfText('INBOX');
    return { name, uidValidity: 1, onServer: inSnapshot + unexplained, inSnapshot, differences: [] };
  };
  return {
    description: 'an account',
    capture: (base, run) => {
      slice = look(base);
      const uids = Array.from({ length: slice.now }, (_, uid) => [String(uid), memoryFile(`message ${uid}`)] as const);
      tree = createMemorySource(memoryDirectory({ INBOX: memoryDirectory(Object.fromEntries(uids)) }));
      judge(changes());
      return tree.capture(base, run);
    },
    read: (requests, pieces, run) => tree.read(requests, pieces, run),
    relocate: async () => undefined,
    close: async () => {},
    report: () => ({
      changes: changes(),
      ledger: { folders: [inbox()], brake: [] },
      isPartial: slice.isPartial,
      fetched: { messages: Math.max(0, slice.now - slice.before), bytes: 0 },
    }),
  };
};

describe('capturing an account', () => {
  it('A8: what looks like damage is kept, braked, and the next night is judged against the last good one', async () => {
    const account = new Account();
    const good = await account.night({ messages: 100 });
    assert.deepEqual(good.brake, []);
    const braked = await account.night({ messages: 40, gone: 60 });
    assert.deepEqual(
      braked.brake.map(({ kind }) => kind),
      ['account-gone', 'folder-gone'],
    );
    assert.ok(braked.snapshot.tags.includes(brakedTag));
    await account.night({ messages: 40, gone: 60 });
    assert.deepEqual(account.bases, [undefined, good.snapshot.id, good.snapshot.id]);
  });

  it('A8: once a person has confirmed, that is the state to go on from', async () => {
    const account = new Account();
    await account.night({ messages: 100 });
    await account.night({ messages: 40, gone: 60 });
    const confirmed = await account.night({ messages: 40, gone: 60 }, true);
    assert.deepEqual([confirmed.brake, confirmed.confirmed.length], [[], 2]);
    assert.ok(!confirmed.snapshot.tags.includes(brakedTag));
    await account.night({ messages: 40 });
    assert.equal(account.bases.at(-1), confirmed.snapshot.id);
  });

  it('B4: what is missing without a reason makes an incomplete snapshot, which counts as no good one', async () => {
    const account = new Account();
    const { snapshot } = await account.night({ messages: 25, perSlice: 10, unexplained: 1 });
    assert.deepEqual(snapshot.tags, [incompleteTag]);
    assert.deepEqual((await account.night({ messages: 25 })).snapshot.tags, []);
  });

  it('A8: a snapshot from the future, made while the clock was wrong, is the state to go on from only where no other is', async () => {
    const account = new Account();
    account.clock = 1e8;
    const future = await account.night({ messages: 10 });
    account.clock = 1000;
    const good = await account.night({ messages: 11 });
    await account.night({ messages: 12 });
    assert.deepEqual(account.bases, [undefined, future.snapshot.id, good.snapshot.id]);
  });

  it('A12: a long capture leaves checkpoints that go when all is there', async () => {
    const account = new Account();
    const { report } = await account.night({ messages: 25, perSlice: 10 });
    assert.deepEqual([report.fetched.messages, report.isPartial], [25, false]);
    assert.deepEqual(await account.tags(), [[]]);
  });

  it('A12: one that was cut off is gone on with from its newest checkpoint', async () => {
    const account = new Account();
    await assert.rejects(account.night({ messages: 25, perSlice: 10, dies: true }), (error) => !isFault(error));
    assert.deepEqual(await account.tags(), [[checkpointTag], [checkpointTag]]);
    const last = (await account.store.snapshots(account.run)).at(-1)?.id;
    const { report } = await account.night({ messages: 25 });
    assert.equal(account.bases.at(-1), last);
    assert.equal(report.fetched.messages, 5);
    assert.deepEqual(await account.tags(), [[]]);
  });

  it('A8, A12: what held the brake in a slice before it was cut off holds it after that, too', async () => {
    const account = new Account();
    await account.night({ messages: 100 });
    await assert.rejects(account.night({ messages: 130, gone: 60, perSlice: 10, dies: true }));
    const { snapshot } = await account.night({ messages: 130 });
    assert.ok(snapshot.tags.includes(brakedTag));
  });
});
