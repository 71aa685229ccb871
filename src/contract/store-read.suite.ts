import assert from 'node:assert/strict';
import { isFault } from '../model/fault.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../protocol/memory/source.ts';
import { readPieces } from './store-fixture.ts';
import { mixedTree, type Trying } from './store-write.suite.ts';

const orders = ['in-order', 'any-order'] as const;

export const testReading = (trying: Trying): void => {
  trying('a snapshot that is not there is said to be missing', async (session) => {
    await assert.rejects(session.store.open('ab'.repeat(32), session.run), (thrown) =>
      isFault(thrown, 'snapshot-missing'),
    );
    assert.deepEqual(await session.store.snapshots(session.run), []);
  });

  for (const order of orders) {
    trying(`contents are read ${order}, each as often as it is asked for`, async (session) => {
      const { snapshot } = await session.keep(mixedTree);
      const names = ['large', 'empty', 'a.b', 'empty too', 'large', 'a/b/deep.txt'];
      const requests = await Promise.all(names.map((name) => session.child(snapshot, name)));
      const { parts, verdicts } = await readPieces(snapshot, requests, order, session.run);
      assert.deepEqual(
        verdicts,
        names.map(() => 'complete'),
      );
      const lengths = parts.map((own) => own.reduce((sum, part) => sum + part.length, 0));
      assert.deepEqual(lengths, [300_000, 0, 34, 0, 300_000, 4]);
      assert.deepEqual(Buffer.concat(parts[0] ?? []), Buffer.concat(parts[4] ?? []));
      assert.equal(Buffer.concat(parts[5] ?? []).toString(), 'deep');
      assert.deepEqual(await readPieces(snapshot, [], order, session.run), { parts: [], verdicts: [] });
    });

    trying(`an aborted run reads nothing ${order}`, async (session) => {
      const { snapshot } = await session.keep(mixedTree);
      const request = await session.child(snapshot, 'large');
      session.run.abort();
      await assert.rejects(readPieces(snapshot, [request], order, session.run), (thrown) =>
        isFault(thrown, 'interrupted'),
      );
    });

    for (const how of ['damaged', 'lost'] as const) {
      trying(`a content that is ${how} fails alone, read ${order}`, async (session) => {
        const content = Buffer.from(`harmed, ${'noise '.repeat(400)}`);
        await session.keep(memoryDirectory({ harmed: memoryFile(content) }));
        const { listed } = await session.keep(
          memoryDirectory({ after: memoryFile('after'), before: memoryFile('before'), harmed: memoryFile(content) }),
        );
        await session.fixture.harm(content, how);
        const other = await session.fixture.open();
        const snapshot = await other.open(listed.id, session.run);
        const names = ['harmed', 'before', 'harmed', 'after'];
        const requests = await Promise.all(names.map((name) => session.child(snapshot, name)));
        const { parts, verdicts } = await readPieces(snapshot, requests, order, session.run);
        const [harmed, before, again, after] = verdicts;
        assert.deepEqual([before, after], ['complete', 'complete']);
        assert.match(harmed ?? '', /^(blob|pack|object)-(damaged|missing)$/);
        assert.equal(again, harmed);
        assert.equal(Buffer.concat(parts[1] ?? []).toString(), 'before');
        await other.close();
      });
    }
  }

  trying('what the store has lost is not held, is delivered again, and the new snapshot is whole', async (session) => {
    const content = Buffer.from(`lost, ${'noise '.repeat(400)}`);
    await session.keep(memoryDirectory({ lost: memoryFile(content) }));
    const tree = memoryDirectory({ folder: memoryDirectory({ lost: memoryFile(content) }), kept: memoryFile('k') });
    const { listed } = await session.keep(tree);
    await session.fixture.harm(content, 'lost');
    for (const store of [session.store, await session.fixture.open()]) {
      const parent = await store.open(listed.id, session.run);
      const source = createMemorySource(tree);
      const options = { description: listed, parent };
      const { snapshot } = await store.write(source, options, session.run);
      assert.ok(snapshot !== undefined);
      const whole = await store.open(snapshot.id, session.run);
      assert.deepEqual(await session.differences(source, whole), []);
      const root = await whole.directory([], session.run);
      assert.equal(await root?.held(session.run), true);
      if (store !== session.store) await store.close();
    }
  });
};
