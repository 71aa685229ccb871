import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { baseOf, recordCapture } from '../../contract/recorded-capture.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { createFilesSource } from './files-source.ts';

class Disk implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'mailkeep-vanishing-'));
  readonly root = join(this.directory, 'root');
  readonly run: TestRun = createTestRun();
  readonly source: Source;

  constructor(folders: readonly string[] = ['a', 'b', 'c'], maildir = false) {
    for (const folder of folders) {
      mkdirSync(join(this.root, folder), { recursive: true });
      if (!folder.endsWith('tmp')) writeFileSync(join(this.root, folder, 'file'), folder);
    }
    this.source = createFilesSource({
      paths: [byteStringOfText(this.root)],
      posix: undefined,
      ...(maildir ? { maildir: { skipUnchangedFolders: false, rescan: true, seventh: -1 } } : {}),
    });
  }

  /** Captures, and does something when a directory came. What was carried, by path. */
  async captureAnd(when: string, act: () => void): Promise<readonly string[]> {
    const carried: string[] = [];
    const above = when === 'above' ? this.directory.slice(1) : undefined;
    const at = (path: string): string => path.replace(this.root.slice(1), '');
    for await (const directory of this.source.capture(undefined, this.run)) {
      const path = directory.path.join('/');
      if (path === above || at(path) === when) act();
      for (const [name, code] of await carriedIn(directory)) carried.push(`${at(`${path}${name}`)}: ${code}`);
    }
    return carried;
  }

  faults(): string[] {
    return this.run.events.flatMap((event) => (event.kind === 'fault' ? [event.fault.code] : []));
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const carriedIn = async ({ listing }: CapturedDirectory): Promise<(readonly [string, string])[]> => {
  if (listing.kind === 'carried') return [['', listing.fault.code]];
  if (listing.kind === 'same') return [];
  const children: Child[] = [];
  for await (const page of listing.pages) children.push(...page);
  return children.flatMap((child) => (child.kind === 'carried' ? [[`/${child.name}`, child.fault.code] as const] : []));
};

describe('a source that goes away while it is read', () => {
  test('folders and files not yet read are failures, not deletions, and so is the root', async () => {
    using disk = new Disk();
    const carried = await disk.captureAnd('/a', () => renameSync(disk.root, `${disk.root}-away`));
    assert.deepEqual(carried.slice(0, 3), ['/a/file: source-missing', '/b: source-missing', '/c: source-missing']);
    assert.equal(carried.at(-1)?.endsWith('~: source-missing'), true);
  });

  test('an empty folder in the place of the root is not believed', async () => {
    using disk = new Disk();
    const carried = await disk.captureAnd('/a', () => {
      renameSync(disk.root, `${disk.root}-away`);
      mkdirSync(disk.root);
    });
    assert.deepEqual(carried.slice(0, 3), ['/a/file: source-missing', '/b: source-missing', '/c: source-missing']);
  });

  test('a root that goes away when all of it was listed makes the snapshot incomplete', async () => {
    using disk = new Disk();
    const carried = await disk.captureAnd('above', () => renameSync(disk.root, `${disk.root}-away`));
    assert.deepEqual(carried.length, 1);
    assert.match(carried[0] ?? '', /~: source-missing$/);
  });

  test('a folder that is gone from a root that stayed is a failure, not a deletion', async () => {
    using disk = new Disk();
    const carried = await disk.captureAnd('/a', () => rmSync(join(disk.root, 'b'), { recursive: true }));
    assert.deepEqual(carried, ['/b: entry-vanished']);
  });

  test('so is the tmp of a mail folder that stayed', async () => {
    using disk = new Disk(['cur', 'new', 'tmp'], true);
    const carried = await disk.captureAnd('/cur', () => rmSync(join(disk.root, 'tmp'), { recursive: true }));
    assert.deepEqual(carried, ['/tmp: entry-vanished']);
  });

  test('messages of a Maildir that goes away are failures, not deletions', async () => {
    using disk = new Disk(['cur', 'new', 'tmp', '.Sent/cur', '.Sent/new', '.Sent/tmp'], true);
    const carried = await disk.captureAnd('/cur', () => renameSync(disk.root, `${disk.root}-away`));
    assert.ok(carried.includes('/cur/file: source-missing'), carried.join('\n'));
    assert.ok(carried.includes('/.Sent: source-missing'), carried.join('\n'));
  });
});

describe('an entry that is gone when it is to be read', () => {
  const entryOf = async (disk: Disk) => {
    const recording = await recordCapture(disk.source, undefined, disk.run);
    const child = recording.child(`${disk.root.slice(1)}/a/file`);
    assert.ok(child?.kind === 'fresh');
    const path = [...disk.root.slice(1).split('/'), 'a'].map((name) => byteStringOfText(name));
    return { path, entry: child.entry };
  };

  test('is a failed read when the folder above it is gone or another', async () => {
    using disk = new Disk();
    const { path, entry } = await entryOf(disk);
    renameSync(disk.root, `${disk.root}-away`);
    const lost = (thrown: unknown): boolean => isFault(thrown, 'source-missing');
    await assert.rejects(disk.source.relocate(path, entry, disk.run), lost);
    mkdirSync(join(disk.root, 'a'), { recursive: true });
    await assert.rejects(disk.source.relocate(path, entry, disk.run), lost);
  });

  test('is gone when the folders above it are what they were, and is what it became otherwise', async () => {
    using disk = new Disk();
    const { path, entry } = await entryOf(disk);
    rmSync(join(disk.root, 'a/file'));
    assert.equal(await disk.source.relocate(path, entry, disk.run), undefined);
    symlinkSync('elsewhere', join(disk.root, 'a/file'));
    const found = await disk.source.relocate(path, entry, disk.run);
    assert.deepEqual([found?.entry.type, found?.content.kind], ['symlink', 'none']);
  });
});

describe('a source without files', () => {
  const emptied = async (disk: Disk, options: { readonly allowEmpty?: boolean; readonly folder?: string }) => {
    const full = await recordCapture(disk.source, undefined, disk.run);
    for (const name of ['a', 'b', 'c']) rmSync(join(disk.root, name), { recursive: true });
    if (options.folder !== undefined) mkdirSync(join(disk.root, options.folder));
    const base = await baseOf(full, { scannedAt: disk.run.now() }, disk.run);
    const source = createFilesSource({ paths: [byteStringOfText(disk.root)], posix: undefined, ...options });
    return (await recordCapture(source, base, disk.run)).directories.get(disk.root.slice(1))?.listing;
  };

  for (const folder of [undefined, 'lost+found']) {
    test(`is a failed read when it had some before${folder === undefined ? '' : ', also with empty folders'}`, async () => {
      using disk = new Disk();
      const listing = await emptied(disk, folder === undefined ? {} : { folder });
      assert.ok(listing?.kind === 'carried');
      assert.equal(listing.fault.code, 'source-empty');
      assert.equal(listing.base?.path.join('/'), disk.root.slice(1));
    });
  }

  test('is believed when a person says so, and when it never had any', async () => {
    using disk = new Disk();
    assert.equal((await emptied(disk, { allowEmpty: true }))?.kind, 'listed');
    using never = new Disk([]);
    mkdirSync(never.root);
    const empty = await recordCapture(never.source, undefined, never.run);
    const base = await baseOf(empty, { scannedAt: never.run.now() }, never.run);
    const again = await recordCapture(never.source, base, never.run);
    assert.equal(again.directories.get(never.root.slice(1))?.listing.kind, 'listed');
    assert.deepEqual(never.faults(), []);
  });
});
