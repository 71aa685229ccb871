import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { gatherIdentities } from './identities.ts';

test('a key that is there and cannot be read is named, one that is not there is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-identities-'));
  const config = {
    host: 'nas',
    port: 22,
    user: 'alice',
    identityFiles: [join(folder, 'none'), folder],
    identitiesOnly: false,
    agentSocket: undefined,
    hostKeyAlias: undefined,
    knownHostsFiles: [],
    bindAddress: undefined,
    family: undefined,
  };
  try {
    await assert.rejects(gatherIdentities(config), (error) => {
      assert.ok(isFault(error, 'credentials-refused'));
      assert.equal(error.hint, `The key ${folder} cannot be read (EISDIR).`);
      return true;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
