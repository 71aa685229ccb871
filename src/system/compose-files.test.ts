import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeFiles } from './compose-files.ts';

test('the file that overrides a compose file of a usual name belongs to it, and to no other', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-compose-'));
  t.after(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  assert.deepEqual(await composeFiles(at('compose.yaml')), [at('compose.yaml')]);
  for (const name of ['compose.override.yaml', 'docker-compose.override.yml', 'mail.override.yml'])
    await writeFile(at(name), '');
  assert.deepEqual(await composeFiles(at('compose.yaml')), [at('compose.yaml'), at('compose.override.yaml')]);
  const older = [at('docker-compose.yml'), at('docker-compose.override.yml')];
  assert.deepEqual(await composeFiles(at('docker-compose.yml')), older);
  assert.deepEqual(await composeFiles(at('mail.yml')), [at('mail.yml')]);
});
