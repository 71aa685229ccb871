import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import { targetSuite } from '../../contract/target.suite.ts';
import type { Overwrite, TargetPlan, TargetReport } from '../../contract/target.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Metadata } from '../../model/entry.ts';
import { compare } from '../../operation/compare.ts';
import { loadPosix } from '../../system/posix.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  memoryFile,
  memorySymlink,
} from '../memory/source.ts';
import { becomeOrdinary, becomeRoot } from './files-fixture.ts';
import { createFilesSource } from './files-source.ts';
import { createFilesTarget, type FilesTargetOptions } from './target.ts';

const posix = await loadPosix();
const isRoot = process.getuid?.() === 0;
const hasTools = ['getfattr', 'setfattr', 'getfacl', 'setfacl'].every((tool) => existsSync(`/usr/bin/${tool}`));

for (const variant of ['with the addon', 'without the addon'] as const) {
  targetSuite(`files ${variant}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-target-'));
    return {
      open: (overwrite) =>
        createFilesTarget({
          directory: byteStringOfText(join(directory, 'inside')),
          filter: () => true,
          overwrite,
          posix: variant === 'with the addon' ? posix : undefined,
          asRoot: isRoot,
          threads: 1,
        }),
      close: async () => {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  });
}

/** A directory with `from`, `to` and `outside` in it, gone after the test. */
const inDirectory = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'mailkeep-target-'));
  chmodSync(root, 0o755);
  try {
    await work(createPlace(root));
  } finally {
    becomeRoot();
    rmSync(root, { recursive: true, force: true });
  }
};

interface Brought {
  readonly plan: TargetPlan;
  readonly report: TargetReport;
}

const createPlace = (root: string) => {
  const run: TestRun = createTestRun();
  const [from, to, outside] = [join(root, 'from'), join(root, 'to'), join(root, 'outside')];
  for (const directory of [from, to, outside]) mkdirSync(directory);
  const source = (): Source =>
    createFilesSource({ paths: [byteStringOfText('.')], workingDirectory: byteStringOfText(from), posix });
  const target = (options: Partial<FilesTargetOptions> = {}) =>
    createFilesTarget({
      directory: byteStringOfText(to),
      filter: () => true,
      overwrite: 'if-changed',
      posix,
      asRoot: isRoot,
      threads: 1,
      ...options,
    });
  const bring = async (what: Source, options: Partial<FilesTargetOptions> = {}): Promise<Brought> => {
    const opened = target(options);
    const plan = await opened.plan(what, run);
    return { plan, report: await opened.apply(plan, what, run) };
  };
  const faults = (): string[] =>
    run.events.flatMap((event) => (event.kind === 'fault' ? [`${event.path}: ${event.fault.code}`] : []));
  const differences = async (what: Source, lost: readonly string[] = []): Promise<string[]> => {
    const options = { metadata: true, contents: 'read', overlooked: new Set(lost) } as const;
    const found = await Array.fromAsync(compare(what, target(), options, run));
    return found.map(({ kind, path }) => `${kind} ${path}`);
  };
  return { root, from, to, outside, run, source, target, bring, faults, differences };
};
type Place = ReturnType<typeof createPlace>;

/** What `find` says of everything below. */
const listing = (directory: string): string[] =>
  execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %U %G %n %s %T@ %l\\n'], {
    cwd: directory,
    encoding: 'latin1',
  })
    .split('\n')
    // A directory's size is the file system's business.
    .map((line) => line.replace(/^(.* d \d+ \d+ \d+ \d+) \d+/, '$1'))
    .sort();

const fill = (from: string): void => {
  mkdirSync(join(from, 'deep/deeper'), { recursive: true, mode: 0o750 });
  mkdirSync(join(from, 'sealed'));
  writeFileSync(join(from, 'sealed/file'), 'sealed');
  writeFileSync(join(from, 'deep/deeper/file'), 'content');
  writeFileSync(Buffer.from(`${from}/odd \xff\n"\\'`, 'latin1'), 'odd');
  writeFileSync(join(from, 'empty'), '');
  writeFileSync(join(from, 'large'), Buffer.alloc(3_000_000, 'mail '));
  linkSync(join(from, 'large'), join(from, 'deep/large-too'));
  linkSync(join(from, 'large'), join(from, 'large-three'));
  symlinkSync('../anywhere \xe9', join(from, 'deep/link'));
  execFileSync('mkfifo', ['-m', '640', join(from, 'fifo')]);
  chmodSync(join(from, 'empty'), 0o1604);
  utimesSync(join(from, 'empty'), 1.5e9, -1.25);
  execFileSync('touch', ['-d', '2001-02-03T04:05:06.123456789Z', join(from, 'large')]);
  execFileSync('touch', ['-h', '-d', '2001-02-03T04:05:06.987654321Z', join(from, 'deep/link')]);
  execFileSync('touch', ['-d', '2001-02-03T04:05:06.000000001Z', join(from, 'deep')]);
  chmodSync(join(from, 'sealed'), 0o555);
};

describe('a files target', () => {
  test(
    'restores every type, odd names, modes, hard links and times to the nanosecond',
    { skip: posix === undefined },
    async () =>
      inDirectory(async ({ from, to, source, bring, faults }) => {
        fill(from);
        if (isRoot) {
          chownSync(join(from, 'deep/deeper/file'), 1234, 4321);
          chmodSync(join(from, 'deep/deeper/file'), 0o6751);
          execFileSync('mknod', [join(from, 'null'), 'c', '1', '3']);
          execFileSync('mknod', [join(from, 'disk'), 'b', '7', '200']);
        }
        const { report } = await bring(source());
        assert.deepEqual([report.failed, [...report.notRestored]], [0, []], faults().join());
        assert.deepEqual(listing(to), listing(from));
        const again = await bring(source());
        assert.deepEqual(again.report.written, { files: 0, directories: 0, bytes: 0 });
      }),
  );

  test(
    'restores xattrs and access lists, and removes those that are not in the tree',
    { skip: !hasTools || !isRoot || posix === undefined },
    async () =>
      inDirectory(async ({ from, to, source, bring }) => {
        const named = (directory: string): string[] =>
          ['getfattr -R -d -m - -e hex .', 'getfacl -R -n .'].map((line) => {
            const [tool = '', ...words] = line.split(' ');
            return execFileSync(tool, words, { cwd: directory, encoding: 'latin1' });
          });
        mkdirSync(join(from, 'folder'));
        for (const name of ['file', 'folder/file']) writeFileSync(join(from, name), name);
        execFileSync('setfattr', ['-n', 'user.note', '-v', 'a\tb', join(from, 'file')]);
        execFileSync('setfattr', ['-n', 'user.empty', join(from, 'folder')]);
        execFileSync('setfattr', ['-n', 'trusted.mark', '-v', 'x', join(from, 'file')]);
        execFileSync('setfacl', ['-m', 'u:1234:rw,g:4321:r', join(from, 'file')]);
        execFileSync('setfacl', ['-m', 'u:1234:rwx,d:u:1234:rw', join(from, 'folder')]);
        // What the target would give on by itself.
        execFileSync('setfacl', ['-m', 'd:u:777:rwx', to]);
        await bring(source());
        execFileSync('setfacl', ['-b', to]);
        assert.deepEqual(named(to), named(from));
        execFileSync('setfattr', ['-n', 'user.more', '-v', 'x', join(to, 'folder/file')]);
        const { plan } = await bring(source());
        assert.deepEqual(plan.overwritten, ['folder/file']);
        assert.deepEqual(named(to), named(from));
      }),
  );

  for (const overwrite of ['always', 'if-changed', 'never'] as const) {
    test(`with "${overwrite}" files of all kinds that are in the way are ${overwrite === 'never' ? 'left' : 'replaced, and nothing behind them is touched'}`, async () =>
      inDirectory(async ({ from, to, outside, source, bring, faults }) => {
        const kinds = ['file', 'symlink', 'hard-link', 'fifo', 'directory'] as const;
        for (const kind of kinds) writeFileSync(join(from, kind), 'new');
        mkdirSync(join(from, 'folder'));
        writeFileSync(join(from, 'folder/inner'), 'new');
        writeFileSync(join(outside, 'victim'), 'outside');
        writeFileSync(join(to, 'file'), 'older');
        symlinkSync(join(outside, 'victim'), join(to, 'symlink'));
        linkSync(join(outside, 'victim'), join(to, 'hard-link'));
        execFileSync('mkfifo', [join(to, 'fifo')]);
        mkdirSync(join(to, 'directory'));
        symlinkSync(outside, join(to, 'folder'));
        const before = listing(to);
        const { plan, report } = await bring(source(), { overwrite });
        assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'outside');
        assert.deepEqual(readdirSync(outside), ['victim']);
        if (overwrite === 'never') {
          assert.deepEqual(listing(to), before);
          assert.deepEqual([report.failed, report.left.files], [0, 6]);
          return;
        }
        assert.deepEqual(
          plan.refusals.map(({ path, fault }) => `${path}: ${fault.code}`),
          ['directory: target-occupied'],
        );
        assert.deepEqual(plan.overwritten.toSorted(), ['fifo', 'file', 'folder', 'hard-link', 'symlink']);
        assert.equal(report.failed, 1, faults().join());
        for (const kind of ['file', 'symlink', 'hard-link', 'fifo', 'folder/inner']) {
          assert.ok(lstatSync(join(to, kind)).isFile());
          assert.equal(readFileSync(join(to, kind), 'utf8'), 'new');
        }
      }));
  }

  test('metadata of a file with another name outside is not changed in place', async () =>
    inDirectory(async ({ from, to, outside, source, bring }) => {
      writeFileSync(join(from, 'file'), 'same', { mode: 0o644 });
      writeFileSync(join(outside, 'victim'), 'same', { mode: 0o600 });
      utimesSync(join(from, 'file'), 1.6e9, 1.6e9);
      utimesSync(join(outside, 'victim'), 1.6e9, 1.6e9);
      linkSync(join(outside, 'victim'), join(to, 'file'));
      await bring(source());
      assert.equal(statSync(join(outside, 'victim')).mode & 0o777, 0o600);
      assert.equal(statSync(join(to, 'file')).mode & 0o777, 0o644);
    }));

  test('a symlink that a hostile tree writes through is never followed, whichever comes first', async () =>
    inDirectory(async ({ outside, to, bring }) => {
      const source = createMemorySource(memoryDirectory({ door: memorySymlink(outside) }));
      await bring(source);
      for (const overwrite of ['always', 'never'] as const) {
        await bring(createMemorySource(memoryDirectory({ door: memoryDirectory({ file: memoryFile('through') }) })), {
          overwrite: 'never',
        });
        assert.deepEqual(readdirSync(outside), []);
        await bring(bothDoors(outside), { overwrite });
        assert.deepEqual(readdirSync(outside), []);
      }
      assert.ok(lstatSync(join(to, 'door')).isDirectory());
    }));

  test('a directory that becomes a symlink while we restore is not followed', async () =>
    inDirectory(async ({ outside, to, target, run }) => {
      const names = Array.from({ length: 40 }, (_, at) => String(at).padStart(2, '0'));
      const tree = memoryDirectory({
        a: memoryDirectory(Object.fromEntries(names.map((name) => [name, memoryFile('x'.repeat(100))]))),
      });
      const inner = createMemorySource(tree);
      let deliveries = 0;
      const source: Source = {
        ...inner,
        read: async function* (requests, pieces, run) {
          for await (const delivery of inner.read(requests, pieces, run)) {
            if (++deliveries === 20) {
              execFileSync('mv', [join(to, 'a'), join(to, 'moved')]);
              symlinkSync(outside, join(to, 'a'));
            }
            yield delivery;
          }
        },
      };
      const opened = target();
      await opened.apply(await opened.plan(source, run), source, run);
      assert.deepEqual(readdirSync(outside), []);
    }));

  for (const overwrite of ['always', 'never'] satisfies Overwrite[]) {
    test(`what appears after the plan was made is not overwritten, with "${overwrite}"`, async () =>
      inDirectory(async ({ to, target, run, faults }) => {
        const source = createMemorySource(
          memoryDirectory({ a: memoryFile('new'), b: memoryFile('new'), l: memorySymlink('x') }),
        );
        const opened = target({ overwrite });
        const plan = await opened.plan(source, run);
        writeFileSync(join(to, 'a'), 'came between');
        writeFileSync(join(to, 'l'), 'came between');
        const report = await opened.apply(plan, source, run);
        assert.equal(report.failed, 2);
        assert.deepEqual(faults().toSorted(), ['a: target-occupied', 'l: target-occupied']);
        assert.equal(readFileSync(join(to, 'a'), 'utf8'), 'came between');
        assert.equal(readFileSync(join(to, 'b'), 'utf8'), 'new');
      }));
  }

  test('temporary files of a killed restore are removed, those of a living one and other files are not', async () =>
    inDirectory(async ({ to, bring }) => {
      const alive = `.mailkeep-restore-${process.pid}-abc-1`;
      // Linux gives no process a number this high.
      for (const name of ['.mailkeep-restore-4194999-abc-1', alive, '.mailkeep-restore-mine'])
        writeFileSync(join(to, name), '');
      await bring(createMemorySource(memoryDirectory({ a: memoryFile('new') })));
      assert.deepEqual(readdirSync(to).toSorted(), [alive, '.mailkeep-restore-mine', 'a'].toSorted());
    }));

  test('only what the filter asks for is restored, with the directories on the way', async () =>
    inDirectory(async ({ from, to, source, bring }) => {
      fill(from);
      const { plan } = await bring(source(), { filter: (path) => path.endsWith('deeper/file') });
      assert.deepEqual([plan.create.files, plan.create.directories], [1, 2]);
      assert.deepEqual(readdirSync(to, { recursive: true, encoding: 'utf8' }).toSorted(), [
        'deep',
        'deep/deeper',
        'deep/deeper/file',
      ]);
    }));

  test('sparse files take no room for their zeros', async () =>
    inDirectory(async ({ to, bring }) => {
      const content = new Uint8Array(4_000_000);
      content.fill(1, 1_000_000, 1_000_100);
      await bring(createMemorySource(memoryDirectory({ image: memoryFile(content) })), { sparse: true });
      assert.deepEqual(new Uint8Array(readFileSync(join(to, 'image'))), content);
      assert.ok(statSync(join(to, 'image')).blocks < 100);
    }));

  test('a target that cannot be made a directory is refused', async () =>
    inDirectory(async ({ root, target, run }) => {
      writeFileSync(join(root, 'file'), '');
      const source = createMemorySource(memoryDirectory({ a: memoryFile('a') }));
      const opened = target({ directory: byteStringOfText(join(root, 'file')) });
      await assert.rejects(async () => opened.plan(source, run), { code: 'target-occupied' });
      assert.ok(statSync(join(root, 'file')).isFile());
    }));
});

describe('a files target for an ordinary user', { skip: !isRoot }, () => {
  const tree = (metadata: Partial<Metadata>): MemoryDirectory =>
    memoryDirectory({
      file: memoryFile('x', { metadata }),
      sealed: memoryDirectory({ inner: memoryFile('y') }, { metadata: { mode: 0o500 } }),
    });

  test('owners, devices and setuid that it may not give are counted by kind, and the rest is restored', async () =>
    inDirectory(async ({ to, bring, faults }) => {
      chmodSync(to, 0o777);
      becomeOrdinary();
      const attributes = ['trusted.mark', 'user.note'].map((name) => ({
        name: byteStringOfLatin1(name),
        value: new Uint8Array([1]),
      }));
      const children = tree({ mode: 0o4755, extendedAttributes: attributes }).children;
      const device = { kind: 'other', metadata: { type: 'character-device', device: 259n } } as const;
      const source = createMemorySource(memoryDirectory({ ...children, device }));
      const { report } = await bring(source, { asRoot: false });
      assert.equal(report.failed, 0, faults().join());
      const lost = Object.fromEntries(report.notRestored);
      const without = posix === undefined ? { nanoseconds: 3 } : {};
      assert.deepEqual(lost, { owner: 3, setuid: 1, xattr: 1, device: 1, ...without });
      assert.equal(statSync(join(to, 'file')).mode & 0o7777, 0o755);
      assert.equal(existsSync(join(to, 'device')), false);
      const again = await bring(source, { asRoot: false });
      assert.deepEqual(again.report.written, { files: 0, directories: 0, bytes: 0 });
    }));

  test('a directory that its owner may not write is filled and sealed again', async () =>
    inDirectory(async ({ to, bring, faults }) => {
      chmodSync(to, 0o777);
      becomeOrdinary();
      await bring(createMemorySource(tree({})), { asRoot: false });
      const changed = memoryDirectory({
        sealed: memoryDirectory({ inner: memoryFile('changed') }, { metadata: { mode: 0o500 } }),
      });
      const { report } = await bring(createMemorySource(changed), { asRoot: false });
      assert.equal(report.failed, 0, faults().join());
      assert.equal(readFileSync(join(to, 'sealed/inner'), 'utf8'), 'changed');
      assert.equal(statSync(join(to, 'sealed')).mode & 0o777, 0o500);
    }));

  test('what it may not write is one failure each and does not end the restore', async () =>
    inDirectory(async ({ to, bring, faults }) => {
      mkdirSync(join(to, 'sealed'), { mode: 0o755 });
      chmodSync(to, 0o777);
      becomeOrdinary();
      const { report } = await bring(createMemorySource(tree({})), { asRoot: false });
      assert.deepEqual(faults(), ['sealed/inner: permission-denied']);
      assert.equal(report.failed, 1);
      assert.equal(report.notRestored.get('mode'), 1);
      assert.equal(readFileSync(join(to, 'file'), 'utf8'), 'x');
    }));
});

/** A tree that names `door` twice: a directory with a file in it, and a symlink. */
const bothDoors = (outside: string): Source => {
  const inner = createMemorySource(memoryDirectory({ door: memoryDirectory({ file: memoryFile('through') }) }));
  const other = createMemorySource(memoryDirectory({ door: memorySymlink(outside) }));
  return {
    ...inner,
    capture: async function* (base, run): AsyncGenerator<CapturedDirectory, void> {
      for await (const directory of inner.capture(base, run)) if (directory.path.length > 0) yield directory;
      for await (const { path, metadata, listing } of other.capture(base, run)) {
        if (listing.kind !== 'listed') continue;
        yield { path, metadata, listing: { kind: 'listed', pages: withDirectory(listing.pages) } };
      }
    },
  };
};

async function* withDirectory(pages: AsyncIterable<readonly Child[]>): AsyncGenerator<readonly Child[], void> {
  for await (const page of pages)
    yield page.flatMap((child) => [{ kind: 'directory', name: byteStringOfText('door') }, child]);
}
