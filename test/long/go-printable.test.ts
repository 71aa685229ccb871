import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { quoteName } from '../../src/store/restic/format/go-quote.ts';
import { readTree } from '../../src/store/restic/format/tree-reader.ts';
import { createResticRepository } from '../journey/restic-repository.ts';

const lastCodePoint = 0x10ffff;
const longestName = 250;

/** File names that together hold every character but `/` and NUL, in order. */
function* namesOfAllCharacters(): Generator<string> {
  let name = '';
  let bytes = 0;
  for (let point = 1; point <= lastCodePoint; point++) {
    if (point === 0x2f || (point >= 0xd800 && point < 0xe000)) continue;
    const character = String.fromCodePoint(point);
    const length = Buffer.byteLength(character);
    if (bytes + length > longestName) {
      yield name;
      name = '';
      bytes = 0;
    }
    name += character;
    bytes += length;
  }
  yield name;
}

/** The names as they stand in the JSON, by what they mean. */
const quotedNames = (tree: string): Map<string, string> => {
  const quoted = [...tree.matchAll(/\{"name":"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
  const names: string[] = [];
  readTree(Buffer.from(tree), ({ entry }) => {
    names.push(entry.name);
  });
  assert.equal(quoted.length, names.length);
  return new Map(names.map((name, index) => [name, quoted[index] ?? '']));
};

test('S1: each of the 1,112,062 characters a name may hold is quoted as restic 0.19 quotes it', async () => {
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-characters-'));
  try {
    const folder = join(work, 'files');
    await mkdir(folder);
    const names = [...namesOfAllCharacters()];
    for (const name of names) await writeFile(join(folder, name), '');
    const repository = await createResticRepository(work, 'UTC');
    await repository.run(['backup', '.'], folder);
    const [tree = ''] = await repository.trees();
    const quoted = quotedNames(tree);
    assert.equal(quoted.size, names.length);
    const wrong = names.map(byteStringOfText).filter((name) => quoted.get(name) !== quoteName(name));
    assert.deepEqual(wrong, []);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
