import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createChunker } from '../../src/store/restic/write/rabin.ts';
import { readTree } from '../../src/store/restic/format/tree-reader.ts';
import { createResticRepository } from './restic-repository.ts';

const idsOfChunks = (bytes: Uint8Array, polynomial: bigint): string[] => {
  const chunker = createChunker(polynomial);
  const ids: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + chunker.cut(bytes, start);
    ids.push(createHash('sha256').update(bytes.subarray(start, end)).digest('hex'));
    start = end;
  }
  return ids;
};

const polynomialOf = (config: string): bigint => {
  const hex = /"chunker_polynomial": "([0-9a-f]+)"/.exec(config)?.[1];
  assert.ok(hex !== undefined);
  return BigInt(`0x${hex}`);
};

/** What restic may cut: noise, noise that repeats, long runs of one byte, and lengths around the limits. */
const files = (): ReadonlyMap<string, Uint8Array> => {
  const noise = randomBytes(20_000_000);
  const runs = Buffer.concat([noise.subarray(0, 700_000), Buffer.alloc(9_000_000, 1), noise.subarray(0, 3_000_000)]);
  return new Map<string, Uint8Array>([
    ['noise', noise],
    ['runs', runs],
    ['zeros', new Uint8Array(3_000_000)],
    ['empty', new Uint8Array(0)],
    ['minimum', noise.subarray(0, 512 * 1024)],
    ['more than minimum', noise.subarray(0, 512 * 1024 + 1)],
    ['maximum', new Uint8Array(8 * 1024 * 1024 + 1).fill(1)],
  ]);
};

test("S1: files are cut where restic 0.19 cuts them, with the repository's polynomial", async () => {
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-chunks-'));
  try {
    const folder = join(work, 'files');
    await mkdir(folder);
    const made = files();
    for (const [name, bytes] of made) await writeFile(join(folder, name), bytes);
    const repository = await createResticRepository(work, 'UTC');
    const polynomial = polynomialOf(await repository.run(['cat', 'config']));
    await repository.run(['backup', '.'], folder);
    const seen = new Map<string, readonly string[]>();
    for (const tree of await repository.trees()) {
      readTree(Buffer.from(tree), ({ entry, content }) => {
        seen.set(
          entry.name,
          Buffer.from(content ?? [])
            .toString('hex')
            .match(/.{64}/g) ?? [],
        );
      });
    }
    const expected = [...made].map(([name, bytes]) => [name, idsOfChunks(bytes, polynomial)] as const);
    assert.deepEqual(seen, new Map(expected));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
