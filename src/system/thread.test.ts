import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startThread } from './thread.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-thread-'));
});
after(() => rm(folder, { recursive: true }));

const here = (name: string): string => new URL(name, import.meta.url).href;

const writeThread = async (name: string, prepare: string): Promise<URL> => {
  const file = join(folder, `${name}.mjs`);
  await writeFile(
    file,
    `import { serveThread } from '${here('thread.ts')}';
     import { loadNativeCiphers } from '${here('native-ciphers.ts')}';
     await serveThread({ isSetup: () => true, isMessage: () => true }, async (setup, port, awaitMessage) => { ${prepare} });`,
  );
  return pathToFileURL(file);
};

test('threads that are ended at once, while the addon registers in them, leave the process alive', async () => {
  const file = await writeThread('native', 'await loadNativeCiphers(); return () => undefined;');
  for (let round = 0; round < 12; round++) {
    const threads = Array.from({ length: 4 }, () => startThread(file, { setup: {} }));
    await new Promise((resolve) => setTimeout(resolve, round * 30));
    await Promise.all(threads.map((thread) => thread.end()));
  }
});

test('what waits in the queue of a thread that shall end is not done', async () => {
  const block = 'Atomics.wait(setup, 0, 0); port.postMessage(message);';
  const file = await writeThread('queue', `return (message) => { ${block} };`);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const { worker, end } = startThread(file, { setup: gate, patience: 60_000 });
  const done: unknown[] = [];
  worker.on('message', (message) => done.push(message));
  for (const message of ['first', 'second', 'third']) worker.postMessage(message);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ended = end();
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await ended;
  assert.ok(done.length <= 1, 'at most the one that was under way');
});

test('a thread may wait for one message in the middle of another; what it passes over has its turn afterwards, in order', async () => {
  const wait = `if (message === 'wait') port.postMessage('got ' + awaitMessage((other) => other.startsWith('wanted')));`;
  const file = await writeThread('waiting', `return (message) => { ${wait} else port.postMessage(message); };`);
  const { worker, call, end } = startThread(file, { setup: {} });
  const answers: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    worker.on('message', (answer) => {
      if (answers.push(answer) === 5) resolve();
    });
  });
  for (const message of ['wait', 'first', 'wait', 'second']) worker.postMessage(message);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(answers, [], 'nothing that was wanted has come');
  for (const message of ['wanted 1', 'third', 'wanted 2']) {
    worker.postMessage(message);
    call();
  }
  await all;
  assert.deepEqual(answers, ['got wanted 1', 'first', 'got wanted 2', 'second', 'third']);
  await end();
});

test('a thread that waits for a message which never comes is ended all the same', async () => {
  const wait = `try { awaitMessage(() => false); } catch { port.postMessage('gave up'); }`;
  const { worker, end } = startThread(await writeThread('patient', `return () => { ${wait} };`), { setup: {} });
  const answers: unknown[] = [];
  worker.on('message', (answer) => answers.push(answer));
  worker.postMessage('go');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await end();
  assert.deepEqual(answers, ['gave up']);
});

test('a thread that ends by itself has failed', async () => {
  const { worker, end } = startThread(await writeThread('quitting', 'return () => port.close();'), { setup: {} });
  const failed = new Promise((resolve) => worker.once('error', resolve));
  worker.postMessage('go');
  assert.match(String(await failed), /ended by itself/);
  await end();
});

test('a thread that works on and on is made to end, and one that cannot start has ended', async () => {
  const busy = startThread(await writeThread('busy', 'return () => { for (;;) ; };'), { setup: {}, patience: 50 });
  busy.worker.postMessage('go');
  await busy.end();
  const broken = startThread(await writeThread('broken', "throw new Error('for the test');"), { setup: {} });
  const failed = new Promise((resolve) => broken.worker.once('error', resolve));
  await Promise.all([broken.end(), broken.end(), failed]);
});
