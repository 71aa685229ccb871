import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuredLanguage } from './configured-language.ts';

test('the language of the configuration is known before anything else, also when the rest is wrong', async (t) => {
  const configDirectory = await mkdtemp(join(tmpdir(), 'mailkeep-language-'));
  t.after(() => rm(configDirectory, { recursive: true }));
  const places = { configDirectory, configFile: undefined, home: '/' };
  const file = join(configDirectory, 'mailkeep.yaml');
  const cases = [
    ['version: 1\nlanguage: ja  # Japanese\nwrong: [', 'ja'],
    ['language: "en"\n', 'en'],
    ['accounts:\n  language: ja\n', undefined],
    ['language: fr\n', undefined],
    ['', undefined],
  ] as const;
  for (const [text, language] of cases) {
    await writeFile(file, text);
    assert.equal(configuredLanguage(['snapshots'], places), language, text);
  }
  const other = join(configDirectory, 'other.yaml');
  await writeFile(other, 'language: ja\n');
  assert.equal(configuredLanguage(['snapshots', '--config', other], places), 'ja');
  assert.equal(configuredLanguage(['snapshots', `--config=${other}`], places), 'ja');
  assert.equal(configuredLanguage(['snapshots', '--config'], places), undefined);
});
