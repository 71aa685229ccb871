import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsPage } from './reference/settings.ts';

test('docs/configuration.md describes the settings that there are; `npm run docs` writes it anew', async () => {
  const { is, shouldBe } = await settingsPage();
  assert.equal(is, shouldBe);
});
