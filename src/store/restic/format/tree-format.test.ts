import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  byteStringOfBytes,
  byteStringOfLatin1,
  byteStringOfText,
  type ByteString,
} from '../../../model/byte-string.ts';
import type { Entry, EntryType } from '../../../model/entry.ts';
import { isFault } from '../../../model/fault.ts';
import { readTree, readTreePages, subtreesAndContents } from './tree-reader.ts';
import type { TreeNode } from './tree-format.ts';
import { createTreeWriter } from './tree-writer.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const json = (value: string): Uint8Array => new TextEncoder().encode(value);

const write = (nodes: readonly TreeNode[]): Uint8Array => {
  const writer = createTreeWriter();
  for (const node of nodes) writer.add(node);
  return writer.finish();
};

const read = (bytes: Uint8Array): TreeNode[] => {
  const nodes: TreeNode[] = [];
  readTree(bytes, (node) => {
    nodes.push(node);
  });
  return nodes;
};

const plainEntry: Entry = {
  name: byteStringOfText('a'),
  type: 'file',
  mode: 0o644,
  mtime: 1_500_000_000_000_000_000n,
  atime: 1_500_000_000_000_000_000n,
  ctime: 1_500_000_000_120_000_000n,
  uid: 1000,
  gid: 1000,
  user: 'alice',
  group: 'mail',
  inode: 17n,
  deviceId: 0n,
  size: 3,
  links: 1,
};

const utc: TreeNode['offsets'] = [0, 0, 0];
const plainNode: TreeNode = { entry: plainEntry, content: new Uint8Array(32).fill(0xab), subtree: undefined };

const id = 'ab'.repeat(32);
const plainJson =
  '{"nodes":[{"name":"a","type":"file","mode":420,"mtime":"2017-07-14T02:40:00Z","atime":"2017-07-14T02:40:00Z",' +
  '"ctime":"2017-07-14T02:40:00.12Z","uid":1000,"gid":1000,"user":"alice","group":"mail","inode":17,"size":3,' +
  `"links":1,"content":["${id}"]}]}\n`;

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const uint64 = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n));
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const safeInteger = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, Number.MAX_SAFE_INTEGER));
const byteString = fc.uint8Array({ maxLength: 30 }).map(byteStringOfBytes);
const nameOf = (bytes: ByteString): ByteString => byteStringOfLatin1(`n${bytes.replace(/[/\0]/g, '_')}`);
const time = fc.bigInt(-62_000_000_000_000_000_000n, 253_000_000_000_000_000_000n);
const name = fc.string({ unit: 'grapheme', maxLength: 8 });
const type = fc.constantFrom<EntryType>(
  'file',
  'directory',
  'symlink',
  'block-device',
  'character-device',
  'fifo',
  'socket',
  'irregular',
);

const entry: fc.Arbitrary<Entry> = fc.record(
  {
    name: byteString.map(nameOf),
    type,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: time,
    atime: time,
    ctime: time,
    uid: uint32,
    gid: uint32,
    user: name,
    group: name,
    inode: uint64,
    deviceId: uint64,
    size: safeInteger,
    links: safeInteger,
    linkTarget: fc.uint8Array({ minLength: 1, maxLength: 20 }).map(byteStringOfBytes),
    device: fc.bigInt(1n, 2n ** 64n - 1n),
    extendedAttributes: fc.array(
      fc.record(
        {
          name: fc.string({ maxLength: 8 }).map(byteStringOfText),
          value: fc.option(fc.uint8Array({ maxLength: 20 })),
        },
        { noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'name',
      'type',
      'mode',
      'mtime',
      'atime',
      'ctime',
      'uid',
      'gid',
      'user',
      'group',
      'inode',
      'deviceId',
      'size',
      'links',
    ],
  },
);

const passedThrough = fc.constantFrom(
  '"error":"gone"',
  '"generic_attributes":{"windows.file_attributes":32}',
  '"generic_attributes":{},"error":"<","new":[1.5e3,{"a":[]}]',
);

const offset = fc.integer({ min: -1439, max: 1439 });

const treeNode: fc.Arbitrary<TreeNode> = fc.record(
  {
    entry,
    content: fc.option(
      fc.integer({ min: 0, max: 40 }).chain((count) => bytesOf(count * 32)),
      { nil: undefined },
    ),
    subtree: fc.option(bytesOf(32), { nil: undefined }),
    offsets: fc.tuple(offset, offset, offset),
    passedThrough,
  },
  { noNullPrototype: true, requiredKeys: ['entry', 'content', 'subtree', 'offsets'] },
);

const tree = fc
  .uniqueArray(treeNode, { selector: (node) => node.entry.name, maxLength: 8 })
  .map((nodes) => nodes.sort((left, right) => (left.entry.name < right.entry.name ? -1 : 1)));

test('S1: a tree is written as restic writes it', () => {
  assert.equal(text(write([])), '{"nodes":[]}\n');
  assert.equal(text(write([{ ...plainNode, offsets: utc }])), plainJson);
});

test('S1: any nodes come back as they were', () => {
  fc.assert(
    fc.property(tree, (nodes) => {
      const bytes = write(nodes);
      const back = read(bytes);
      assert.deepEqual(
        back.map((node) => ({ ...node, offsets: undefined })),
        nodes.map((node) => ({ ...node, offsets: undefined })),
      );
      assert.equal(text(write(back)), text(bytes));
      assert.deepEqual([...readTreePages(bytes, 3)].flat(), back);
    }),
    { numRuns: 300 },
  );
});

test('S1: the fast pass sees what the whole reading sees', () => {
  fc.assert(
    fc.property(tree, (nodes) => {
      const seen: unknown[] = [];
      subtreesAndContents(write(nodes), {
        node: (reference) => {
          const { content, subtree } = reference;
          seen.push({ ...reference, content: content?.slice(), subtree: subtree?.slice() });
        },
      });
      const expected = nodes.map(({ entry: { name, type, size }, content, subtree }) => ({
        name,
        type,
        size,
        content,
        subtree,
      }));
      assert.deepEqual(seen, expected);
    }),
    { numRuns: 100 },
  );
});

test('S1: a tree in other legal JSON is read the same', () => {
  const parsed: unknown = JSON.parse(plainJson);
  const spaced = JSON.stringify(parsed, undefined, '\t')
    .replaceAll('"size"', '"s\\u0069ze"')
    .replace('"a"', '"\\u0061"');
  assert.deepEqual(
    read(json(`{"x":{"nodes":[]},${spaced.slice(1, -1)},"y":[null,true,-1.5e-3,"\\n"]}`)),
    read(json(plainJson)),
  );
  const reordered = plainJson
    .replace('"name":"a",', '')
    .replace('"links":1', '"links":1,"name":"a","user":null,"acl":null');
  assert.equal(read(json(reordered))[0]?.entry.name, 'a');
  assert.equal(read(json(reordered))[0]?.entry.user, 'alice');
});

test('S1: reading stops when it is told to', () => {
  const nodes = ['a', 'b', 'c'].map((name) => ({
    ...plainNode,
    entry: { ...plainEntry, name: byteStringOfText(name) },
  }));
  const bytes = write(nodes);
  const seen: string[] = [];
  readTree(bytes, ({ entry }) => (seen.push(entry.name) === 2 ? 'stop' : undefined));
  assert.deepEqual(seen, ['a', 'b']);
  subtreesAndContents(bytes, { node: ({ name }) => (seen.push(name) === 3 ? 'stop' : undefined) });
  assert.deepEqual(seen, ['a', 'b', 'a']);
  assert.deepEqual(
    [...readTreePages(bytes, 2)].map((page) => page.length),
    [2, 1],
  );
  assert.deepEqual([...readTreePages(json('{"nodes":[]}'), 2)], []);
});

test('S1: what is no node, name or order cannot be written', () => {
  const refuse = (node: TreeNode, after: readonly TreeNode[] = []): void => {
    const writer = createTreeWriter();
    for (const earlier of after) writer.add(earlier);
    assert.throws(
      () => writer.add(node),
      (thrown) => isFault(thrown, 'tree-damaged'),
    );
  };
  const changed = (change: Partial<Entry>): TreeNode => ({ ...plainNode, entry: { ...plainEntry, ...change } });
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0']) refuse(changed({ name: byteStringOfText(name) }));
  refuse(plainNode, [plainNode]);
  refuse(plainNode, [changed({ name: byteStringOfText('b') })]);
  refuse({ ...plainNode, content: new Uint8Array(31) });
  refuse({ ...plainNode, subtree: new Uint8Array(33) });
  refuse(changed({ uid: -1 }));
  refuse(changed({ gid: 2 ** 32 }));
  refuse(changed({ size: 1.5 }));
  refuse(changed({ links: -1 }));
  refuse(changed({ inode: 2n ** 64n }));
  refuse(changed({ device: -1n }));
});

test('S1: byte order counts, not the order of UTF-16', () => {
  const names = ['a', '\uffee', '\u{1f4e7}'].map(byteStringOfText);
  const nodes = names.map((name) => ({ ...plainNode, entry: { ...plainEntry, name } }));
  assert.deepEqual(
    read(write(nodes)).map(({ entry: { name } }) => name),
    names,
  );
});

test('S3: a damaged tree is a Fault that says where', () => {
  const node = (fields: string): string => `{"nodes":[{${fields}}]}`;
  const named = (fields: string): string => node(`"name":"a","type":"file",${fields}`);
  const damaged = [
    '',
    ' ',
    'null',
    '[]',
    '{}',
    '{"nodes":null}',
    '{"nodes":{}}',
    '{"nodes":[]',
    '{"nodes":[]}x',
    '{"nodes":[],"nodes":[]}',
    '{"nodes":[1]}',
    '{"nodes":[{},]}',
    '{"nodes":[{}]}',
    node('"type":"file"'),
    node('"name":"a"'),
    node('"name":"a","type":"door"'),
    ...['', '.', '..', 'a/b', '\\\\x00', '\\\\q', '\\u0000'].map((name) => node(`"name":"${name}","type":"file"`)),
    named('"mode":-1'),
    named('"mode":4294967296'),
    named('"uid":1.0'),
    named('"uid":1e3'),
    named('"uid":01'),
    named('"uid":"1"'),
    named('"size":9007199254740992'),
    named('"inode":18446744073709551616'),
    named('"inode":000000000000000000000001'),
    named('"mtime":"2017-07-14 02:40:00Z"'),
    named('"mtime":17'),
    named('"content":[""]'),
    named(`"content":["${id}0"]`),
    named(`"content":["${'xy'.repeat(32)}"]`),
    named(`"subtree":"${id.slice(1)}"`),
    named('"linktarget_raw":"=="'),
    named('"extended_attributes":[{"name":"a","value":"*"}]'),
    named('"user":"\\x"'),
    named('"user":"\n"'),
    named(`"new":${'['.repeat(200)}${']'.repeat(200)}`),
    named('"new":tru'),
    named('"new":.5'),
  ];
  for (const text of damaged) {
    assert.throws(
      () => read(json(text)),
      (thrown) => isFault(thrown, 'tree-damaged') && typeof thrown.context === 'object',
      text.slice(0, 100),
    );
  }
});

test('S3: a mutated tree gives nodes or a Fault, never anything else', () => {
  const mutation = fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'{}[]",:\\0e-.nx\x00\xff'.split('')));
  fc.assert(
    fc.property(tree, fc.array(mutation, { minLength: 1, maxLength: 4 }), (nodes, mutations) => {
      const characters = Buffer.from(write(nodes)).toString('latin1').split('');
      for (const [at, remove, character] of mutations) {
        characters.splice(at % characters.length, remove, ...(remove === 2 ? [] : [character]));
      }
      const bytes = Buffer.from(characters.join(''), 'latin1');
      for (const look of [() => read(bytes), () => subtreesAndContents(bytes, { node: () => undefined })]) {
        try {
          look();
        } catch (thrown) {
          assert.ok(isFault(thrown, 'tree-damaged'), String(thrown));
        }
      }
    }),
    { numRuns: 500 },
  );
});
