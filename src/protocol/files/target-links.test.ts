import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Overwrite, TargetReport } from '../../contract/target.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { createMemorySource, memoryDirectory, memoryFile, type MemoryFile } from '../memory/source.ts';
import { createFilesTarget } from './target.ts';

const seconds = 1_600_000_000;
const name = (content: string, more: Partial<MemoryFile> & { readonly links?: number } = {}): MemoryFile => {
  const { links = 2, ...rest } = more;
  const metadata = { inode: 7n, links, mtime: BigInt(seconds) * 1_000_000_000n, mode: 0o644 };
  return memoryFile(content, { metadata, ...rest });
};

interface Place {
  readonly to: string;
  readonly outside: string;
  readonly bring: (files: Readonly<Record<string, MemoryFile>>, overwrite: Overwrite) => Promise<TargetReport>;
  readonly put: (path: string, content: string) => void;
}

const inPlace = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'mailkeep-links-'));
  const [to, outside] = [join(root, 'to'), join(root, 'outside')];
  mkdirSync(to);
  const run = createTestRun();
  const bring: Place['bring'] = async (files, overwrite) => {
    const directory = byteStringOfText(to);
    const options = { directory, filter: () => true, overwrite, posix: undefined, asRoot: false, threads: 1 };
    const target = createFilesTarget(options);
    const source = createMemorySource(memoryDirectory(files));
    return await target.apply(await target.plan(source, run), source, run);
  };
  const put = (path: string, content: string): void => {
    writeFileSync(path, content, { mode: 0o644 });
    utimesSync(path, seconds, seconds);
  };
  try {
    await work({ to, outside, bring, put });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

const inode = (...path: string[]): number => statSync(join(...path)).ino;
const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');

describe('hard links that are restored', () => {
  test('with "never", no name is linked to an unrelated file, and the new names are one file', async () =>
    inPlace(async ({ to, outside, bring, put }) => {
      put(outside, 'precious');
      linkSync(outside, join(to, 'a'));
      const files = { a: name('new', { links: 3 }), b: name('new', { links: 3 }), c: name('new', { links: 3 }) };
      const report = await bring(files, 'never');
      assert.deepEqual([text(to, 'a'), text(to, 'b'), text(to, 'c')], ['precious', 'new', 'new']);
      assert.notEqual(inode(to, 'b'), inode(outside));
      assert.equal(inode(to, 'b'), inode(to, 'c'));
      assert.equal(report.notRestored.get('hard-link'), 1);
    }));

  test('a first name that fails is no first name: nothing is replaced by its old content', async () =>
    inPlace(async ({ to, bring, put }) => {
      put(join(to, 'a'), 'old a');
      put(join(to, 'b'), 'old b');
      const failing = await bring(
        { a: name('new', { ending: 'failed' }), b: name('new', { ending: 'failed' }) },
        'always',
      );
      assert.deepEqual([failing.failed, failing.written.files], [2, 0]);
      assert.deepEqual([text(to, 'a'), text(to, 'b')], ['old a', 'old b']);
      const more = { links: 3 };
      const half = await bring(
        { a: name('new', { ending: 'failed', ...more }), b: name('new', more), c: name('new', more) },
        'always',
      );
      assert.deepEqual([half.failed, half.written.files], [1, 2]);
      assert.deepEqual([text(to, 'a'), text(to, 'b')], ['old a', 'new']);
      assert.equal(inode(to, 'b'), inode(to, 'c'));
    }));

  test('with "if-changed", an equal file is linked to only when it has no names elsewhere', async () =>
    inPlace(async ({ to, outside, bring, put }) => {
      put(join(to, 'a'), 'new');
      await bring({ a: name('new'), b: name('new') }, 'if-changed');
      assert.equal(inode(to, 'a'), inode(to, 'b'));
      rmSync(join(to, 'b'));
      linkSync(join(to, 'a'), outside);
      const report = await bring({ a: name('new'), b: name('new') }, 'if-changed');
      assert.equal(text(to, 'b'), 'new');
      assert.notEqual(inode(to, 'b'), inode(outside));
      assert.equal(report.notRestored.get('hard-link'), 1);
      const again = await bring({ a: name('new'), b: name('new') }, 'if-changed');
      assert.equal(again.written.files, 0);
    }));

  test('files of one inode number but unlike size are not one file', async () =>
    inPlace(async ({ to, bring }) => {
      await bring({ a: name('before'), b: name('after it') }, 'if-changed');
      assert.deepEqual([text(to, 'a'), text(to, 'b')], ['before', 'after it']);
    }));
});
