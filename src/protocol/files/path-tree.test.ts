import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { cleanPath, type PathNode, planPaths } from './path-tree.ts';

const plan = (...paths: string[]): PathNode => planPaths(paths.map(byteStringOfText), byteStringOfText('/work/place'));

/** `name=path` of a captured place, `name>way{…}` of a directory on the way. */
const drawn = (node: PathNode): string =>
  [...node.children]
    .map(([name, child]) => {
      const below = child.children.size === 0 ? '' : `{${drawn(child)}}`;
      return `${name}${child.way === undefined ? '' : `>${child.way}`}${child.path === undefined ? '' : `=${child.path}`}${below}`;
    })
    .join(' ');

describe('the tree of the given paths', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['an absolute path is nested from the root', ['/srv/mail/a'], 'srv>/srv{mail>/srv/mail{a=/srv/mail/a}}'],
    [
      'a relative path begins with its own first name',
      ['examples/Maildir'],
      'examples>/work/place/examples{Maildir=/work/place/examples/Maildir}',
    ],
    ['a relative path loses its leading ..', ['../other/x'], 'other>/work/other{x=/work/other/x}'],
    ['several paths share what they have in common', ['/a/b', '/a/c'], 'a>/a{b=/a/b c=/a/c}'],
    ['a path inside another is named in it', ['/a', '/a/b'], 'a>/a=/a{b=/a/b}'],
    ['the order does not matter', ['/a/b', '/a'], 'a>/a=/a{b=/a/b}'],
    ['a path is taken once', ['/a', '/a/', '/./a'], 'a=/a'],
    ['equal names of different origin do not share a node', ['/a', 'a', '../a'], 'a=/a a-1=/work/place/a a-2=/work/a'],
  ];
  for (const [what, paths, expected] of cases) {
    test(what, () => assert.equal(drawn(plan(...paths)), expected));
  }

  test('a path without names is the root itself', () => {
    assert.equal(plan('/').path, '/');
    assert.equal(plan('.').path, '/work/place');
    assert.equal(plan('..').path, '/work');
    assert.equal(drawn(plan('/', '/srv')), 'srv=/srv');
  });

  test('a root and a path outside of it do not fit together', () => {
    assert.throws(
      () => plan('.', '/srv'),
      (thrown) => isFault(thrown, 'usage'),
    );
    assert.throws(
      () => plan('/', '.'),
      (thrown) => isFault(thrown, 'usage'),
    );
  });

  test('paths are cleaned as bytes', () => {
    assert.equal(cleanPath(byteStringOfText('/srv//é/./x/../')), byteStringOfText('/srv/é'));
  });
});
