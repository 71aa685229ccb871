import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Difference } from '../model/compare.ts';
import { Fault, isFault } from '../model/fault.ts';
import { compare } from '../operation/compare.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  memoryFile,
  memorySymlink,
} from '../protocol/memory/source.ts';
import type { Source } from './source.ts';
import type { Overwrite, Target } from './target.ts';
import { createTestRun, type TestRun } from './test-run.ts';

/** One empty place, that a target with this policy can be opened on again and again. */
export interface TargetFixture {
  open(overwrite: Overwrite): Target;
  close(): Promise<void>;
}

const large = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) & 0xff);

const tree = (): MemoryDirectory =>
  memoryDirectory({
    a: memoryDirectory({ b: memoryDirectory({ 'deep.txt': memoryFile('deep') }), empty: memoryDirectory({}) }),
    'a.b': memoryFile('a name that sorts between a and a/'),
    empty: memoryFile(''),
    é: memoryFile('two bytes', { metadata: { mode: 0o600 } }),
    large: memoryFile(large),
    link: memorySymlink('a/b/deep.txt'),
    new: memoryDirectory({ message: memoryFile('From: alice@example.com\r\n\r\nHello\r\n') }),
  });

class Session {
  readonly fixture: TargetFixture;
  readonly run: TestRun = createTestRun();

  constructor(fixture: TargetFixture) {
    this.fixture = fixture;
  }

  /** Plans and applies with a target of its own. */
  async bring(source: Source, overwrite: Overwrite = 'if-changed') {
    const target = this.fixture.open(overwrite);
    const plan = await target.plan(source, this.run);
    const report = await target.apply(plan, source, this.run);
    await target.close();
    return { plan, report };
  }

  async differences(source: Source, lost: ReadonlyMap<string, number>): Promise<Difference[]> {
    const options = { metadata: true, contents: 'read', overlooked: new Set(lost.keys()) } as const;
    const target = this.fixture.open('if-changed');
    return Array.fromAsync(compare(source, target, options, this.run));
  }

  faults(): string[] {
    return this.run.events.flatMap((event) => (event.kind === 'fault' ? [`${event.path}: ${event.fault.code}`] : []));
  }
}

type Trying = (what: string, work: (session: Session) => Promise<void>) => void;

const nothing = { files: 0, directories: 0, bytes: 0 };
const all = { files: 6, directories: 4, bytes: 4 + 34 + 9 + 300_000 + 34 + 0 };
const kinds = (differences: readonly Difference[]): string[] =>
  differences.map(({ kind, path }) => `${kind} ${path}`).sort();

/** What every target keeps. `make` gives a new, empty place for each test. */
export const targetSuite = (name: string, make: () => Promise<TargetFixture>): void => {
  const trying: Trying = (what, work) => {
    test(what, async () => {
      const fixture = await make();
      try {
        await work(new Session(fixture));
      } finally {
        await fixture.close();
      }
    });
  };
  describe(`the target contract: ${name}`, () => {
    bringing(trying);
    existing(trying);
    failing(trying);
  });
};

const bringing = (trying: Trying): void => {
  trying('a plan counts what it would do and changes nothing', async (session) => {
    const target = session.fixture.open('always');
    const { create, overwrite, leave, refusals } = await target.plan(createMemorySource(tree()), session.run);
    assert.deepEqual(
      { create: create.files, overwrite, leave, refusals },
      { create: 7, overwrite: nothing, leave: nothing, refusals: [] },
    );
    assert.equal(create.directories, all.directories);
    const before = await session.differences(createMemorySource(memoryDirectory({})), new Map());
    assert.deepEqual(kinds(before), []);
  });

  trying('the inventory equals the source after apply', async (session) => {
    const source = createMemorySource(tree());
    const { plan, report } = await session.bring(source);
    assert.equal(report.failed, 0, session.faults().join());
    assert.deepEqual(report.written, plan.create);
    assert.deepEqual(kinds(await session.differences(source, report.notRestored)), []);
  });

  trying('a second restore finds everything there and writes nothing', async (session) => {
    const source = createMemorySource(tree());
    const first = await session.bring(source);
    const second = await session.bring(source);
    assert.deepEqual(second.plan.create, nothing);
    assert.deepEqual(second.plan.overwrite, nothing);
    assert.deepEqual(second.report.written, nothing);
    assert.deepEqual(second.report.left, first.report.written);
  });

  trying('the same plan applied twice changes nothing the second time', async (session) => {
    const source = createMemorySource(tree());
    const target = session.fixture.open('if-changed');
    const plan = await target.plan(source, session.run);
    await target.apply(plan, source, session.run);
    const second = await target.apply(plan, source, session.run);
    assert.equal(second.failed, 0, session.faults().join());
    assert.deepEqual(kinds(await session.differences(source, second.notRestored)), []);
  });

  trying('a plan that another target made is refused', async (session) => {
    const source = createMemorySource(tree());
    const plan = await session.fixture.open('always').plan(source, session.run);
    await assert.rejects(
      async () => session.fixture.open('always').apply(plan, source, session.run),
      (thrown: unknown) => isFault(thrown, 'usage'),
    );
  });

  trying('progress has totals and reaches them', async (session) => {
    const source = createMemorySource(tree());
    const { plan } = await session.bring(source);
    const last = session.run.events.findLast((event) => event.kind === 'progress');
    assert.ok(last?.kind === 'progress');
    assert.deepEqual([last.files, last.totalFiles], [plan.create.files, plan.create.files]);
    assert.deepEqual([last.bytes, last.totalBytes], [plan.create.bytes, plan.create.bytes]);
  });
};

const older = { mtime: 1_600_000_000_000_000_001n };

const existing = (trying: Trying): void => {
  const before = memoryDirectory({
    'a.b': memoryFile('an older version', { metadata: older }),
    own: memoryFile('only at the target'),
  });

  for (const policy of ['always', 'if-changed'] as const) {
    trying(
      `with "${policy}" what differs is overwritten and named, and what only the target has stays`,
      async (session) => {
        await session.bring(createMemorySource(before));
        const source = createMemorySource(tree());
        const { plan, report } = await session.bring(source, policy);
        assert.deepEqual(plan.overwritten, ['a.b']);
        assert.deepEqual(plan.overwrite, { files: 1, directories: 0, bytes: 34 });
        assert.equal(report.failed, 0, session.faults().join());
        assert.deepEqual(kinds(await session.differences(source, report.notRestored)), ['added own']);
      },
    );
  }

  trying('with "never" what is there stays as it is', async (session) => {
    await session.bring(createMemorySource(before));
    const source = createMemorySource(tree());
    const { plan, report } = await session.bring(source, 'never');
    assert.deepEqual(plan.overwrite, nothing);
    assert.deepEqual(plan.leave, { files: 1, directories: 0, bytes: 34 });
    assert.equal(report.left.files, 1);
    assert.deepEqual(kinds(await session.differences(source, report.notRestored)), ['added own', 'content a.b']);
  });
};

const failing = (trying: Trying): void => {
  trying('what cannot be read is reported with its path and counted, and all else is brought', async (session) => {
    const unreadable = new Fault('tree-damaged', 'for the test');
    const { children } = tree();
    const source = createMemorySource(
      memoryDirectory({
        ...children,
        broken: memoryFile(large, { ending: 'failed' }),
        gone: memoryFile('x', { ending: 'gone' }),
        unlisted: memoryDirectory({}, { fault: unreadable }),
        unseen: memoryFile('x', { fault: unreadable }),
      }),
    );
    const { plan, report } = await session.bring(source);
    assert.deepEqual(plan.refusals.map(({ path }) => path).sort(), ['unlisted', 'unseen']);
    assert.equal(report.failed, 4);
    assert.deepEqual(session.faults().sort().slice(0, 2), ['broken: io-failed', 'gone: entry-vanished']);
    const differences = await session.differences(createMemorySource(tree()), report.notRestored);
    assert.deepEqual(kinds(differences), ['added unlisted']);
  });

  trying('an old file stays when its new content cannot be read', async (session) => {
    const old = createMemorySource(memoryDirectory({ file: memoryFile('old', { metadata: older }) }));
    const { report } = await session.bring(old);
    await session.bring(createMemorySource(memoryDirectory({ file: memoryFile(large, { ending: 'failed' }) })));
    assert.deepEqual(kinds(await session.differences(old, report.notRestored)), []);
  });

  const hostile = ['..', '.', '', '../outside', 'a/b', '/etc/outside', 'zero\0byte'];
  trying('names that could lead outside are refusals of the plan and are not brought', async (session) => {
    const children = Object.fromEntries(hostile.map((name) => [name, memoryFile('escaped')]));
    const source = createMemorySource(memoryDirectory({ ...children, good: memoryFile('good') }));
    const { plan, report } = await session.bring(source);
    assert.deepEqual(plan.refusals.map(({ path }) => path).sort(), hostile.toSorted());
    assert.ok(plan.refusals.every(({ fault }) => fault.code === 'target-unsafe'));
    assert.deepEqual([report.failed, report.written.files], [hostile.length, 1]);
    const only = createMemorySource(memoryDirectory({ good: memoryFile('good') }));
    assert.deepEqual(kinds(await session.differences(only, report.notRestored)), []);
  });

  trying('directories whose names could lead outside are refused with all that is in them', async (session) => {
    const inside = memoryDirectory({ x: memoryFile('escaped') });
    const children = Object.fromEntries(hostile.map((name) => [name, memoryDirectory({ deeper: inside })]));
    const { report } = await session.bring(createMemorySource(memoryDirectory(children)));
    assert.equal(report.written.files, 0);
    const none = createMemorySource(memoryDirectory({}));
    assert.deepEqual(kinds(await session.differences(none, report.notRestored)), []);
  });

  trying(
    'interrupted in the middle it rejects with that fault, and run again it ends as if nothing had been',
    async (session) => {
      const source = createMemorySource(tree(), { deliveryBytes: 1024 });
      const target = session.fixture.open('if-changed');
      const plan = await target.plan(source, session.run);
      const stopping = createTestRun();
      const stopped: Source = {
        ...source,
        read: async function* (requests, pieces, run) {
          let deliveries = 0;
          for await (const delivery of source.read(requests, pieces, run)) {
            if (++deliveries === 100) stopping.abort(new Error('for the test'));
            yield delivery;
          }
        },
      };
      await assert.rejects(target.apply(plan, stopped, stopping), (thrown: unknown) => isFault(thrown, 'interrupted'));
      const { report } = await session.bring(source);
      assert.equal(report.failed, 0, session.faults().join());
      assert.deepEqual(kinds(await session.differences(source, report.notRestored)), []);
    },
  );
};
