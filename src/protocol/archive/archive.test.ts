import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { writeTar } from './tar.ts';
import { writeZip } from './zip.ts';

const run = promisify(execFile);

const entryOf = (path: string, more: Partial<Entry>, content = ''): ArchiveEntry => ({
  path: byteStringOfLatin1(path),
  entry: {
    name: byteStringOfLatin1(path.split('/').at(-1) ?? ''),
    type: 'file',
    mode: 0o640,
    mtime: 1_700_000_000_123_456_789n,
    atime: 1_700_000_001_000_000_000n,
    ctime: 0n,
    uid: 1000,
    gid: 5_000_000,
    user: 'alice',
    group: '',
    inode: 1n,
    deviceId: 1n,
    size: Buffer.byteLength(content),
    links: 1,
    ...more,
  },
  bytes: pieces(content),
});

async function* pieces(content: string): AsyncGenerator<Uint8Array, void> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300);
}

async function* all(entries: readonly ArchiveEntry[]): AsyncGenerator<ArchiveEntry, void> {
  yield* entries;
}

const long = `${'long name '.repeat(12)}/${'and more '.repeat(12)}`;

const tree = (): readonly ArchiveEntry[] => [
  entryOf('d', { type: 'directory', mode: 0o1770 }),
  entryOf('d/empty', { mode: 0 }),
  entryOf('d/file', {}, 'x'.repeat(1025)),
  entryOf(`d/${byteStringOfText('日本')}`, { mtime: -1_500_000_000n }, 'text'),
  entryOf('d/link', { type: 'symlink', mode: 0o777, linkTarget: byteStringOfLatin1(`t\xfe${'y'.repeat(120)}`) }),
  entryOf('d/pipe', { type: 'fifo' }),
  entryOf('d/socket', { type: 'socket' }),
  entryOf(long, {}, 'z'.repeat(512)),
];

describe('archives', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-archive-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const into = async (name: string, write: (sink: (bytes: Uint8Array) => Promise<void>) => Promise<unknown>) => {
    const file = await open(join(folder, name), 'w');
    try {
      return await write(async (bytes) => {
        await file.write(bytes);
      });
    } finally {
      await file.close();
    }
  };

  test('GNU tar brings back names, modes, times to the nanosecond, links and bytes', async () => {
    const result = await into('a.tar', (sink) => writeTar(all(tree()), sink, createTestRun()));
    assert.deepEqual(result, { leftOut: 1 });
    await run('tar', ['-xpf', join(folder, 'a.tar'), '-C', folder, '--no-same-owner']);
    const { stdout } = await run('find', [join(folder, 'd'), '-printf', '%P|%m|%y|%s|%T@\\n']);
    const lines = stdout.split('\n');
    // find has a time before 1970 as the second before it and the rest: -1.5 s is -2 s and a half.
    for (const line of [
      '|1770|d|',
      'empty|0|f|0|1700000000.1234567890',
      'file|640|f|1025|1700000000.1234567890',
      '日本|640|f|4|-2.5000000000',
      'pipe|640|p|0|',
    ])
      assert.ok(
        lines.some((found) => found.startsWith(line)),
        `${line} in ${stdout}`,
      );
    assert.equal(await readFile(join(folder, 'd', 'file'), 'utf8'), 'x'.repeat(1025));
    assert.equal(await readFile(join(folder, long), 'utf8'), 'z'.repeat(512));
    const { stdout: listing } = await run('tar', ['-tvf', join(folder, 'a.tar'), '--numeric-owner']);
    assert.match(listing, /1000\/5000000 +1025/);
    assert.match(listing, /link -> t\\376y{120}/);
  });

  test('a zip is whole, and what it cannot name is counted', async () => {
    const odd = entryOf('d/\xff', {}, 'odd');
    const result = await into('a.zip', (sink) => writeZip(all([...tree(), odd]), sink, createTestRun()));
    assert.deepEqual(result, { leftOut: 2, renamed: 1 });
    const script =
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.namelist()[:4], len(z.read("d/file")), oct(z.getinfo("d/file").external_attr >> 16))';
    const { stdout } = await run('python3', ['-c', script, join(folder, 'a.zip')]);
    assert.equal(stdout, "['d/', 'd/empty', 'd/file', 'd/日本'] 1025 0o100640\n");
  });

  test('what an entry or the sink throws ends the archive', async () => {
    const broken = new Fault('blob-damaged', 'damaged');
    async function* failing(): AsyncGenerator<ArchiveEntry, void> {
      yield* tree();
      throw broken;
    }
    for (const write of [writeTar, writeZip]) {
      await assert.rejects(
        write(failing(), async () => {}, createTestRun()),
        broken,
      );
      const full = new Fault('disk-full', 'full');
      await assert.rejects(
        write(all(tree()), () => Promise.reject(full), createTestRun()),
        full,
      );
    }
  });
});
