import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import { parseSnapshot } from './snapshot-format.ts';
import { readTree, subtreesAndContents } from './tree-reader.ts';
import { validateTree } from './tree-validate.ts';
import { createTreeWriter } from './tree-writer.ts';

const size = 1_500_000;
const fill = (text: string): string => text.repeat(Math.floor(size / text.length));
const node = (fields: string): string => `{"nodes":[{"name":"a","type":"file","content":[],${fields}}]}`;
const named = (name: string): string => `{"nodes":[{"name":"${name}","type":"file"}]}`;
const id = 'ab'.repeat(32);

/** Trees of one overlong thing each. Were any of them read in quadratic time, this file would not end. */
const overlong: readonly (readonly [what: string, tree: string])[] = [
  ['name', named(fill('x'))],
  ['name of escapes', named(fill('\\\\x41'))],
  ['name of JSON escapes', named(fill('\\u0041'))],
  ['name of backslashes', named(fill('\\\\\\\\'))],
  ['name beyond ASCII', named(fill('é'))],
  ['number', node(`"x":${fill('1')}`)],
  ['negative number', node(`"x":-${fill('1')}`)],
  ['fraction', node(`"x":0.${fill('1')}e5`)],
  ['inode', node(`"inode":${fill('1')}`)],
  ['time', node(`"mtime":"2017-07-14T02:40:00.${fill('1')}Z"`)],
  ['base64', node(`"linktarget_raw":"${fill('AAAA')}"`)],
  ['wrong base64', node(`"linktarget_raw":"${fill('AAAA')}***="`)],
  ['link target', node(`"linktarget":"${fill('<')}"`)],
  ['list of attributes', node(`"extended_attributes":[${fill('{},')}{}]`)],
  ['member name', node(`"${fill('k')}":1`)],
  ['unknown members', node(fill('"k":1,').slice(0, -1))],
  ['repeated names', node(`${fill('"name":"b",')}"name":"c"`)],
  ['depth of lists', node(`"x":${fill('[')}`)],
  ['depth of objects', node(`"x":${fill('{"a":')}`)],
  ['depth before the nodes', `{"x":${fill('[')}`],
  ['white space', `{"nodes":[${fill(' ')}]}`],
  ['list of nothing', `{"nodes":[${fill('{},')}{}]}`],
  ['content', node(`"content":[${fill(`"${id}",`)}"${id}"]`)],
  [
    'unended string',
    named('x')
      .replace('"type"', `"${fill('y')}`)
      .slice(0, -12),
  ],
];

const rewrite = (json: Uint8Array): void => {
  const writer = createTreeWriter();
  readTree(json, (treeNode) => {
    writer.add(treeNode);
  });
  writer.finish();
};

for (const [what, tree] of overlong) {
  test(`S3: an overlong ${what} gives a value or a Fault`, () => {
    const json = Buffer.from(tree);
    const looks = [
      () => rewrite(json),
      () => subtreesAndContents(json, { node: () => undefined }),
      () => parseSnapshot('ab', json),
      () => assert.ok(validateTree(json).every((fault) => fault.code === 'tree-damaged')),
    ];
    for (const look of looks) {
      try {
        look();
      } catch (thrown) {
        assert.ok(isFault(thrown, 'tree-damaged', 'snapshot-damaged'), String(thrown));
      }
    }
  });
}
