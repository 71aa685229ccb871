import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isFault } from '../model/fault.ts';
import { baseOf, nameOf, pathOf, recordCapture, type RecordedCapture } from './recorded-capture.ts';
import type { Run } from './run.ts';
import type { Base, Delivery, FreshChild, ReadRequest, Source, Verdict } from './source.ts';
import { createTestRun, type TestRun } from './test-run.ts';

/** Files are their text. */
export interface SuiteTree {
  readonly [name: string]: string | SuiteTree | SuiteLink;
}

export interface SuiteLink {
  readonly linkTo: string;
}

/** A place where the suite can bring trees about and look at them through the source. */
export interface SourceFixture {
  /** Where in the source the tree lies, such as `tmp/a1b2`; '' for the root. */
  readonly prefix: string;
  /** Brings the tree about; what is equal to the one before stays untouched. */
  place(tree: SuiteTree): Promise<void>;
  open(): Source;
  /** From now on this entry or directory cannot be read. */
  makeUnreadable(path: string): Promise<void>;
  /** From now on reading this file ends with `gone`, and there is no other place where it could be. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Its content is `text`, or it leads there. */
const isLink = (node: SuiteTree | SuiteLink): node is SuiteLink => typeof node['linkTo'] === 'string';

const mixed: SuiteTree = {
  a: { b: { 'deep.txt': 'deep', 'other.txt': 'other' }, empty: {} },
  'a.b': 'sorted after a-b and before a/ would be',
  'a-b': 'x',
  ab: '',
  Z: 'upper case first',
  é: 'two bytes',
  日本: { 語: 'three bytes' },
  link: { linkTo: 'a/b/deep.txt' },
  'large.bin': 'mail '.repeat(60_000),
};

const pathsOf = (tree: SuiteTree, prefix = ''): string[] =>
  Object.entries(tree).flatMap(([name, node]) => {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    return typeof node === 'string' || isLink(node) ? [path] : [path, ...pathsOf(node, path)];
  });

const textsOf = (tree: SuiteTree, prefix = ''): Map<string, string> =>
  new Map(
    Object.entries(tree).flatMap(([name, node]): [string, string][] => {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      if (typeof node === 'string') return [[path, node]];
      return isLink(node) ? [] : [...textsOf(node, path)];
    }),
  );

/** One fixture and one run, with the paths of the suite's own tree. */
class Session {
  readonly fixture: SourceFixture;
  readonly run: TestRun = createTestRun();

  constructor(fixture: SourceFixture) {
    this.fixture = fixture;
  }

  at(path: string): string {
    return [this.fixture.prefix, path].filter((part) => part !== '').join('/');
  }

  async capture(base?: Base): Promise<RecordedCapture> {
    const source = this.fixture.open();
    try {
      return await recordCapture(source, base, this.run);
    } finally {
      await source.close();
    }
  }

  async base(recording: RecordedCapture, held?: (path: string) => boolean): Promise<Base> {
    const scannedAt = this.run.now();
    return baseOf(recording, held === undefined ? { scannedAt } : { scannedAt, held }, this.run);
  }

  child(recording: RecordedCapture, path: string) {
    const child = recording.child(bytesOfText(this.at(path)));
    assert.ok(child !== undefined, `${path} is listed`);
    return child;
  }

  fresh(recording: RecordedCapture, path: string): FreshChild {
    const child = this.child(recording, path);
    assert.equal(child.kind, 'fresh', `${path} is fresh`);
    assert.ok(child.kind === 'fresh');
    return child;
  }
}

const bytesOfText = (text: string): string => Buffer.from(text).toString('latin1');

interface ReadResult {
  readonly texts: readonly string[];
  readonly verdicts: readonly Verdict[];
}

/** Reads strictly: every piece in order and without gaps, one verdict each, and buffers that are ours to give away. */
export const readStrictly = async (source: Source, requests: readonly ReadRequest[], run: Run): Promise<ReadResult> => {
  const parts: Buffer[][] = requests.map(() => []);
  const positions = requests.map(() => 0);
  const verdicts: (Verdict | undefined)[] = requests.map(() => undefined);
  for await (const delivery of source.read(requests, 'in-order', run)) {
    for (const { request, position, start, length } of delivery.pieces) {
      assert.equal(verdicts[request], undefined, 'no piece comes after its verdict');
      assert.equal(position, positions[request], 'pieces follow one another');
      assert.ok(start >= 0 && length >= 0 && start + length <= delivery.bytes.length, 'a piece lies in the bytes');
      positions[request] = position + length;
      parts[request]?.push(Buffer.from(delivery.bytes.subarray(start, start + length)));
    }
    for (const { request, verdict } of delivery.verdicts) {
      assert.equal(verdicts[request], undefined, 'there is one verdict');
      verdicts[request] = verdict;
    }
    giveAway(delivery);
  }
  return {
    texts: parts.map((buffers) => Buffer.concat(buffers).toString()),
    verdicts: verdicts.map((verdict) => {
      assert.ok(verdict !== undefined, 'every request has its verdict');
      return verdict;
    }),
  };
};

/** As when a thread takes it: the sender cannot use these bytes any more. */
const giveAway = ({ bytes }: Delivery): void => {
  assert.ok(bytes.buffer instanceof ArrayBuffer);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
};

type Open = (tree: SuiteTree) => Promise<Session>;

/** What every source keeps. `make` gives a new place for each test. */
export const sourceSuite = (name: string, make: () => Promise<SourceFixture>): void => {
  const trying = (what: string, work: (open: Open) => Promise<void>): void => {
    test(what, async () => {
      const fixture = await make();
      try {
        await work(async (tree) => {
          await fixture.place(tree);
          return new Session(fixture);
        });
      } finally {
        await fixture.close();
      }
    });
  };
  describe(`the source contract: ${name}`, () => {
    testOrder(trying);
    testSameness(trying);
    testFailures(trying);
    testUnreadableFile(trying);
    testReading(trying);
    testDigests(trying);
    testCancelling(trying);
  });
};

type Trying = (what: string, work: (open: Open) => Promise<void>) => void;

const testOrder = (trying: Trying): void => {
  trying('everything is listed once, in byte order, children first and the root last', async (open) => {
    const session = await open(mixed);
    const recording = await session.capture();
    const prefix = bytesOfText(session.fixture.prefix);
    const below = recording.paths().filter((path) => prefix === '' || path.startsWith(`${prefix}/`));
    const expected = pathsOf(mixed).map((path) => bytesOfText(session.at(path)));
    assert.deepEqual(below.toSorted(), expected.toSorted());
    assert.equal([...recording.directories.keys()].at(-1), '');
    assert.equal(recording.directories.get('')?.metadata, undefined);
  });

  trying('entries say what they are', async (open) => {
    const session = await open(mixed);
    const recording = await session.capture();
    const deep = session.fresh(recording, 'a/b/deep.txt');
    assert.equal(deep.entry.type, 'file');
    assert.equal(deep.entry.size, 4);
    assert.equal(deep.action, 'new');
    const link = session.fresh(recording, 'link');
    assert.equal(link.entry.type, 'symlink');
    assert.equal(link.entry.linkTarget, 'a/b/deep.txt');
    assert.equal(link.entry.size, 0);
    assert.equal(link.content.kind, 'none');
    assert.equal(recording.directories.get(session.at('a/empty'))?.metadata?.type, 'directory');
  });

  trying('a tree with many entries comes in pages of which none is empty', async (open) => {
    const many = Object.fromEntries(Array.from({ length: 2500 }, (_, at) => [`message ${String(at)}`, '']));
    const session = await open({ many });
    const source = session.fixture.open();
    let children = 0;
    for await (const { listing } of source.capture(undefined, session.run)) {
      assert.ok(listing.kind === 'listed');
      for await (const page of listing.pages) {
        assert.ok(page.length > 0);
        children += page.filter((child) => nameOf(child).startsWith('message ')).length;
      }
    }
    assert.equal(children, 2500);
    await source.close();
  });
};

const testSameness = (trying: Trying): void => {
  trying('against a base of the same, nothing is fresh', async (open) => {
    const session = await open(mixed);
    const base = await session.base(await session.capture());
    const again = await session.capture(base);
    for (const path of pathsOf(mixed)) {
      const { kind } = session.child(again, path);
      assert.ok(kind === 'same' || kind === 'directory', `${path} is ${kind}`);
    }
  });

  trying('new, changed, removed and turned entries are told apart, and the rest stays the same', async (open) => {
    const session = await open({ kept: 'k', edited: '1', removed: 'r', turned: 'a file', folder: { in: 'i' } });
    const base = await session.base(await session.capture());
    await session.fixture.place({ kept: 'k', edited: '22', added: 'a', turned: { in: 't' }, folder: 'a file' });
    const again = await session.capture(base);
    assert.equal(session.child(again, 'kept').kind, 'same');
    assert.equal(session.fresh(again, 'edited').action, 'changed');
    assert.equal(session.fresh(again, 'added').action, 'new');
    assert.equal(session.child(again, 'turned').kind, 'directory');
    assert.equal(session.fresh(again, 'turned/in').action, 'new');
    assert.equal(session.fresh(again, 'folder').action, 'changed');
    assert.equal(again.child(session.at('removed')), undefined);
  });

  trying('what the store no longer holds is delivered again', async (open) => {
    const session = await open({ kept: 'k', lost: 'l' });
    const base = await session.base(await session.capture(), (path) => !path.endsWith('lost'));
    const again = await session.capture(base);
    assert.equal(session.child(again, 'kept').kind, 'same');
    assert.equal(session.child(again, 'lost').kind, 'fresh');
  });
};

const testFailures = (trying: Trying): void => {
  trying(
    'a directory that cannot be read is carried from the base with its fault: failure is not deletion',
    async (open) => {
      const session = await open({ secret: { in: 's' }, open: 'o' });
      const base = await session.base(await session.capture());
      await session.fixture.makeUnreadable('secret');
      const again = await session.capture(base);
      const listing = again.directories.get(session.at('secret'))?.listing;
      assert.ok(listing?.kind === 'carried');
      assert.deepEqual(listing.base?.path, pathOf(session.at('secret')));
      assert.ok(isFault(listing.fault));
      assert.equal(session.child(again, 'secret').kind, 'directory');
      assert.equal(session.child(again, 'open').kind, 'same');
    },
  );

  trying('without a base, a directory that cannot be read is there, empty, with its fault', async (open) => {
    const session = await open({ secret: { in: 's' }, open: 'o' });
    await session.fixture.makeUnreadable('secret');
    const recording = await session.capture();
    const listing = recording.directories.get(session.at('secret'))?.listing;
    assert.ok(listing?.kind === 'carried');
    assert.equal(listing.base, undefined);
    assert.equal(session.child(recording, 'open').kind, 'fresh');
  });
};

const testUnreadableFile = (trying: Trying): void => {
  trying('a file that cannot be read is carried, or its reading fails: never an empty file', async (open) => {
    const session = await open({ secret: 's', open: 'o' });
    await session.fixture.makeUnreadable('secret');
    const recording = await session.capture();
    const child = session.child(recording, 'secret');
    assert.equal(session.child(recording, 'open').kind, 'fresh');
    if (child.kind === 'carried') return;
    assert.ok(child.kind === 'fresh');
    const { verdicts } = await readStrictly(session.fixture.open(), [child], session.run);
    assert.equal(verdicts[0]?.kind, 'failed');
  });
};

const testReading = (trying: Trying): void => {
  trying('every byte is delivered, in order, with one verdict for each request', async (open) => {
    const session = await open(mixed);
    const recording = await session.capture();
    const texts = textsOf(mixed);
    const requests = [...texts.keys()].map((path) => session.fresh(recording, path));
    const source = session.fixture.open();
    const read = await readStrictly(source, requests, session.run);
    assert.deepEqual(read.texts, [...texts.values()]);
    for (const [at, verdict] of read.verdicts.entries()) {
      assert.deepEqual(verdict, { kind: 'complete', bytes: requests[at]?.entry.size });
    }
    await source.close();
  });

  trying('no requests deliver nothing', async (open) => {
    const session = await open({});
    const source = session.fixture.open();
    assert.deepEqual(await readStrictly(source, [], session.run), { texts: [], verdicts: [] });
    await source.close();
  });

  trying('a file that is gone says so, the others are read, and relocate knows no other place', async (open) => {
    const session = await open({ gone: 'g', stays: 's' });
    const recording = await session.capture();
    const requests = [session.fresh(recording, 'gone'), session.fresh(recording, 'stays')];
    await session.fixture.remove('gone');
    const source = session.fixture.open();
    const { verdicts, texts } = await readStrictly(source, requests, session.run);
    assert.deepEqual(
      verdicts.map(({ kind }) => kind),
      ['gone', 'complete'],
    );
    assert.deepEqual(texts, ['', 's']);
    const [gone] = requests;
    assert.ok(gone !== undefined);
    assert.equal(await source.relocate(pathOf(session.fixture.prefix), gone.entry, session.run), undefined);
    await source.close();
  });
};

const testDigests = (trying: Trying): void => {
  trying(
    'digests, where a source tells them, are those of its bytes, and what is gone has a fault instead',
    async (open) => {
      const files = { a: 'one', empty: '', 'large.bin': 'mail '.repeat(300_000), leaving: 'x' };
      const session = await open(files);
      const recording = await session.capture();
      const requests = Object.keys(files).map((path) => session.fresh(recording, path));
      await session.fixture.remove('leaving');
      const source = session.fixture.open();
      try {
        const digests = await source.digests?.(requests, session.run);
        if (digests === undefined) return;
        const [gone] = digests.slice(-1);
        assert.deepEqual(
          digests.slice(0, -1),
          [files.a, files.empty, files['large.bin']].map((text) => hash('sha256', text)),
        );
        assert.ok(isFault(gone, 'entry-vanished'));
      } finally {
        await source.close();
      }
    },
  );
};

const testCancelling = (trying: Trying): void => {
  const rejects = async (work: Promise<unknown>): Promise<void> => {
    await assert.rejects(work, (thrown) => isFault(thrown, 'interrupted'));
  };
  trying('an aborted run captures and reads nothing', async (open) => {
    const session = await open(mixed);
    const recording = await session.capture();
    const request = session.fresh(recording, 'large.bin');
    session.run.abort();
    await rejects(session.capture());
    await rejects(readStrictly(session.fixture.open(), [request], session.run));
  });

  trying('a capture ends soon after the run is aborted', async (open) => {
    const folders = Array.from({ length: 30 }, (_, at): [string, SuiteTree] => [`folder ${String(at)}`, { in: 'i' }]);
    const session = await open(Object.fromEntries(folders));
    let captured = 0;
    const work = async (): Promise<void> => {
      for await (const { listing } of session.fixture.open().capture(undefined, session.run)) {
        if (listing.kind === 'listed') await Array.fromAsync(listing.pages);
        captured++;
        if (captured === 3) session.run.abort();
      }
    };
    await rejects(work());
    assert.ok(captured < 30);
  });
};
