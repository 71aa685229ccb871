import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { openSession } from './open-connection.ts';

test('A6: a port that waits for TLS does not greet, which is told with what to look at', async (context) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const settings = { host: '127.0.0.1', port: address.port, security: 'starttls', silenceMilliseconds: 200 } as const;
  const run = { signal: context.signal, now: () => 0n, emit: () => undefined };
  const credentials = () =>
    Promise.resolve({ kind: 'password', user: 'alice', password: new Secret('secret') } as const);
  await assert.rejects(openSession(settings, { credentials, access: 'reading', run }), (thrown) => {
    assert.ok(isFault(thrown, 'server-unavailable'));
    assert.match(thrown.message, /has not greeted for 0\.2 seconds/);
    assert.match(thrown.hint ?? '', /STARTTLS/);
    assert.ok(thrown.retry);
    return true;
  });
});
