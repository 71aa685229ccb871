import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import { BlobTable } from '../index/blob-table.ts';
import { generateMasterKey } from '../sealing/envelope.ts';
import type { FileTask } from './writer-messages.ts';
import { type ReadyPack, WriterPool } from './writer-pool.ts';

const packSize = 4 * 1_048_576;

let folder: string;
let large: FileTask;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-pool-'));
  const file = join(folder, 'large');
  writeFileSync(file, randomFillSync(Buffer.alloc(64 * 1_048_576)));
  const { size, mtimeNs: mtime, ctimeNs: ctime, ino: inode } = lstatSync(file, { bigint: true });
  large = { file, size: Number(size), mtime, ctime, inode };
});
after(() => rmSync(folder, { recursive: true }));

interface Storage {
  readonly store: (pack: ReadyPack) => Promise<void>;
  readonly signal?: AbortSignal;
}

const makePool = ({ store, signal = new AbortController().signal }: Storage): WriterPool => {
  const setup = {
    master: generateMasterKey(),
    chunkerPolynomial: 0x3da3358b4dc173n,
    mailAware: true,
    compression: 'auto' as const,
    compressTrees: true,
    packSize,
  };
  const options = { threads: 1, setup, table: new BlobTable(), storePack: store, packsInFlight: 2 };
  return new WriterPool(options, { signal, now: () => 0n, emit: () => undefined });
};

test('S1: a large file never runs ahead of the storage by more than a few packs', async () => {
  let waiting = 0;
  let most = 0;
  let stored = 0;
  const pool = makePool({
    store: async ({ bytes }) => {
      most = Math.max(most, ++waiting);
      // A thread that goes on reading is far ahead by then.
      await new Promise((resolve) => setTimeout(resolve, 150));
      stored += bytes.length;
      waiting--;
    },
  });
  const { outcomes } = await pool.files([large]);
  await pool.finish();
  await pool.close();
  assert.deepEqual(
    outcomes.map((outcome) => outcome.kind === 'stored' && outcome.bytes),
    [large.size],
  );
  assert.ok(stored > large.size, 'random bytes do not shrink');
  assert.ok(most <= 2, `${most} packs were waiting`);
});

test(
  'S1: a backup that is interrupted while a thread waits for the storage ends at once',
  { timeout: 30_000 },
  async () => {
    const interruption = new AbortController();
    let release: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    const pool = makePool({ store: () => stuck, signal: interruption.signal });
    const failed = assert.rejects(pool.files([large]), (error) => isFault(error, 'interrupted'));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    interruption.abort();
    await failed;
    release();
    await pool.close();
  },
);
