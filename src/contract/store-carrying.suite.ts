import assert from 'node:assert/strict';
import { Fault } from '../model/fault.ts';
import { incompleteTag } from '../model/snapshot.ts';
import { memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { type StoreSession } from './store-fixture.ts';
import { type Trying } from './store-write.suite.ts';

const broken = (): Fault => new Fault('entry-unreadable', 'it cannot be read, for the test');

/** Failure is not deletion. */
export const testCarrying = (trying: Trying): void => {
  const before = memoryDirectory({
    folder: memoryDirectory({ in: memoryFile('inside') }),
    message: memoryFile('old content'),
  });

  const assertIncomplete = (session: StoreSession, { tags }: { tags: readonly string[] }, path: string): void => {
    assert.deepEqual(tags, ['daily', incompleteTag]);
    assert.ok(session.faults().includes(`${path}: entry-unreadable`), session.faults().join());
  };

  trying('what cannot be read is carried from the parent, and the snapshot is incomplete', async (session) => {
    const first = await session.keep(before);
    const now = memoryDirectory({
      folder: memoryDirectory({ in: memoryFile('unseen') }, { fault: broken() }),
      message: memoryFile('unseen', { fault: broken() }),
      other: memoryFile('other'),
    });
    const { result, snapshot, listed } = await session.keep(now, { parent: first.snapshot });
    assert.equal(result.unreadable, 2);
    assertIncomplete(session, listed, 'folder');
    assertIncomplete(session, listed, 'message');
    assert.deepEqual(await session.paths(snapshot), ['folder', 'folder/in', 'message', 'other']);
    assert.equal(await session.text(snapshot, 'folder/in'), 'inside');
    assert.equal(await session.text(snapshot, 'message'), 'old content');
    const [found] = (await session.store.snapshots(session.run)).filter(({ id }) => id === listed.id);
    assert.deepEqual(found?.tags, ['daily', incompleteTag]);
  });

  trying(
    'what cannot be read and was never kept is absent, a directory empty, and the snapshot is incomplete',
    async (session) => {
      const now = memoryDirectory({
        folder: memoryDirectory({ in: memoryFile('unseen') }, { fault: broken() }),
        message: memoryFile('unseen', { fault: broken() }),
      });
      const { result, snapshot, listed } = await session.keep(now);
      assert.equal(result.unreadable, 2);
      assertIncomplete(session, listed, 'folder');
      assert.deepEqual(await session.paths(snapshot), ['folder']);
    },
  );

  trying('a read that fails keeps what the parent had, never half a file', async (session) => {
    const first = await session.keep(before);
    const failing = memoryFile('a new content that cannot be read', { ending: 'failed' });
    const now = memoryDirectory({ message: failing, unknown: failing });
    const { result, snapshot } = await session.keep(now, { parent: first.snapshot });
    assert.equal(result.unreadable, 2);
    assert.deepEqual(await session.paths(snapshot), ['message']);
    assert.equal(await session.text(snapshot, 'message'), 'old content');
  });

  trying("an incomplete capture is written even when its tree is the parent's", async (session) => {
    const first = await session.keep(before);
    const now = memoryDirectory({ ...before.children, message: memoryFile('', { fault: broken() }) });
    const { listed } = await session.keep(now, { parent: first.snapshot, skipIfUnchanged: true });
    assertIncomplete(session, listed, 'message');
  });

  trying('what vanished is left out and told; the snapshot is complete', async (session) => {
    const now = memoryDirectory({ gone: memoryFile('x', { ending: 'gone' }), stays: memoryFile('s') });
    const { result, snapshot, listed } = await session.keep(now);
    assert.equal(result.unreadable, 0);
    assert.deepEqual(listed.tags, ['daily']);
    assert.deepEqual(await session.paths(snapshot), ['stays']);
    assert.ok(session.faults().includes('gone: entry-vanished'));
  });

  trying('what changed while it was read is kept as it was read, and told', async (session) => {
    const now = memoryDirectory({ log: memoryFile('0123456789', { ending: 'changed' }) });
    const { result, snapshot } = await session.keep(now);
    assert.deepEqual([result.changedWhileRead, result.unreadable], [1, 0]);
    assert.equal((await session.entry(snapshot, 'log')).size, 5);
    assert.equal(await session.text(snapshot, 'log'), '01234');
    assert.ok(session.faults().includes('log: entry-changed'));
  });
};
