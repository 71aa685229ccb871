import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigSchema } from '../registry.ts';
import { effectiveConfig } from './effective-config.ts';
import { outlineOf } from './schema-outline.ts';

test('secrets are masked and defaults filled in inside of lists, too', async () => {
  const createSchema = await loadConfigSchema();
  const written = {
    version: 1,
    notifications: [{ ntfy: { url: { value: 'https://ntfy.sh/secret-topic' } } }, { slack: { url: { file: 'x' } } }],
  };
  const effective = JSON.stringify(effectiveConfig(written, outlineOf(createSchema((path) => path))));
  assert.ok(!effective.includes('secret-topic'));
  assert.match(effective, /"ntfy":\{"url":\{"value":"•••"\}\},"when":"always"/);
});
