import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedName } from '../../../contract/packed-files.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { packPlainNodes, type PlainNodes } from './plain-nodes.ts';
import type { TreeNode } from './tree-format.ts';
import { readTree } from './tree-reader.ts';
import { createTreeWriter } from './tree-writer.ts';

const fileOf = (name: string, more: Partial<Entry> = {}): TreeNode => {
  const mtime = more.mtime ?? 1_700_000_000_123_456_789n;
  const entry: Entry = {
    name: byteStringOfText(name),
    type: 'file',
    mode: 0o600,
    mtime,
    atime: mtime,
    ctime: 1_700_000_001_500_000_000n,
    uid: 1000,
    gid: 100,
    user: 'alice',
    group: 'users',
    inode: 0x1_0000_0007n,
    deviceId: 2049n,
    size: 4096,
    links: 1,
    ...more,
  };
  return { entry, content: new Uint8Array(32).fill(entry.size % 256), subtree: undefined };
};

const treeOf = (nodes: readonly TreeNode[]): Uint8Array => {
  const writer = createTreeWriter();
  for (const node of nodes) writer.add(node);
  return writer.finish();
};

const pack = (json: Uint8Array): PlainNodes => {
  const packed = packPlainNodes(json);
  assert.ok(packed !== undefined);
  return packed;
};

const namesOf = (packed: PlainNodes): string[] =>
  Array.from({ length: packed.count }, (_, number) => packedName(packed, number));

const text = (json: Uint8Array): string => Buffer.from(json).toString('latin1');

test('S4: plain nodes are packed with what their nodes say, whole kinds of them', () => {
  const nodes = [
    fileOf('1.host:2,', { mtime: 0n }),
    fileOf('2.host:2,S', { mtime: -1n, inode: 9_007_199_254_740_991n }),
    fileOf('3.host:2,', { uid: 1001, user: 'bob "b"', size: 5_000_000_000 }),
    fileOf('4.host:2,', { mtime: 1_700_000_000_000_000_000n }),
  ];
  const json = treeOf(nodes);
  const packed = pack(json);
  assert.deepEqual(namesOf(packed), ['1.host:2,', '2.host:2,S', '3.host:2,', '4.host:2,']);
  assert.equal(packed.kinds.length, 2);
  assert.deepEqual([...packed.kindOf.subarray(0, 4)], [0, 0, 1, 0]);
  const read: TreeNode[] = [];
  readTree(json, (node) => {
    read.push(node);
  });
  for (const [number, { entry }] of read.entries()) {
    const { inode, size, mtime, ctime } = entry;
    assert.deepEqual([...packed.stamps.subarray(number * 4, number * 4 + 4)], [inode, BigInt(size), mtime, ctime]);
    assert.equal(packed.sizes[number], size);
    const bytes = json.subarray(packed.starts[number], packed.ends[number]);
    assert.match(text(bytes), new RegExp(`^\\{"name":"${entry.name}".*\\}$`));
  }
});

test('what we would write otherwise than it stands there is not plain', () => {
  const odd: Record<string, (json: string) => string> = {
    'an escaped character': (json) => json.replace('2.host', String.raw`\u0032.host`),
    'an offset': (json) => json.replace(/"mtime":"[^"]*"/g, '"mtime":"2023-11-15T03:13:20.123456789+05:00"'),
    'an offset of zero': (json) => json.replace(/Z"/g, '+00:00"'),
    'a zero at the end of a fraction': (json) => json.replaceAll('.5Z', '.50Z'),
    'a fraction of zero': (json) => json.replaceAll('.5Z', '.0Z'),
    'too many digits': (json) => json.replaceAll('.123456789', '.1234567891'),
    'digits in capitals': (json) => json.replaceAll('abab', 'ABAB'),
    'a space': (json) => json.replaceAll('"size":', '"size": '),
    'a zero before a number': (json) => json.replaceAll('"size":4', '"size":04'),
    'a member that nobody knows': (json) => json.replaceAll(']}', '],"more":1}').replace(',"more":1}\n', '}\n'),
    'another order': (json) => json.replaceAll('"uid":1000,"gid":100', '"gid":100,"uid":1000'),
    'an access time of its own': (json) => json.replaceAll('"atime":"2023', '"atime":"2022'),
  };
  const sound = text(treeOf([fileOf('1.host', { size: 0xab }), fileOf('2.host', { size: 0xab })])).replaceAll(
    '"size":171',
    '"size":4096',
  );
  assert.equal(pack(Buffer.from(sound)).count, 2);
  for (const [what, change] of Object.entries(odd)) {
    const changed = change(sound);
    assert.notEqual(changed, sound, what);
    let packed: PlainNodes | undefined;
    try {
      packed = packPlainNodes(Buffer.from(changed));
    } catch {
      // Not JSON as a tree has it: the fault is told where the tree is read.
      continue;
    }
    for (let number = 0; number < (packed?.count ?? 0); number++) {
      assert.equal(packed?.names.length === 0 ? '' : packed && packedName(packed, number), '1.host', what);
    }
  }
});

test('what is no plain file is told beside the others, and nothing in between is in one piece with it', () => {
  const folder: TreeNode = {
    ...fileOf('2.folder', { type: 'directory', size: 0, links: 0 }),
    content: undefined,
    subtree: new Uint8Array(32).fill(1),
  };
  const empty = { ...fileOf('3.empty', { size: 0 }), content: new Uint8Array(0) };
  const packed = pack(treeOf([fileOf('1.host'), folder, empty, fileOf('4.hé'), fileOf('5.host')]));
  assert.deepEqual(namesOf(packed), ['1.host', '5.host']);
  assert.deepEqual(
    packed.others.map(({ entry }) => String(entry.name)),
    [folder, empty, fileOf('4.hé')].map(({ entry }) => String(entry.name)),
  );
  assert.notEqual(packed.starts[1], (packed.ends[0] ?? 0) + 1);
});

test('a tree that is not ours, or not in order, is not packed', () => {
  const sound = text(treeOf([fileOf('1.host'), fileOf('2.host')]));
  for (const json of [
    sound.replace('{"nodes":[', '{"nodes": ['),
    sound.trimEnd(),
    sound.replace('1.host', '3.host'),
    sound.replace('1.host', '2.host'),
    '{"nodes":null}\n',
  ]) {
    assert.equal(packPlainNodes(Buffer.from(json)), undefined, json);
  }
  assert.equal(pack(treeOf([])).count, 0);
});
