import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RecordedCapture, recordCapture } from '../../../src/contract/recorded-capture.ts';
import { createTestRun } from '../../../src/contract/test-run.ts';
import { byteStringOfText } from '../../../src/model/byte-string.ts';
import type { Entry } from '../../../src/model/entry.ts';
import { createFilesSource, type FilesSourceOptions } from '../../../src/protocol/files/files-source.ts';
import { readTree } from '../../../src/store/restic/format/tree-reader.ts';
import { loadPosix } from '../../../src/system/posix.ts';
import { makeOddEntries } from '../odd-entries.ts';
import { createResticRepository, type ResticRepository } from '../restic-repository.ts';

/** What restic's last snapshot says of every entry, by path. */
const resticEntries = async (run: (args: readonly string[]) => Promise<string>): Promise<Map<string, Entry>> => {
  const entries = new Map<string, Entry>();
  const visit = async (tree: string, prefix: string): Promise<void> => {
    const below: Promise<void>[] = [];
    readTree(Buffer.from(await run(['cat', 'blob', tree])), ({ entry, subtree }) => {
      entries.set(`${prefix}${entry.name}`, entry);
      if (subtree !== undefined) below.push(visit(Buffer.from(subtree).toString('hex'), `${prefix}${entry.name}/`));
    });
    await Promise.all(below);
  };
  const [id = ''] = /^[0-9a-f]{64}$/m.exec(await run(['list', 'snapshots'])) ?? [];
  const snapshot: unknown = JSON.parse(await run(['cat', 'snapshot', id]));
  assert.ok(typeof snapshot === 'object' && snapshot !== null && 'tree' in snapshot);
  assert.ok(typeof snapshot.tree === 'string');
  await visit(snapshot.tree, '');
  return entries;
};

const capturedEntries = (recording: RecordedCapture): Map<string, Entry> =>
  new Map(
    recording.paths().map((path): [string, Entry] => {
      const child = recording.child(path);
      if (child?.kind === 'fresh') return [path, child.entry];
      assert.ok(child?.kind === 'directory', `${path} is ${child?.kind ?? 'missing'}`);
      const metadata = recording.directories.get(path)?.metadata;
      assert.ok(metadata !== undefined);
      return [path, { name: child.name, ...metadata }];
    }),
  );

const captureOf = async (options: Omit<FilesSourceOptions, 'posix'>): Promise<Map<string, Entry>> => {
  const source = createFilesSource({ posix: await loadPosix(), ...options });
  return capturedEntries(await recordCapture(source, undefined, createTestRun()));
};

interface Shape {
  readonly workingDirectory: string;
  readonly paths: readonly string[];
  readonly oneFileSystem?: boolean;
}

/** Every path with its inode, which also tells where a directory on the way was looked up. */
const compareShape = async (
  repository: ResticRepository,
  { workingDirectory, paths, oneFileSystem = false }: Shape,
) => {
  const only = oneFileSystem ? ['--one-file-system'] : [];
  await repository.run(['backup', '--force', ...only, ...paths], workingDirectory);
  const theirs = new Map<string, bigint>();
  for (const line of (await repository.run(['ls', '--json', 'latest'])).split('\n')) {
    const inode = /"inode":(\d+)/.exec(line)?.[1];
    const path: unknown = inode === undefined ? undefined : JSON.parse(line);
    if (typeof path !== 'object' || path === null || !('path' in path) || typeof path.path !== 'string') continue;
    theirs.set(byteStringOfText(path.path.slice(1)), BigInt(inode ?? 0));
  }
  const ours = await captureOf({
    paths: paths.map((path) => byteStringOfText(path)),
    workingDirectory: byteStringOfText(workingDirectory),
    oneFileSystem,
  });
  const inodes = [...ours].map(([path, { inode }]): [string, bigint] => [path, inode]);
  assert.deepEqual(new Map(inodes), theirs, paths.join(' '));
  return ours;
};

/** An absent attribute list and an empty one are the same; so are an absent value and an empty one. */
const comparable = (entry: Entry | undefined) => {
  assert.ok(entry !== undefined);
  const attributes = (entry.extendedAttributes ?? []).map(({ name, value }) => [
    name,
    Buffer.from(value ?? []).toString('hex'),
  ]);
  return { ...entry, extendedAttributes: attributes };
};

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-source-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

test('S1: of entries of every kind the source says what restic says', async () => {
  await withFolder(async (work) => {
    await using entries = await makeOddEntries(join(work, 'entries'));
    const repository = await createResticRepository(join(work, 'compared'), 'UTC');
    await repository.run(['backup', entries.folder]);
    const theirs = await resticEntries((args) => repository.run(args));
    const ours = await captureOf({ paths: [byteStringOfText(entries.folder)] });
    assert.deepEqual([...ours.keys()].toSorted(), [...theirs.keys()].toSorted());
    for (const [path, entry] of theirs) {
      // Others write into the temporary folders on the way.
      if (path.includes('/entries')) assert.deepEqual(comparable(ours.get(path)), comparable(entry), path);
    }
    assert.ok(ours.size > 500);
  });
});

test('S1: paths of every shape become the tree that restic makes of them', async () => {
  await withFolder(async (work) => {
    const at = (path: string): string => join(work, 'source', path);
    await mkdir(at('here/examples/Maildir/cur'), { recursive: true });
    await mkdir(at('here/real/deep'), { recursive: true });
    await mkdir(at('aside'));
    for (const file of ['here/examples/Maildir/cur/m', 'here/real/deep/f', 'aside/x', 'here/aside']) {
      await writeFile(at(file), file);
    }
    await symlink('real', at('here/link'));
    const shapes: readonly (readonly string[])[] = [
      ['examples/Maildir'],
      ['./examples/../examples/Maildir/'],
      ['../aside'],
      ['..'],
      ['.'],
      ['examples', at('here/examples'), '../aside', 'aside'],
      ['link'],
      ['link/deep'],
      [at('here'), at('here/real/deep/f'), at('here/real')],
      ['examples/Maildir/cur/m', 'real'],
    ];
    const repository = await createResticRepository(join(work, 'compared'), 'UTC');
    for (const paths of shapes) await compareShape(repository, { workingDirectory: at('here'), paths });
  });
});

test('S1: one file system is what restic takes for one', { skip: process.geteuid?.() !== 0 }, async () => {
  await withFolder(async (work) => {
    const repository = await createResticRepository(join(work, 'compared'), 'UTC');
    const ours = await compareShape(repository, { workingDirectory: '/', paths: ['/dev'], oneFileSystem: true });
    assert.ok([...ours.keys()].every((path) => !path.startsWith('dev/shm/')));
  });
});
