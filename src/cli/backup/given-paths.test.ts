import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { absolutePath, expandPattern, type GivenPathOptions, givenPaths } from './given-paths.ts';

describe('what is to be backed up', () => {
  let folder = '';
  const nothing: GivenPathOptions = { filesFrom: [], filesFromVerbatim: [], filesFromRaw: [] };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-paths-'));
    for (const name of ['a/x', 'b/x', '.hidden/x', 'ä']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'file'), '');
  });
  after(() => rmSync(folder, { recursive: true }));

  const expanded = (pattern: string): readonly string[] =>
    expandPattern(byteStringOfText(`${folder}/${pattern}`)).map((path) =>
      Buffer.from(path, 'latin1')
        .toString()
        .slice(folder.length + 1),
    );

  const list = (text: string | Uint8Array): string => {
    const file = join(folder, 'list');
    writeFileSync(file, text);
    return file;
  };

  test('patterns in a list stand for what is there, hidden names too', () => {
    assert.deepEqual(expanded('*/x'), ['.hidden/x', 'a/x', 'b/x']);
    assert.deepEqual(expanded('[ab]'), ['a', 'b']);
    assert.deepEqual(expanded('ä'), ['ä']);
    assert.deepEqual(expanded('file/x'), []);
    assert.deepEqual(expanded('nothing*'), []);
    assert.throws(
      () => expanded('['),
      (thrown: unknown) => isFault(thrown, 'usage'),
    );
  });

  test('a line that matches nothing is told, and the others are taken', async () => {
    const run = createTestRun();
    const filesFrom = [list(`\ufeff# a comment\n\n  ${folder}/[ab]  \n${folder}/nope\n`)];
    const found = await givenPaths(['more'], { ...nothing, filesFrom }, run);
    assert.deepEqual(found, [`${folder}/a`, `${folder}/b`, 'more']);
    assert.deepEqual(
      run.events.map((event) => event.kind === 'fault' && [event.fault.code, event.path]),
      [['source-missing', `${folder}/nope`]],
    );
  });

  test('verbatim names are taken as they are, and raw ones may hold any byte', async () => {
    const run = createTestRun();
    const filesFromVerbatim = [list('# no comment\n*\r\n\n space \n')];
    assert.deepEqual(await givenPaths([], { ...nothing, filesFromVerbatim }, run), ['# no comment', '*', ' space ']);
    const filesFromRaw = [list(Buffer.from([0x61, 0x0a, 0, 0xff, 0]))];
    assert.deepEqual(await givenPaths([], { ...nothing, filesFromRaw }, run), ['a\n', '\xff']);
  });

  test('no path, an empty one, and a raw list that was cut are refused', async () => {
    const run = createTestRun();
    const refused = (options: Partial<GivenPathOptions>, paths: string[] = []) =>
      assert.rejects(givenPaths(paths, { ...nothing, ...options }, run), (thrown: unknown) => isFault(thrown, 'usage'));
    await refused({});
    await refused({}, ['a', '']);
    await refused({ filesFromRaw: [list('a\0b')] });
    await refused({ filesFromRaw: [list('a\0\0')] });
    await assert.rejects(
      givenPaths([], { ...nothing, filesFromRaw: [join(folder, 'no-list')] }, run),
      (thrown: unknown) => isFault(thrown, 'configuration'),
    );
  });

  test('paths are recorded absolute and clean, byte for byte', () => {
    assert.equal(absolutePath(byteStringOfText('/a//b/../c/')), '/a/c');
    assert.equal(absolutePath(byteStringOfText('/')), '/');
    assert.equal(absolutePath(byteStringOfText('x/.')), `${process.cwd()}/x`);
  });
});
