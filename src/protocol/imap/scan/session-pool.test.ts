import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { Secret } from '../../../model/secret.ts';
import { sleep } from '../../../system/clock.ts';
import { type ScriptedServer, startScriptedServer } from '../scripted-server-fixture.ts';
import { SessionPool } from './session-pool.ts';

describe('connections to an account', () => {
  let server: ScriptedServer;
  let pool: SessionPool;
  beforeEach(async () => {
    server = await startScriptedServer();
    pool = new SessionPool({
      server: server.settings,
      credentials: async () => ({ kind: 'password', user: 'alice', password: new Secret('secret') }),
      connections: 3,
      sleep,
    });
  });
  afterEach(() => server.stop());

  test('A2: one that is still being opened when the account is closed does not stay open', async () => {
    const arrived = Promise.withResolvers<void>();
    server.script = ({ verb, connection }) => {
      const isLate = connection > 1 && verb === 'AUTHENTICATE';
      if (isLate) arrived.resolve();
      return isLate;
    };
    const run = createTestRun();
    await pool.use(async () => {
      const second = pool.use(async () => 'of no use any more', run);
      const refused = assert.rejects(second, { message: 'the account was closed' });
      await arrived.promise;
      await pool.close();
      await refused;
    }, run);
    await server.settled();
    await assert.rejects(
      pool.use(async () => undefined, run),
      { message: 'the account was closed' },
    );
  });

  test('A2: nobody waits for a server that said to come again when the account is closed', async () => {
    server.script = ({ verb, tag, send }) => {
      if (verb === 'AUTHENTICATE') send(`${tag} NO [UNAVAILABLE] come again`);
      return verb === 'AUTHENTICATE';
    };
    const run = createTestRun();
    const refused = assert.rejects(
      pool.use(async () => undefined, run),
      { message: 'the account was closed' },
    );
    while (!server.commands.some((line) => line.startsWith('AUTHENTICATE'))) await sleep(5, run.signal);
    await sleep(50, run.signal);
    await pool.close();
    await refused;
  });
});
