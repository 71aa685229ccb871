import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Backend } from '../../../contract/backend.ts';
import type { ReadRequest } from '../../../contract/source.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { createMemoryBackend } from '../../../backend/memory.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import { initRepository, openRepository, type InitOptions } from '../repository.ts';

const options: InitOptions = {
  password: 'a password',
  generatedPassword: true,
  identity: { hostname: 'host', username: 'user', uid: 1, gid: 1, pid: process.pid },
  compression: 'off',
  packSize: 4 * 1_048_576,
  threads: 2,
  mailAware: true,
  lockWait: 0,
  noLock: true,
  programVersion: 'mailkeep test',
};

/** Each load answers later than the one after it. */
const answeringBackwards = (backend: Backend): Backend => {
  let delay = 100;
  return {
    ...backend,
    load: async (handle, range, run) => {
      const own = handle.kind === 'pack' ? (delay = Math.max(0, delay - 15)) : 0;
      await new Promise((resolve) => setTimeout(resolve, own));
      return backend.load(handle, range, run);
    },
  };
};

test('S1: a content whose packs answer in the wrong order is whole before its verdict comes', async () => {
  const run = createTestRun();
  const memory = createMemoryBackend();
  await initRepository(memory, options, run);
  const large = randomBytes(24 * 1_048_576);
  const source = createMemorySource(memoryDirectory({ large: memoryFile(large), small: memoryFile('small') }));
  const description = {
    time: { nanoseconds: run.now(), offsetMinutes: 0 },
    paths: [byteStringOfText('/')],
    hostname: 'host',
    username: 'user',
    uid: 1,
    gid: 1,
    excludes: [],
    tags: [],
  };
  const writer = await openRepository(memory, options, run);
  const { snapshot } = await writer.write(source, { description }, run);
  await writer.close();

  const repository = await openRepository(answeringBackwards(memory), options, run);
  const stored = await repository.open(snapshot?.id ?? '', run);
  const requests: ReadRequest[] = [];
  for await (const directory of stored.capture(undefined, run)) {
    if (directory.listing.kind !== 'listed') continue;
    for await (const page of directory.listing.pages) {
      for (const child of page) if (child.kind === 'fresh') requests.push(child);
    }
  }
  const received = requests.map(({ entry }) => Buffer.alloc(entry.size));
  const counts = requests.map(() => 0);
  let verdicts = 0;
  for await (const { bytes, pieces, verdicts: ended } of stored.read(requests, 'any-order', run)) {
    for (const { request, position, start, length } of pieces) {
      received[request]?.set(bytes.subarray(start, start + length), position);
      counts[request] = (counts[request] ?? 0) + length;
    }
    for (const { request, verdict } of ended) {
      assert.deepEqual(verdict, { kind: 'complete', bytes: counts[request] }, 'all pieces come before the verdict');
      verdicts++;
    }
  }
  assert.equal(verdicts, 2);
  assert.ok(received.some((content) => content.equals(large)));
  await repository.close();
});
