import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { compare } from '../../operation/compare.ts';
import { loadPosix } from '../../system/posix.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../memory/source.ts';
import { createFilesSource } from './files-source.ts';
import { createFilesTarget } from './target.ts';

const posix = await loadPosix();
const asRoot = process.getuid?.() === 0;

const targetAt = (directory: string) =>
  createFilesTarget({
    directory: byteStringOfText(directory),
    filter: () => true,
    overwrite: 'if-changed',
    posix,
    asRoot,
    threads: 2,
  });

const size = 20_000;
const count = 3000;
const contentOf = (at: number): Uint8Array => new Uint8Array(size).fill(1 + (at % 250));
const nameOf = (at: number): string => `m${String(at).padStart(4, '0')}`;
const tree = (from: number, to: number) =>
  createMemorySource(
    memoryDirectory({
      mail: memoryDirectory(
        Object.fromEntries(
          Array.from({ length: to - from }, (_, at) => [nameOf(from + at), memoryFile(contentOf(from + at))]),
        ),
      ),
    }),
  );

const child = (directory: string): string => `
  import { createTestRun } from ${JSON.stringify(import.meta.resolve('../../contract/test-run.ts'))};
  import { restoreAll } from ${JSON.stringify(import.meta.url)};
  await restoreAll(${JSON.stringify(directory)}, createTestRun());
`;

/** What the killed process does. */
export const restoreAll = async (directory: string, run: ReturnType<typeof createTestRun>): Promise<void> => {
  const target = targetAt(directory);
  const source = tree(0, count);
  await target.apply(await target.plan(source, run), source, run);
};

const writeEmpty = (path: string): string => {
  writeFileSync(path, '');
  return path;
};

const isChild = process.env['MAILKEEP_TEST_CHILD'] === '1';

describe('a restore into a directory', { skip: isChild }, () => {
  test('killed in the middle it leaves whole old or new files, and run again it completes and leaves nothing else', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-target-'));
    try {
      mkdirSync(join(directory, 'mail'));
      for (let at = 0; at < 100; at++) writeFileSync(join(directory, 'mail', nameOf(at)), `old ${at}`);
      const killed = spawn(process.execPath, ['--input-type=module', '--eval', child(directory)], {
        env: { ...process.env, MAILKEEP_TEST_CHILD: '1', NODE_TEST_CONTEXT: '' },
        stdio: 'ignore',
      });
      while (readdirSync(join(directory, 'mail')).length < 300 && killed.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      killed.kill('SIGKILL');
      if (killed.exitCode === null && killed.signalCode === null) await once(killed, 'exit');
      assert.equal(killed.signalCode, 'SIGKILL');
      for (let at = 0; at < 100; at++) {
        const found = readFileSync(join(directory, 'mail', nameOf(at)));
        assert.ok(found.equals(contentOf(at)) || found.toString() === `old ${at}`, nameOf(at));
      }
      const run = createTestRun();
      await restoreAll(directory, run);
      const options = { metadata: asRoot && posix !== undefined, contents: 'read' } as const;
      const differences = await Array.fromAsync(compare(tree(0, count), targetAt(directory), options, run));
      assert.deepEqual(differences, []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('the copy of a large local file ends when the run is interrupted, and leaves nothing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-target-'));
    try {
      mkdirSync(join(directory, 'from'));
      truncateSync(writeEmpty(join(directory, 'from', 'large')), 2 ** 40);
      const source = createFilesSource({
        paths: [byteStringOfText('.')],
        workingDirectory: byteStringOfText(join(directory, 'from')),
        posix,
      });
      const run = createTestRun();
      const target = createFilesTarget({
        directory: byteStringOfText(join(directory, 'to')),
        filter: () => true,
        overwrite: 'if-changed',
        sparse: true,
        posix,
        asRoot,
      });
      const plan = await target.plan(source, run);
      const applied = target.apply(plan, source, run);
      setTimeout(() => run.abort(new Error('for the test')), 100);
      await assert.rejects(applied, (thrown: unknown) => isFault(thrown, 'interrupted'));
      assert.deepEqual(readdirSync(join(directory, 'to')), []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('a full disk ends it at once with that fault, and every file under its name is whole', async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-target-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'tmpfs', directory], { stdio: 'ignore' });
    } catch {
      rmSync(directory, { recursive: true });
      context.skip('no small file system can be mounted here');
      return;
    }
    try {
      const run = createTestRun();
      const source = tree(0, 500);
      const target = targetAt(directory);
      const plan = await target.plan(source, run);
      await assert.rejects(target.apply(plan, source, run), (thrown: unknown) => isFault(thrown, 'disk-full'));
      const names = readdirSync(join(directory, 'mail'));
      assert.ok(names.length > 10 && names.length < 60);
      for (const name of names) assert.equal(lstatSync(join(directory, 'mail', name)).size, size, name);
      const faults = run.events.filter((event) => event.kind === 'fault');
      assert.ok(faults.length < 200, `${faults.length} faults were told of one full disk`);
    } finally {
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
