import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Backend } from '../../../contract/backend.ts';
import type { ReadRequest } from '../../../contract/source.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { createMemoryBackend } from '../../../backend/memory.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import { trustOf } from '../repository-fixture.ts';
import { initRepository, type InitOptions } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';

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
  evidence: trustOf(1),
  programVersion: 'mailkeep test',
};

/** Every other pack answers late, so that the one after it overtakes it. */
const overtaking = (backend: Backend, slow: 0 | 1): Backend => {
  let loads = 0;
  return {
    ...backend,
    load: async (handle, range, run) => {
      const late = handle.kind === 'pack' && loads++ % 2 === slow;
      await new Promise((resolve) => setTimeout(resolve, late ? 60 : 0));
      return backend.load(handle, range, run);
    },
  };
};

/** A repository with one file of many packs; returns its storage, the file and its snapshot. */
const repositoryWithLargeFile = async () => {
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
  return { memory, large, id: snapshot?.id ?? '' };
};

test('S1: a content whose packs overtake one another is whole before its verdict comes', async () => {
  const { memory, large, id } = await repositoryWithLargeFile();
  await readWhole(overtaking(memory, 0), id, large);
  await readWhole(overtaking(memory, 1), id, large);
});

const readWhole = async (backend: Backend, id: string, large: Buffer): Promise<void> => {
  const run = createTestRun();
  const repository = await openRepository(backend, options, run);
  const stored = await repository.open(id, run);
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
};
