import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kitConfiguration } from './kit-configuration.ts';

const text = `version: 1
repositories:
  main: { location: store, password: { file: /root/password }, environment: { TOKEN: { value: hush } } }
  away: { location: 'sftp:backup@example.com:/srv', password: { value: hush } }
servers:
  mailserver: { disk: { path: disk } }
`;

test('in a kit passwords lie in secrets/, places are whole, and secrets are left out unless they are wanted', () => {
  const resolve = (path: string): string => `/etc/mailkeep/${path}`;
  const kept = kitConfiguration(text, { resolve, withSecrets: true });
  assert.match(kept, /location: \/etc\/mailkeep\/store, password: \{ file: secrets\/main.password \}/);
  assert.match(kept, /location: '?sftp:backup@example.com:\/srv'?, password: \{ file: secrets\/away.password \}/);
  assert.match(kept, /path: \/etc\/mailkeep\/disk/);
  assert.match(kept, /TOKEN: \{ value: hush \}/);
  assert.doesNotMatch(kitConfiguration(text, { resolve, withSecrets: false }), /hush/);
});
