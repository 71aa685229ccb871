import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBridge } from './loopback-bridge.ts';

/** What comes until the end, or what the end is. */
const answerAt = (port: number, words: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.on('error', (error) => (said += error.message));
    socket.on('close', () => resolve(said));
    socket.end(words);
  });

test('B12: a port of the loopback interface leads to a socket, and is closed when nobody listens there any more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-bridge-'));
  const path = join(folder, 'socket');
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    socket.on('end', () => socket.end(heard.toUpperCase()));
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  const bridge = await openBridge(path);
  const long = 'hello '.repeat(100_000);
  assert.equal(await answerAt(bridge.port, long), long.toUpperCase());
  await new Promise((closed) => server.close(closed));
  assert.match(await answerAt(bridge.port, 'hello'), /^(?:read ECONNRESET)?$/);
  await bridge.close();
  assert.match(await answerAt(bridge.port, 'hello'), /ECONNREFUSED/);
  await rm(folder, { recursive: true });
});
