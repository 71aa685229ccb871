import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { writeKit } from './write-kit.ts';

test('S8: a kit that is to have a program that is not compiled is not begun: no share of it is left behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-kit-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = [{ path: 'shares/main-1-of-5.txt', content: 'a share', mode: 0o600 }];
  const program = { root: join(folder, 'a checkout'), node: process.execPath };
  await assert.rejects(writeKit(join(folder, 'kit'), files, program), (error) => isFault(error, 'unsupported'));
  assert.deepEqual(await readdir(folder), []);
});
