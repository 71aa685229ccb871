import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { byteStringOfLatin1, byteStringOfText } from './byte-string.ts';
import { Fault } from './fault.ts';
import { compileFilter, compileInclude, patternLines } from './filter.ts';

const pathOf = (text: string) =>
  text
    .split('/')
    .filter((name) => name !== '')
    .map(byteStringOfText);

const excludes = (patterns: string | readonly string[], path: string, ignoreCase = false): boolean =>
  compileFilter([patterns].flat().map(byteStringOfText), { ignoreCase })(pathOf(path), false) === 'excluded';

test('a pattern without a slash matches a name at any depth, and all that lies below it', () => {
  assert.ok(excludes('cur', '/home/a/Maildir/cur'));
  assert.ok(excludes('cur', '/home/a/Maildir/cur/1.eml'));
  assert.ok(!excludes('cur', '/home/a/Maildir/current'));
  assert.ok(excludes('a/Maildir', '/home/a/Maildir/x'));
});

test('a pattern with a slash at its beginning starts at the root', () => {
  assert.ok(excludes('/home/*/tmp', '/home/a/tmp/x'));
  assert.ok(!excludes('/home/*/tmp', '/srv/home/a/tmp'));
  assert.ok(!excludes('/home/*/tmp', '/home/a/b/tmp'));
  assert.ok(excludes('/home/./x/../a//', '/home/a'));
  assert.ok(excludes('/', '/anything'));
});

test('two stars stand for any number of directories', () => {
  for (const path of ['/srv/log', '/srv/a/log', '/srv/a/b/c/log', '/srv/a/log/x']) {
    assert.ok(excludes('/srv/**/log', path), path);
  }
  assert.ok(!excludes('/srv/**/log', '/var/srv/log'));
  assert.ok(excludes('/srv/**', '/srv'));
  assert.ok(excludes('a/**/b/**/c', '/x/a/1/2/b/3/c'));
});

test('wildcards and classes stay within a name and count characters, not bytes', () => {
  assert.ok(excludes('*.eml', '/a/b.eml'));
  assert.ok(excludes('日?', '/日本'));
  assert.ok(!excludes('日?', '/日本語'));
  assert.ok(excludes('[^a-c]x', '/dx'));
  assert.ok(excludes('[あ-ん]', '/か'));
  assert.ok(!excludes('[^a-c]x', '/ax'));
  assert.ok(excludes('\\*', '/*'));
  assert.ok(!excludes('\\*', '/a'));
  assert.ok(compileFilter([byteStringOfLatin1('?')])([byteStringOfLatin1('\xff')], false) === 'excluded');
});

test('an exclamation mark takes back what earlier patterns excluded', () => {
  assert.ok(excludes(['*.log', '!keep.log'], '/a.log'));
  assert.ok(!excludes(['*.log', '!keep.log'], '/keep.log'));
  assert.ok(excludes(['!keep.log', '*.log'], '/keep.log'));
});

test('upper and lower case are the same only when asked for', () => {
  assert.ok(excludes('ÄRGER*', '/ärger.eml', true));
  assert.ok(excludes('trash', '/Trash', true));
  assert.ok(!excludes('trash', '/Trash'));
});

test('malformed patterns are refused by name', () => {
  for (const pattern of ['[', 'a[', '[]', '[a', 'a\\', '[-]', '[a-]', '!x[']) {
    assert.throws(
      () => excludes(pattern, '/a'),
      (thrown) => thrown instanceof Fault && thrown.message.includes(pattern),
    );
  }
  assert.ok(!excludes('', '/a'));
});

test('include patterns say which directories may hold what is wanted', () => {
  const include = compileInclude(['/home/*/Maildir/cur', '/srv/**/x'].map(byteStringOfText));
  const verdict = (path: string, isDirectory = true) => include(pathOf(path), isDirectory);
  assert.equal(verdict('/home'), 'excluded-children-may-match');
  assert.equal(verdict('/home/a/Maildir'), 'excluded-children-may-match');
  assert.equal(verdict('/home/a/Maildir', false), 'excluded');
  assert.equal(verdict('/home/a/Maildir/cur'), 'included');
  assert.equal(verdict('/home/a/Maildir/cur/1'), 'included');
  assert.equal(verdict('/home/a/Maildir/new'), 'excluded');
  assert.equal(verdict('/etc'), 'excluded');
  assert.equal(verdict('/srv/any/where'), 'excluded-children-may-match');
});

test('a pattern file has comments and empty lines', () => {
  const lines = patternLines(byteStringOfText('# comment\n\n  *.log \r\n\t# too\n!keep.log\n'));
  assert.deepEqual(lines, ['*.log', '!keep.log']);
});

test('any pattern and path give a verdict or the fault, in bounded time', () => {
  const text = fc.array(fc.constantFrom('*', '**', '?', '[', ']', '^', '-', '\\', '/', 'a', 'é', '!', '.', '..'), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(text, text, (pattern, path) => {
      try {
        excludes(pattern.join(''), path.join(''));
      } catch (thrown) {
        assert.ok(thrown instanceof Fault && thrown.code === 'usage');
      }
    }),
  );
  const name = 'a'.repeat(10_000);
  assert.ok(!excludes(`${'*a'.repeat(200)}b`, `/${name}`));
  assert.ok(!excludes('**/x/'.repeat(40), `/${'a/'.repeat(200)}`));
});
