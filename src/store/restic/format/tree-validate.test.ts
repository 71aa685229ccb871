import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateTree, type BlobSize } from './tree-validate.ts';

const id = 'ab'.repeat(32);
const time = '"2017-07-14T02:40:00Z"';

const problemsOf = (nodes: readonly string[], blobSize?: BlobSize): string[] => {
  const json = new TextEncoder().encode(`{"nodes":[${nodes.join(',')}]}\n`);
  return validateTree(json, blobSize).map(({ message }) => message);
};

const file = (name: string, rest = `"size":3,"content":["${id}"]`): string =>
  `{"name":"${name}","type":"file","mode":420,"mtime":${time},${rest}}`;

test('S3: a sound tree has no faults', () => {
  const nodes = [
    file('a'),
    file('b', '"content":[]'),
    `{"name":"c","type":"dir","mode":2147484141,"mtime":${time},"content":null,"subtree":"${id}"}`,
    `{"name":"d","type":"symlink","mode":134218239,"mtime":${time},"linktarget":"x","content":null}`,
    `{"name":"e","type":"file","mtime":${time},"content":[]}`,
    `{"name":"f","type":"chardev","mode":69206416,"mtime":${time},"device":1281,"content":null}`,
  ];
  assert.deepEqual(
    problemsOf(nodes, () => 3),
    [],
  );
});

const faulty: readonly (readonly [nodes: readonly string[], problem: RegExp])[] = [
  [[file('b'), file('a')], /does not come after/],
  [[file('a'), file('a')], /there twice/],
  [[file('a/b')], /slash/],
  [[file('.')], /a name is \./],
  [[file('..')], /a name is \.\./],
  [[file('')], /is empty/],
  [[file('a', '"size":3')], /without content/],
  [[file('a', '"size":3,"content":null')], /without content/],
  [[file('a', '"size":4,"content":[]')], /its size is 4, but its content has 0/],
  [[file('a', `"size":4,"content":["${id}"]`)], /its size is 4, but its content has 3/],
  [[file('a', `"content":[],"subtree":"${id}"`)], /a file with a tree/],
  [[`{"name":"a","type":"file","mode":420,"content":[]}`], /no modification time/],
  [[`{"name":"a","type":"dir","mtime":${time},"subtree":"${id}"}`], /no mode/],
  [[`{"name":"a","type":"dir","mode":2147484141,"mtime":${time}}`], /without a tree/],
  [[`{"name":"a","type":"dir","mode":420,"mtime":${time},"subtree":"${id}"}`], /of another type/],
  [[`{"name":"a","type":"fifo","mode":33554852,"mtime":${time},"content":["${id}"]}`], /is no file/],
  [[`{"name":"a","type":"fifo","mode":33554852,"mtime":${time},"subtree":"${id}"}`], /is no directory/],
  [[`{"name":"a","type":"symlink","mode":134218239,"mtime":${time}}`], /without a target/],
  [[`{"type":"fifo","mode":33554852,"mtime":${time}}`], /no name/],
  [[`{"name":"a","mode":33554852,"mtime":${time}}`], /no type/],
  [[`{"name":"a","type":"fifo","mode":33554852,"mtime":"12017-07-14T02:40:00Z"}`], /a time is not one/],
];

test("S3: what restic's check does not see is found, and nothing beside it", () => {
  for (const [nodes, problem] of faulty) {
    const problems = problemsOf(nodes, () => 3);
    assert.equal(problems.length, 1, problems.join('; '));
    assert.match(problems[0] ?? '', problem);
  }
});

test('S3: one fault does not hide the next, and a hundred are enough', () => {
  assert.equal(problemsOf([file('b'), file('a', '"size":1')]).length, 2);
  assert.equal(problemsOf(Array.from({ length: 1000 }, () => file('..'))).length <= 101, true);
});

test('S3: the size of a file is not judged where a blob is unknown', () => {
  assert.deepEqual(
    problemsOf([file('a', `"size":4,"content":["${id}"]`)], () => undefined),
    [],
  );
});
