import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Component } from '../../contract/component.ts';
import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import { description } from '../../contract/store-fixture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { Fault } from '../../model/fault.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { createMemoryStorePlace } from '../../store/memory/place.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { memoryComponent } from './dated-store-fixture.ts';
import { liveSource } from './live-source.ts';

const mail = memoryDirectory({
  alice: memoryDirectory({ one: memoryFile('first message'), two: memoryFile('second') }),
  bob: memoryDirectory({ three: memoryFile('third') }),
});
const keys = memoryDirectory({ 'default.private': memoryFile('key') });

const lost = (): Fault => new Fault('server-unavailable', 'the connection was lost', { retry: true });

async function* breaking(directory: CapturedDirectory): AsyncGenerator<readonly Child[]> {
  if (directory.listing.kind !== 'listed') return;
  for await (const page of directory.listing.pages) {
    yield page.slice(0, 1);
    throw lost();
  }
}

/** `between`: it fails when it is asked for its second folder; `within`: in the middle of the first one's list. */
const failing = (where: 'between' | 'within'): Source => {
  const source = createMemorySource(mail);
  return {
    ...source,
    capture: async function* (base, run) {
      for await (const directory of source.capture(base, run)) {
        if (where === 'within') yield { ...directory, listing: { kind: 'listed', pages: breaking(directory) } };
        else yield directory;
        throw lost();
      }
    },
  };
};

const retries = [10_000, 20_000, 40_000];

const captured = async (failures: readonly ('between' | 'within')[]) => {
  const run = createTestRun({ start: BigInt(Date.UTC(2025, 10, 7, 3)) * 1_000_000n });
  const left = [...failures];
  const component: Component = {
    name: 'mail',
    form: 'tree',
    open: async () => {
      const where = left.shift();
      return where === undefined ? createMemorySource(mail) : failing(where);
    },
  };
  const live = liveSource([component, memoryComponent('dkim', keys)], { retries, sleep: run.sleep });
  const store = createMemoryStore(createMemoryStorePlace());
  await store.write(live, { description }, run);
  await live.close();
  const [snapshot] = await store.snapshots(run);
  assert.ok(snapshot);
  const stored = await store.open(snapshot.id, run);
  return { live, run, paths: (await recordCapture(stored, undefined, run)).paths() };
};

const whole = ['dkim', 'dkim/default.private', 'mail', 'mail/alice', 'mail/alice/one', 'mail/alice/two'];

describe('components straight from a server', () => {
  for (const where of ['between', 'within'] as const) {
    test(`B6: one that fails ${where} its folders is tried again, and all of it is there then`, async () => {
      const { live, run, paths } = await captured([where, where]);
      assert.deepEqual(run.sleeps, [10_000, 20_000]);
      assert.deepEqual(paths, [...whole, 'mail/bob', 'mail/bob/three']);
      assert.deepEqual(live.failed, []);
      const tallies = live.captured.map(({ name, counts }) => [name, counts.files, counts.bytes]);
      assert.deepEqual(tallies, [
        ['dkim', 1, 3],
        ['mail', 3, 24],
      ]);
    });
  }

  test('B6: one that fails every time is told with its attempts, nothing half stays, and the others go on', async () => {
    const { live, run, paths } = await captured(['between', 'within', 'between', 'within']);
    assert.deepEqual(run.sleeps, retries);
    assert.deepEqual(
      live.failed.map(({ name, attempts }) => [name, attempts]),
      [['mail', 4]],
    );
    assert.deepEqual(paths, ['dkim', 'dkim/default.private', 'mail']);
  });
});
