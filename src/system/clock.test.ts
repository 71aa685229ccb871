import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../model/fault.ts';
import { sleep } from './clock.ts';

test('a sleep ends with the Fault interrupted when it is aborted, before or during', async () => {
  const before = new AbortController();
  before.abort();
  await assert.rejects(sleep(1e6, before.signal), (thrown: unknown) => isFault(thrown, 'interrupted'));
  const during = new AbortController();
  const sleeping = sleep(1e6, during.signal);
  setImmediate(() => during.abort());
  await assert.rejects(sleeping, (thrown: unknown) => isFault(thrown, 'interrupted'));
});

test('a sleep resolves', async () => {
  await sleep(1, new AbortController().signal);
});
