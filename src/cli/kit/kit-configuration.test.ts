import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
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

test('S8: a kit of a configuration with anchors: what they stand for is written out, each repository has its own password, and no secret is left', () => {
  const resolve = (path: string): string => `/etc/mailkeep/${path}`;
  const anchored = `version: 1
repositories:
  main: &main { location: store, password: &password { value: hush } }
  away: { <<: *main, location: other, password: *password }
  same: *main
servers:
  one: { disk: &disk { path: disk } }
  two: { disk: *disk }
`;
  const kept = kitConfiguration(anchored, { resolve, withSecrets: false });
  assert.doesNotMatch(kept, /hush|[&*]main|<</);
  const found: unknown = parse(kept);
  const repository = (name: string, location: string) => ({
    location: `/etc/mailkeep/${location}`,
    password: { file: `secrets/${name}.password` },
  });
  assert.deepEqual(found, {
    version: 1,
    repositories: {
      main: repository('main', 'store'),
      away: repository('away', 'other'),
      same: repository('same', 'store'),
    },
    servers: { one: { disk: { path: '/etc/mailkeep/disk' } }, two: { disk: { path: '/etc/mailkeep/disk' } } },
  });
});
