import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { baseOf, nameOf, type RecordedCapture, recordCapture } from '../../contract/recorded-capture.ts';
import { readStrictly } from '../../contract/source.suite.ts';
import type { Base, FreshChild } from '../../contract/source.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import { compileFilter } from '../../model/filter.ts';
import { isFault } from '../../model/fault.ts';
import { loadPosix } from '../../system/posix.ts';
import { filterOfPaths } from './capture-context.ts';
import { becomeOrdinary, becomeRoot, placeTree } from './files-fixture.ts';
import { createFilesSource, type FilesSourceOptions } from './files-source.ts';

const posix = await loadPosix();

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'mailkeep-capture-'));
  readonly run: TestRun = createTestRun();

  constructor() {
    chmodSync(this.path, 0o755);
  }

  source(options: Partial<FilesSourceOptions> = {}) {
    return createFilesSource({ posix, paths: [byteStringOfText(this.path)], ...options });
  }

  capture(base?: Base, options: Partial<FilesSourceOptions> = {}): Promise<RecordedCapture> {
    return recordCapture(this.source(options), base, this.run);
  }

  base(recording: RecordedCapture): Promise<Base> {
    return baseOf(recording, { scannedAt: this.run.now() }, this.run);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  child(recording: RecordedCapture, name: string) {
    const child = recording.child(byteStringOfText(this.file(name).slice(1)));
    assert.ok(child !== undefined, `${name} is listed`);
    return child;
  }

  fresh(recording: RecordedCapture, name: string): FreshChild {
    const child = this.child(recording, name);
    assert.ok(child.kind === 'fresh', name);
    return child;
  }

  names(recording: RecordedCapture, name = ''): string[] {
    const listing = recording.directories.get(this.file(name).slice(1))?.listing;
    assert.ok(listing?.kind === 'listed');
    return listing.children.map(nameOf);
  }

  notices(): string[] {
    return this.run.events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));
  }

  [Symbol.dispose](): void {
    becomeRoot();
    rmSync(this.path, { recursive: true, force: true });
  }
}

describe('entries of every kind', () => {
  test('hard links, sparse files, fifos and empty files are kept as what they are', async () => {
    using folder = new Folder();
    writeFileSync(folder.file('one'), 'shared');
    linkSync(folder.file('one'), folder.file('two'));
    writeFileSync(folder.file('sparse'), 'x');
    truncateSync(folder.file('sparse'), 3_000_000);
    writeFileSync(folder.file('empty'), '');
    execFileSync('mkfifo', [folder.file('fifo')]);
    const recording = await folder.capture();
    const [one, two, sparse, fifo] = ['one', 'two', 'sparse', 'fifo'].map((name) => folder.fresh(recording, name));
    assert.ok(one !== undefined && two !== undefined && sparse !== undefined && fifo !== undefined);
    assert.equal(one.entry.inode, two.entry.inode);
    assert.deepEqual([one.entry.links, two.entry.links], [2, 2]);
    assert.equal(sparse.entry.size, 3_000_000);
    assert.deepEqual([fifo.entry.type, fifo.content.kind, fifo.entry.size], ['fifo', 'none', 0]);
    const { texts, verdicts } = await readStrictly(folder.source(), [sparse, fifo, two], folder.run);
    assert.equal(texts[0], `x${'\0'.repeat(2_999_999)}`);
    assert.deepEqual(verdicts[1], { kind: 'complete', bytes: 0 });
    assert.equal(texts[2], 'shared');
  });

  test('a socket is left out, as by restic, and that is said', async () => {
    using folder = new Folder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(folder.file('socket'), resolve));
    const recording = await folder.capture();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(folder.names(recording), []);
    assert.match(folder.notices()[0] ?? '', /^Left out, .*: 1 socket$/);
  });

  test('names of any bytes come in byte order', async () => {
    using folder = new Folder();
    const names = ['\x01', ' ', '-', 'A', 'a', 'a.b', 'é', '\xff\xfe', '\xc3\xa9'].map((name) =>
      byteStringOfLatin1(name),
    );
    for (const name of names) writeFileSync(Buffer.from(`${folder.path}/${name}`, 'latin1'), name, 'latin1');
    const recording = await folder.capture();
    assert.deepEqual(folder.names(recording), names.toSorted());
    const odd = recording.child(`${folder.path.slice(1)}/\xff\xfe`);
    assert.ok(odd?.kind === 'fresh');
    const [verdict] = (await readStrictly(folder.source(), [odd], folder.run)).verdicts;
    assert.deepEqual(verdict, { kind: 'complete', bytes: 2 });
  });

  test('extended attributes are kept', { skip: posix === undefined }, async () => {
    using folder = new Folder();
    writeFileSync(folder.file('f'), '');
    const name = byteStringOfLatin1('user.mailkeep');
    posix?.writeAttribute(byteStringOfText(folder.file('f')), name, Uint8Array.of(1, 2));
    const { entry } = folder.fresh(await folder.capture(), 'f');
    assert.deepEqual(entry.extendedAttributes, [{ name, value: Uint8Array.of(1, 2) }]);
    assert.deepEqual(folder.notices(), []);
  });

  test('without the addon everything else is kept, and what is lost is said once with its count', async () => {
    using folder = new Folder();
    placeTree(folder.path, { a: 'a', b: { c: 'c' } });
    const recording = await folder.capture(undefined, { posix: undefined });
    assert.equal(folder.fresh(recording, 'b/c').entry.extendedAttributes, undefined);
    // The folder's own parents count as well.
    const entries = 4 + folder.path.split('/').length - 2;
    assert.equal(folder.notices().length, 1);
    assert.match(folder.notices()[0] ?? '', new RegExp(`extended attributes.*koffi.*: ${String(entries)} entries$`));
  });
});

describe('what is captured', () => {
  test('a filter leaves out entries and whole directories, and never the given path itself', async () => {
    using folder = new Folder();
    placeTree(folder.path, { kept: 'k', 'a.tmp': 't', cache: { in: 'i' }, sub: { 'b.tmp': 't', c: 'c' } });
    const patterns = ['*.tmp', 'cache'].map(byteStringOfText);
    const [given = ''] = folder.path.split('/').slice(-1);
    const filter = filterOfPaths(compileFilter(patterns));
    const recording = await folder.capture(undefined, { filter });
    assert.deepEqual(folder.names(recording), ['kept', 'sub']);
    assert.deepEqual(folder.names(recording, 'sub'), ['c']);
    const never = await folder.capture(undefined, { filter: (file) => !file.endsWith(given) });
    assert.equal(folder.names(never).length, 4);
  });

  test('a path that is not there is a fault and carried from the base; when all are missing, nothing is captured', async () => {
    using folder = new Folder();
    placeTree(folder.path, { here: 'h', mounted: { mail: 'm' } });
    const paths = ['here', 'mounted/mail'].map((name) => byteStringOfText(folder.file(name)));
    const base = await folder.base(await folder.capture(undefined, { paths }));
    rmSync(folder.file('mounted'), { recursive: true });
    const again = await folder.capture(base, { paths });
    const child = folder.child(again, 'mounted');
    assert.ok(child.kind === 'carried' && child.base?.entry.type === 'directory');
    assert.equal(child.fault.code, 'source-missing');
    rmSync(folder.file('here'));
    await assert.rejects(folder.capture(base, { paths }), (thrown) => isFault(thrown, 'source-missing'));
    assert.throws(
      () => folder.source({ paths: [] }),
      (thrown) => isFault(thrown, 'usage'),
    );
  });

  test('of a given path that is a symbolic link, the link is kept, and that is said', async () => {
    using folder = new Folder();
    placeTree(folder.path, { real: { in: 'i' }, link: { linkTo: 'real' } });
    const recording = await folder.capture(undefined, { paths: [byteStringOfText(folder.file('link'))] });
    assert.equal(folder.fresh(recording, 'link').entry.type, 'symlink');
    assert.match(folder.notices()[0] ?? '', /link is a symbolic link/);
  });

  test('a directory that can be listed but not looked into has all its entries carried', async () => {
    using folder = new Folder();
    placeTree(folder.path, { locked: { file: 'f', sub: { in: 'i' } } });
    const base = await folder.base(await folder.capture());
    chmodSync(folder.file('locked'), 0o744);
    becomeOrdinary();
    const again = await folder.capture(base);
    for (const name of ['locked/file', 'locked/sub']) {
      const child = folder.child(again, name);
      assert.ok(child.kind === 'carried' && child.base !== undefined, name);
      assert.equal(child.fault.code, 'entry-unreadable');
    }
  });

  test('a file that grows or shrinks while it is read says so, and what was read is all there', async () => {
    using folder = new Folder();
    writeFileSync(folder.file('log'), 'a'.repeat(3_000_000));
    const child = folder.fresh(await folder.capture(), 'log');
    let bytes = 0;
    for await (const { pieces, verdicts } of folder.source().read([child], 'in-order', folder.run)) {
      if (bytes === 0) truncateSync(folder.file('log'), 2_000_000);
      for (const { length } of pieces) bytes += length;
      for (const { verdict } of verdicts) assert.deepEqual(verdict, { kind: 'changed', bytes: 2_000_000 });
    }
    assert.equal(bytes, 2_000_000);
  });

  test('a file that became a link or a fifo is not read through', async () => {
    using folder = new Folder();
    placeTree(folder.path, { a: 'a', b: 'b', other: 'secret' });
    const recording = await folder.capture();
    const requests = ['a', 'b'].map((name) => folder.fresh(recording, name));
    rmSync(folder.file('a'));
    symlinkSync('other', folder.file('a'));
    rmSync(folder.file('b'));
    execFileSync('mkfifo', [folder.file('b')]);
    const { verdicts, texts } = await readStrictly(folder.source(), requests, folder.run);
    assert.deepEqual(
      verdicts.map(({ kind }) => kind),
      // The link is asked for again; a fifo can be opened, and is seen to be none.
      ['gone', 'failed'],
    );
    assert.deepEqual(texts, ['', '']);
  });

  test('a file that was replaced by another of its name is found again by relocate', async () => {
    using folder = new Folder();
    writeFileSync(folder.file('f'), 'first');
    const child = folder.fresh(await folder.capture(), 'f');
    rmSync(folder.file('f'));
    writeFileSync(folder.file('f'), 'second');
    const path = folder.path.slice(1).split('/').map(byteStringOfText);
    const source = folder.source();
    const found = await source.relocate(path, child.entry, folder.run);
    assert.ok(found !== undefined);
    assert.deepEqual((await readStrictly(source, [found], folder.run)).texts, ['second']);
  });
});

describe('large directories', () => {
  test('100,000 entries come in order and in pages, and other work goes on meanwhile', async () => {
    using folder = new Folder();
    mkdirSync(folder.file('large'));
    const count = 100_000;
    // Links to one file are quicker to make than files, and the same to list.
    writeFileSync(folder.file('seed'), '');
    let link = '';
    for (let at = 0; at < count; at++) {
      if (at % 50_000 === 0) writeFileSync((link = folder.file(`large/seed ${String(at)}`)), '');
      linkSync(link, folder.file(`large/message ${String(at)}`));
    }
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    const largest: number[] = [];
    let children = 0;
    let last = '';
    for await (const { path, listing } of folder.source().capture(undefined, folder.run)) {
      assert.ok(listing.kind === 'listed');
      for await (const page of listing.pages) {
        if (path.at(-1) !== 'large') continue;
        largest.push(page.length);
        children += page.length;
        for (const child of page) {
          assert.ok(nameOf(child) > last);
          last = nameOf(child);
        }
      }
    }
    clearInterval(clock);
    assert.equal(children, count + 2);
    assert.ok(Math.max(...largest) <= 1000);
    assert.ok(turns > 10);
  });
});
