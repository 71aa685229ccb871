import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { ThreadPool } from './thread-pool.ts';

interface Job {
  readonly job: number;
  readonly what: 'answer' | 'crash' | 'hang';
}

const thread = `
  import { serveThread } from '${new URL('../../system/thread.ts', import.meta.url).href}';
  await serveThread({ isSetup: () => true, isMessage: () => true }, async (setup, port) => ({ job, what }) => {
    if (what === 'crash') setImmediate(() => { throw new Error('for the test'); });
    if (what === 'answer') port.postMessage({ kind: 'done', job, result: job * 2 });
  });`;

const makePool = (threads: number): ThreadPool<Job, number> =>
  new ThreadPool(new URL(`data:text/javascript,${encodeURIComponent(thread)}`), { threads, setup: {} });

const submit = (pool: ThreadPool<Job, number>, what: Job['what']): Promise<number> =>
  pool.submit((job) => ({ job, what }), []);

test('a thread that crashes fails what waits, and the next jobs get new threads', async () => {
  const pool = makePool(2);
  assert.equal(await submit(pool, 'answer'), 2);
  const waiting = Promise.allSettled([submit(pool, 'hang'), submit(pool, 'crash')]);
  const outcomes = (await waiting).map((each) => each.status === 'rejected' && isFault(each.reason, 'internal'));
  assert.deepEqual(outcomes, [true, true]);
  assert.deepEqual(await Promise.all(Array.from({ length: 6 }, () => submit(pool, 'answer'))), [8, 10, 12, 14, 16, 18]);
  await pool.close();
});

test('closing fails what waits, and jobs after it get new threads', async () => {
  const pool = makePool(1);
  const waiting = submit(pool, 'hang');
  const failed = assert.rejects(waiting, (thrown) => isFault(thrown, 'interrupted'));
  await pool.close();
  await failed;
  assert.equal(await submit(pool, 'answer'), 4);
  await pool.close();
});
