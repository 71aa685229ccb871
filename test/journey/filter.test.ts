import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import type { Path } from '../../src/model/entry.ts';
import { compileFilter, compileInclude } from '../../src/model/filter.ts';
import type { PathFilter } from '../../src/model/filter.ts';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';

const rounds = 12;

const names = ['a', 'b', 'ab', 'B', 'foo', 'foo.txt', 'é', '日本', 'x[1]', 'a b', '.hidden'];
const parts = [
  'a',
  'b',
  'foo',
  '*',
  '**',
  '**',
  '?',
  'a*',
  '*.txt',
  '[ab]',
  '[^a]',
  'f??',
  'x\\[1\\]',
  '..',
  '.',
  'é',
  '日?',
  '',
];

/** Numbers that are the same in every run. */
const seeded = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
};

let folder = '';
let restic = '';
const env = (): NodeJS.ProcessEnv => ({
  ...process.env,
  RESTIC_REPOSITORY: join(folder, 'repository'),
  RESTIC_PASSWORD: 'filter',
  RESTIC_CACHE_DIR: join(folder, 'cache'),
});

before(async () => {
  restic = await resticBinary('0.14');
  folder = await mkdtemp(join(tmpdir(), 'mailkeep-filter-'));
  await growTree(join(folder, 'tree'), seeded(1), 3);
  await succeed(restic, ['init'], { env: env() });
  await succeed(restic, ['backup', join(folder, 'tree')], { env: env() });
});

after(() => rm(folder, { recursive: true, force: true }));

const growTree = async (at: string, random: (below: number) => number, depth: number): Promise<void> => {
  await mkdir(at);
  for (const name of names) {
    const kind = random(3);
    if (kind === 0 && depth > 0) await growTree(join(at, name), random, depth - 1);
    if (kind === 1) await writeFile(join(at, name), 'x');
  }
};

const randomPatterns = (random: (below: number) => number): string[] =>
  Array.from({ length: 1 + random(3) }, () => {
    const path = Array.from({ length: 1 + random(4) }, () => parts[random(parts.length)] ?? '').join('/');
    const root = random(4) === 0 ? '' : random(2) === 0 ? `${join(folder, 'tree')}/` : '/**/';
    return `${random(5) === 0 ? '!' : ''}${random(2) === 0 ? path : root + path}`;
  }).filter((pattern) => pattern !== '');

const pathOf = (absolute: string): Path => absolute.split('/').slice(1).map(byteStringOfText);

/** Files below a folder that a walk under this filter meets. */
const walk = async (at: string, filter: PathFilter): Promise<string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    const verdict = filter(pathOf(path), entry.isDirectory());
    if (entry.isDirectory() && verdict !== 'excluded') found.push(...(await walk(path, filter)));
    if (entry.isFile() && verdict === 'included') found.push(path);
  }
  return found.toSorted();
};

const filesIn = async (root: string): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .toSorted();

test('S4: an exclude pattern keeps out of a backup what restic keeps out', async () => {
  const random = seeded(2);
  for (let round = 0; round < rounds; round++) {
    const patterns = randomPatterns(random);
    const ignoreCase = round % 4 === 3;
    const flags = patterns.flatMap((pattern) => [ignoreCase ? '--iexclude' : '--exclude', pattern]);
    const args = ['backup', '--force', '--dry-run', '--json', '--verbose=3', join(folder, 'tree'), ...flags];
    const theirs = (await succeed(restic, args, { env: env() }))
      .split('\n')
      .flatMap((line) => [...(/"action":"new","item":"([^"]*[^"/])"/.exec(line)?.slice(1) ?? [])])
      .toSorted();
    const filter = compileFilter(patterns.map(byteStringOfText), { ignoreCase });
    const rootExcluded = filter(pathOf(join(folder, 'tree')), true) === 'excluded';
    const ours = rootExcluded ? [] : await walk(join(folder, 'tree'), filter);
    assert.deepEqual(ours, theirs, `patterns ${JSON.stringify(patterns)}, ignoreCase ${ignoreCase}`);
  }
});

test('S4: an include pattern restores what restic restores', async () => {
  const random = seeded(3);
  for (let round = 0; round < rounds; round++) {
    const patterns = randomPatterns(random);
    const target = join(folder, `restored-${round}`);
    const flags = patterns.flatMap((pattern) => ['--include', pattern]);
    await succeed(restic, ['restore', 'latest', '--target', target, ...flags], { env: env() });
    const theirs = await filesIn(target);
    const filter = compileInclude(patterns.map(byteStringOfText));
    const ours = (await walkFromRoot(filter)).toSorted();
    assert.deepEqual(ours, theirs, `patterns ${JSON.stringify(patterns)}`);
  }
});

/** The snapshot holds only the folders on the way to the tree, which the filter judges as well. */
const walkFromRoot = async (filter: PathFilter): Promise<string[]> => {
  const way = pathOf(join(folder, 'tree'));
  const isOpen = way.every((_, index) => filter(way.slice(0, index + 1), true) !== 'excluded');
  return isOpen ? walk(join(folder, 'tree'), filter) : [];
};
