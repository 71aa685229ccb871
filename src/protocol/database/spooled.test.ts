import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Component } from '../../contract/component.ts';
import { readStrictly } from '../../contract/source.suite.ts';
import { recordCapture } from '../../contract/recorded-capture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { isFault } from '../../model/fault.ts';
import { ownProcessStamp } from '../../system/process-stamp.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../memory/source.ts';
import { spooled } from './spooled.ts';

const text = 'INSERT INTO mailbox; '.repeat(50_000);

const component: Component = {
  name: 'mysql',
  form: 'dump',
  open: async () =>
    createMemorySource(memoryDirectory({ 'a.sql': memoryFile(text), 'b.sql': memoryFile(text, { ending: 'failed' }) })),
};

describe('spooled dumps', () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mailkeep-spool-'));
  });
  after(() => rm(root, { recursive: true, force: true }));

  const open = async (run = createTestRun()) => {
    const source = await spooled(component, root).open(run);
    const recording = await recordCapture(source, undefined, run);
    const children = ['a.sql', 'b.sql'].map((name) => recording.child(name));
    return { source, run, requests: children.filter((child) => child?.kind === 'fresh') };
  };

  test('a whole dump is delivered, nothing of a broken one is, and nothing stays', async () => {
    const { source, run, requests } = await open();
    const { texts, verdicts } = await readStrictly(source, requests, run);
    assert.deepEqual(texts, [text, '']);
    assert.deepEqual([verdicts[0], verdicts[1]?.kind], [{ kind: 'complete', bytes: text.length }, 'failed']);
    await source.close();
    assert.deepEqual(await readdir(root), []);
  });

  test('B13: while it is delivered it is one gzipped file that only the owner can read', async () => {
    const { source, run, requests } = await open();
    for await (const delivery of source.read(requests, 'in-order', run)) {
      if (delivery.bytes.length === 0) continue;
      const [folder = ''] = await readdir(root);
      const [file = ''] = (await readdir(join(root, folder))).filter((name) => name !== 'owner.json');
      const path = join(root, folder, file);
      assert.deepEqual(
        [(await stat(path)).mode & 0o777, (await stat(join(root, folder))).mode & 0o777],
        [0o600, 0o700],
      );
      assert.equal((await readFile(path)).readUInt16BE(0), 0x1f8b);
      break;
    }
    const [folder = ''] = await readdir(root);
    assert.deepEqual(await readdir(join(root, folder)), ['owner.json'], 'a reader that stops leaves nothing');
    await source.close();
  });

  test('interrupted, it rejects and leaves nothing', async () => {
    const { source, run, requests } = await open();
    const reading = async (): Promise<void> => {
      for await (const delivery of source.read(requests, 'in-order', run)) if (delivery.bytes.length > 0) run.abort();
    };
    await assert.rejects(reading(), (thrown) => isFault(thrown, 'interrupted'));
    await source.close();
    assert.deepEqual(await readdir(root), []);
  });

  test('what a killed run left is removed by the next, what another run is at is not', async () => {
    const stamp = ownProcessStamp();
    const make = async (name: string, owner?: unknown): Promise<void> => {
      await mkdir(join(root, name));
      await writeFile(join(root, name, 'dump'), 'x');
      if (owner !== undefined) await writeFile(join(root, name, 'owner.json'), JSON.stringify(owner));
      // The clock of the test stands at the beginning of 2026.
      await utimes(join(root, name), 1_767_323_000, 1_767_323_000);
    };
    await make('dump-running', stamp);
    await make('dump-dead', { ...stamp, start: '1' });
    await make('dump-unknown');
    await make('other');
    const { source } = await open();
    const left = (await readdir(root)).filter(
      (name) => name === 'other' || /^dump-(?:running|dead|unknown)$/.test(name),
    );
    assert.deepEqual(left.sort(), ['dump-running', 'dump-unknown', 'other']);
    await source.close();
    const later = createTestRun();
    later.advance(8 * 86_400_000);
    await (await open(later)).source.close();
    assert.deepEqual((await readdir(root)).sort(), ['dump-running', 'other']);
  });
});
