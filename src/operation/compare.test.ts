import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CapturedDirectory, Source } from '../contract/source.ts';
import { createTestRun } from '../contract/test-run.ts';
import { Fault, isFault } from '../model/fault.ts';
import type { Difference } from '../model/compare.ts';
import {
  createMemorySource,
  type MemoryDirectory,
  memoryDirectory,
  memoryFile,
  type MemoryNode,
  memorySymlink,
} from '../protocol/memory/source.ts';
import { compare, type CompareOptions } from './compare.ts';

const everything: CompareOptions = { metadata: true, contents: 'read' };

const differences = async (left: Source, right: Source, options = everything): Promise<Difference[]> =>
  Array.fromAsync(compare(left, right, options, createTestRun()));

const told = (found: readonly Difference[]): string[] =>
  found.map((difference) => {
    const fields = difference.kind === 'metadata' ? ` ${difference.fields.join()}` : '';
    return `${difference.kind} ${difference.path}${fields}`;
  });

const between = async (left: MemoryDirectory, right: MemoryDirectory, options = everything): Promise<string[]> =>
  told(await differences(createMemorySource(left), createMemorySource(right), options)).sort();

describe('compare', () => {
  test('tells nothing of equal trees', async () => {
    const tree = memoryDirectory({ a: memoryDirectory({ b: memoryFile('b') }), c: memorySymlink('a') });
    assert.deepEqual(await between(tree, tree), []);
  });

  test('tells what was added, removed or changed in content, kind or each field of metadata', async () => {
    const left = memoryDirectory({
      content: memoryFile('one'),
      fields: memoryFile('x', { metadata: { mode: 0o600 } }),
      folder: memoryDirectory({}, { metadata: { mode: 0o700 } }),
      kind: memoryFile('x'),
      link: memorySymlink('one'),
      old: memoryDirectory({ inner: memoryFile('x') }),
    });
    const right = memoryDirectory({
      content: memoryFile('two'),
      fields: memoryFile('x', { metadata: { mode: 0o640, uid: 7, gid: 8, mtime: 9n } }),
      folder: memoryDirectory({}),
      kind: memorySymlink('x'),
      link: memorySymlink('two'),
      newer: memoryDirectory({ inner: memoryFile('x') }),
    });
    assert.deepEqual(await between(left, right), [
      'added newer',
      'added newer/inner',
      'content content',
      'content link',
      'metadata fields mode,mtime,uid,gid',
      'metadata folder mode',
      'removed old',
      'removed old/inner',
      'type kind',
    ]);
    const coarse = { metadata: false, contents: 'none' } as const;
    assert.ok(!(await between(left, right, coarse)).some((line) => /^metadata|content content/.test(line)));
  });

  test('a directory that became a file is removed, and the file is added', async () => {
    const [folder, file] = [
      memoryDirectory({ a: memoryDirectory({ x: memoryFile('') }) }),
      memoryDirectory({ a: memoryFile('') }),
    ];
    assert.deepEqual(await between(folder, file), ['added a', 'removed a', 'removed a/x']);
    assert.deepEqual(await between(file, folder), ['added a', 'added a/x', 'removed a']);
  });

  test('what could not be looked at is unknown, neither equal nor removed', async () => {
    const fault = new Fault('entry-unreadable', 'for the test');
    const left = memoryDirectory({
      a: memoryFile('x'),
      b: memoryDirectory({ c: memoryFile('x') }),
      d: memoryFile('x'),
    });
    const right = memoryDirectory({
      a: memoryFile('x', { fault }),
      b: memoryDirectory({}, { fault }),
      d: memoryFile('x', { ending: 'failed' }),
    });
    assert.deepEqual(await between(left, right), ['unknown a', 'unknown b', 'unknown d']);
    const below = memoryDirectory({ b: memoryDirectory({ c: memoryDirectory({ d: memoryFile('x') }) }) });
    assert.deepEqual(await between(below, memoryDirectory({ b: memoryDirectory({}, { fault }) })), ['unknown b']);
    assert.deepEqual(await between(below, memoryDirectory({ b: memoryFile('', { fault }) })), ['unknown b']);
  });

  test('what a platform could not hold is overlooked when it is named', async () => {
    const left = memoryDirectory({ a: memoryFile('x', { metadata: { mode: 0o4755, mtime: 1_000_000_000n } }) });
    const right = memoryDirectory({ a: memoryFile('x', { metadata: { mode: 0o755, mtime: 1_000_000_119n, uid: 0 } }) });
    const overlooked = new Set(['owner', 'setuid', 'nanoseconds']);
    assert.deepEqual(await between(left, right, { ...everything, overlooked }), []);
    assert.deepEqual(await between(left, right), ['metadata a mode,mtime,uid']);
  });

  test('with "digest" only what the callback does not know is read', async () => {
    const names = ['a', 'b', 'c'];
    const tree = (text: string) => memoryDirectory(Object.fromEntries(names.map((name) => [name, memoryFile(text)])));
    let asked = 0;
    const answers = [true, false, undefined];
    const sameContent = (): boolean | undefined => answers[asked++];
    const found = await between(tree('one'), tree('two'), { metadata: false, contents: 'digest', sameContent });
    assert.deepEqual(found, ['content b', 'content c']);
  });

  test('what a source knows the digest of is not read for it, and what has none in the end is unknown', async () => {
    const tree = memoryDirectory({ a: memoryFile('one'), b: memoryFile('two'), c: memoryFile('xyz') });
    const fault = new Fault('entry-unreadable', 'for the test');
    const known: Source = {
      ...createMemorySource(tree),
      read: () => assert.fail('it was read'),
      digests: async (requests) =>
        requests.map(({ entry }) => {
          if (entry.name === 'c') return fault;
          return hash('sha256', entry.name === 'a' ? 'one' : 'other');
        }),
    };
    assert.deepEqual(told(await differences(known, createMemorySource(tree))), ['content b', 'unknown c']);
    assert.deepEqual(told(await differences(createMemorySource(tree), known)), ['content b', 'unknown c']);
  });

  test('a Maildir is compared although its new is walked before its cur', async () => {
    const tree = memoryDirectory({
      box: memoryDirectory({
        cur: memoryDirectory({ a: memoryFile('x'), sub: memoryDirectory({}) }),
        new: memoryDirectory({ b: memoryFile('x'), sub: memoryDirectory({}) }),
        tmp: memoryDirectory({}),
      }),
    });
    const inner = createMemorySource(tree);
    const swapped: Source = { ...inner, capture: (base, run) => newFirst(inner.capture(base, run)) };
    assert.deepEqual(told(await differences(swapped, inner)), []);
    assert.deepEqual(told(await differences(inner, swapped)), []);
  });

  test('a source that is walked in another order is a defect, not a difference', async () => {
    const inner = createMemorySource(memoryDirectory({ a: memoryDirectory({}), b: memoryDirectory({}) }));
    const backwards: Source = { ...inner, capture: (base, run) => reversed(inner.capture(base, run)) };
    await assert.rejects(differences(inner, backwards), (thrown: unknown) => isFault(thrown, 'internal'));
  });

  test('for any two trees it tells what a comparison of their paths tells', async () => {
    const name = fc.constantFrom('a', 'a.b', 'a-b', 'b', 'new', 'cur', 'é');
    const { node } = fc.letrec<{ node: MemoryNode }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('x', 'y', 'long').map((text) => memoryFile(text)),
        fc.dictionary(name, tie('node'), { maxKeys: 4 }).map((children) => memoryDirectory(children)),
      ),
    }));
    const tree = fc.dictionary(name, node, { maxKeys: 5 }).map((children) => memoryDirectory(children));
    await fc.assert(
      fc.asyncProperty(tree, tree, async (left, right) => {
        assert.deepEqual(await between(left, right), expected(pathsOf(left), pathsOf(right)));
      }),
      { numRuns: 200 },
    );
  });
});

/** Path to what is there: 'directory' or the file's text. */
const pathsOf = (tree: MemoryDirectory, prefix = ''): Map<string, string> =>
  new Map(
    Object.entries(tree.children).flatMap(([name, node]): [string, string][] => {
      const path = Buffer.from(`${prefix}${name}`).toString('latin1');
      if (node.kind === 'directory') return [[path, 'directory'], ...pathsOf(node, `${prefix}${name}/`)];
      return [[path, node.kind === 'file' ? `file ${new TextDecoder().decode(node.content)}` : 'other']];
    }),
  );

const expected = (left: Map<string, string>, right: Map<string, string>): string[] =>
  [...new Set([...left.keys(), ...right.keys()])]
    .flatMap((path) => {
      const [ours, theirs] = [left.get(path), right.get(path)];
      if (ours === theirs) return [];
      if (ours === undefined) return [`added ${path}`];
      if (theirs === undefined) return [`removed ${path}`];
      if (ours === 'directory' || theirs === 'directory') return [`removed ${path}`, `added ${path}`];
      return [`content ${path}`];
    })
    .sort();

async function* newFirst(walk: AsyncIterable<CapturedDirectory>): AsyncGenerator<CapturedDirectory, void> {
  const all = await Array.fromAsync(walk);
  const has = (name: string) => (directory: CapturedDirectory) => directory.path.some((part) => part === name);
  yield* all.filter(has('new'));
  yield* all.filter(has('cur'));
  yield* all.filter((directory) => !has('new')(directory) && !has('cur')(directory));
}

async function* reversed(walk: AsyncIterable<CapturedDirectory>): AsyncGenerator<CapturedDirectory, void> {
  const all = await Array.fromAsync(walk);
  yield* all.slice(0, -1).reverse();
  yield* all.slice(-1);
}
