import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestRun } from '../../src/contract/test-run.ts';
import type { PresetName } from '../../src/preset/finding.ts';
import { propose, stackIn } from '../../src/preset/known-presets.ts';
import { codesOf, componentsOf } from '../../src/preset/machine-fixture.ts';
import { localMachine } from '../../src/protocol/server/local-machine.ts';
import { succeed } from '../requirement/command.ts';

/** Trees of the real projects, where they lie beside this one. */
const trees = fileURLToPath(new URL('../../../shared/corpora/config-trees/', import.meta.url));

const unpacked = async (name: string, context: TestContext): Promise<string | undefined> => {
  const archive = join(trees, `${name}.tar.gz`);
  if (!existsSync(archive)) {
    context.skip(`there is no ${archive}`);
    return undefined;
  }
  const root = await mkdtemp(join(tmpdir(), 'mailkeep-tree-'));
  context.after(() => rm(root, { recursive: true, force: true }));
  await succeed('tar', ['-xzf', archive, '-C', root]);
  return root;
};

/** No program is there, not even Podman, which answers without a service: what is found is found in files. */
const look = async (preset: PresetName, root: string) => {
  const machine = localMachine({ home: root, variables: { PATH: '/nowhere' } }, createTestRun());
  assert.equal(await stackIn(machine, root), preset);
  const proposal = await propose(preset, machine, root);
  return { components: componentsOf(proposal), codes: codesOf(proposal) };
};

describe('B15: presets find what the trees of the real projects have', () => {
  test('mailcow, as it is fetched, with .env leading nowhere, and as it is once its configuration was made', async (context) => {
    const root = await unpacked('mailcow-dockerized', context);
    if (root === undefined) return;
    const fetched = await look('mailcow', root);
    assert.ok(fetched.codes.includes('file-missing') && fetched.codes.includes('variables-missing'));
    const variables = ['DBROOT', 'DBNAME', 'DBUSER', 'DBPASS', 'REDISPASS', 'TZ', 'MAILCOW_HOSTNAME', 'ADDITIONAL_SAN'];
    const text = `${variables.map((name) => `${name}=hidden`).join('\n')}\nCOMPOSE_PROJECT_NAME=mailcowdockerized\n`;
    await writeFile(join(root, 'mailcow.conf'), text);
    const volumes = join(root, '.local/share/docker/volumes');
    for (const name of ['vmail', 'crypt', 'rspamd', 'postfix', 'sogo-userdata-backup']) {
      await mkdir(join(volumes, `mailcowdockerized_${name}-vol-1/_data`), { recursive: true });
    }
    await writeFile(join(volumes, 'mailcowdockerized_crypt-vol-1/_data/ecprivkey.pem'), 'KEY');
    await mkdir(join(root, 'data/assets/ssl'), { recursive: true });
    const made = await look('mailcow', root);
    assert.deepEqual(Object.keys(made.components), [
      'mail',
      'keys',
      'mysql',
      'redis',
      'config',
      'ssl',
      'rspamd',
      'queue',
      'sogo',
    ]);
    const usual = [
      'stack',
      'places',
      'engine-silent',
      'volume-guessed',
      'database',
      'password',
      'dkim-in-redis',
      'encrypted-mail',
    ];
    assert.deepEqual(made.codes, usual, 'nothing of it is unknown or missing');
    assert.doesNotMatch(JSON.stringify(made), /hidden/);
  });

  test('docker-mailserver, by the compose file that it comes with', async (context) => {
    const root = await unpacked('docker-mailserver', context);
    if (root === undefined) return;
    for (const name of ['mail-data', 'mail-state', 'mail-logs', 'config/rspamd/dkim']) {
      await mkdir(join(root, 'docker-data/dms', name), { recursive: true });
    }
    await writeFile(join(root, 'docker-data/dms/config/rspamd/dkim/mail.private'), 'KEY');
    const { components, codes } = await look('docker-mailserver', root);
    assert.deepEqual(Object.keys(components), ['mail', 'config', 'dkim', 'state', 'logs']);
    assert.deepEqual(codes, ['stack', 'places', 'engine-silent']);
  });
});
