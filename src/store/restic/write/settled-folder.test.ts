import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { createFilesSource } from '../../../protocol/files/files-source.ts';
import { systemNow } from '../../../system/clock.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import { testOptions } from '../repository-fixture.ts';

const hour = 3_600_000_000_000n;

const namesOf = (path: string): ByteString[] => path.split('/').filter(Boolean).map(byteStringOfText);

test('A3: a mail folder whose messages may still be written is not taken over unseen by the next backup', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-settled-'));
  try {
    const mailbox = join(folder, 'Maildir');
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(mailbox, name), { recursive: true });
    writeFileSync(join(mailbox, 'cur', '1700000001.M1P1.host:2,S'), 'Subject: still being copied\n\n');
    const options = { ...testOptions, cacheDirectory: join(folder, 'cache') };
    const memory = createMemoryBackend();
    let indexesRead = 0;
    const backend: Backend = {
      ...memory,
      load: (handle, range, run) => {
        if (handle.kind === 'index') indexesRead++;
        return memory.load(handle, range, run);
      },
    };
    await initRepository(backend, options, createTestRun());

    const backUp = async (start: bigint) => {
      const run = createTestRun({ start });
      const maildir = { skipUnchangedFolders: false, rescan: false, seventh: -1 };
      const source = createFilesSource({ paths: [byteStringOfText(mailbox)], posix: undefined, maildir });
      const description = {
        time: { nanoseconds: start, offsetMinutes: 0 },
        paths: [byteStringOfText(mailbox)],
        hostname: 'host',
        username: 'user',
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
      };
      const writer = await openRepository(backend, options, run);
      const { snapshot } = await writer.write(source, { description }, run);
      const reader = await openRepository(backend, options, run);
      const stored = await reader.open(snapshot?.id ?? '', run);
      const cur = await stored.directory(namesOf(join(mailbox, 'cur')), run);
      assert.equal(await cur?.held(run), true);
      return { settled: cur?.settled, look: typeof cur?.look };
    };
    const touched = await backUp(systemNow());
    assert.deepEqual(touched, { settled: false, look: 'undefined' }, 'the message was touched a moment before the run');
    const rested = await backUp(systemNow() + hour);
    assert.deepEqual(rested, { settled: true, look: 'string' }, 'an hour later it is at rest');
    assert.equal(indexesRead, 0, 'S4: whoever wrote most of the index has cached it');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
