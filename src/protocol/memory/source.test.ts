import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordCapture } from '../../contract/recorded-capture.ts';
import {
  readStrictly,
  type SourceFixture,
  sourceSuite,
  type SuiteLink,
  type SuiteTree,
} from '../../contract/source.suite.ts';
import { createTestRun } from '../../contract/test-run.ts';
import { Fault } from '../../model/fault.ts';
import {
  createMemorySource,
  memoryDirectory,
  type MemoryDirectory,
  memoryFile,
  type MemoryFile,
  type MemoryNode,
  memorySymlink,
} from './source.ts';

/** A file whose stamps follow from its content, so that an equal one looks untouched. */
const stampedFile = (text: string): MemoryFile => {
  const sum = Buffer.from(text).reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7);
  return memoryFile(text, { metadata: { mtime: BigInt(sum) } });
};

const isLink = (node: SuiteTree | SuiteLink): node is SuiteLink => typeof node['linkTo'] === 'string';

const memoryTree = (tree: SuiteTree): MemoryDirectory => {
  const children = Object.entries(tree).map(([name, node]): [string, MemoryNode] => {
    if (typeof node === 'string') return [name, stampedFile(node)];
    return [name, isLink(node) ? memorySymlink(node.linkTo) : memoryTree(node)];
  });
  return memoryDirectory(Object.fromEntries(children));
};

/** The tree with the node at the path replaced. */
const replaced = (
  tree: MemoryDirectory,
  path: readonly string[],
  change: (node: MemoryNode) => MemoryNode,
): MemoryDirectory => {
  const [name = '', ...rest] = path;
  const node = tree.children[name];
  assert.ok(node !== undefined, `${name} is there`);
  const child = rest.length === 0 || node.kind !== 'directory' ? change(node) : replaced(node, rest, change);
  return { ...tree, children: { ...tree.children, [name]: child } };
};

const makeFixture = async (): Promise<SourceFixture> => {
  let root = memoryDirectory({});
  return {
    prefix: '',
    place: async (tree) => {
      root = memoryTree(tree);
    },
    open: () => createMemorySource(root, { deliveryBytes: 1000 }),
    makeUnreadable: async (path) => {
      const fault = new Fault('entry-unreadable', `${path} cannot be read`);
      root = replaced(root, path.split('/'), (node) => (node.kind === 'other' ? node : { ...node, fault }));
    },
    remove: async (path) => {
      const name = path.split('/').at(-1) ?? '';
      const node = root.children[name];
      // The requests of the suite hold the file itself as their key.
      if (node?.kind === 'file') Object.assign(node, { ending: 'gone' });
    },
    close: async () => {},
  };
};

sourceSuite('memory', makeFixture);

describe('the memory source', () => {
  test('endings are as ordered, and relocate gives the content that was set', async () => {
    const run = createTestRun();
    const source = createMemorySource(
      memoryDirectory({
        changed: memoryFile('changed!', { ending: 'changed' }),
        failed: memoryFile('failed!!', { ending: 'failed' }),
        gone: memoryFile('gone', { ending: 'gone', relocated: new TextEncoder().encode('found') }),
      }),
    );
    const recording = await recordCapture(source, undefined, run);
    const requests = ['changed', 'failed', 'gone'].map((name) => {
      const child = recording.child(name);
      assert.ok(child?.kind === 'fresh');
      return child;
    });
    const { verdicts, texts } = await readStrictly(source, requests, run);
    assert.deepEqual(
      verdicts.map(({ kind }) => kind),
      ['changed', 'failed', 'gone'],
    );
    assert.deepEqual(texts, ['chan', 'fail', '']);
    const gone = requests[2];
    assert.ok(gone !== undefined);
    const found = await source.relocate([], gone.entry, run);
    assert.ok(found !== undefined);
    assert.deepEqual((await readStrictly(source, [found], run)).texts, ['found']);
  });

  test('an entry that cannot be looked at is carried with its fault', async () => {
    const fault = new Fault('entry-unreadable', 'no');
    const source = createMemorySource(memoryDirectory({ secret: memoryFile('s', { fault }) }));
    const recording = await recordCapture(source, undefined, createTestRun());
    assert.deepEqual(recording.child('secret'), { kind: 'carried', name: 'secret', base: undefined, fault });
  });
});
