import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Random, randomFor } from '../../bench/mailbox/random.ts';
import { ended } from '../journey/program.ts';
import { type Content, contentOf, markOf, type Program, World } from './world.ts';

/**
 * How the prune comes between the writers.
 * `polite`: restic's or ours, waiting for locks as everybody does.
 * `rough`: ours, after somebody has removed all locks by hand, while writers are at work or stopped.
 */
export type Manner = 'polite' | 'rough';

export interface Crowd {
  readonly writers: number;
  readonly rounds: number;
  readonly manner: Manner;
}

const patience = ['--retry-lock', '10m'];

/** Files of which many were in snapshots that are forgotten: what a prune is about to remove is used again. */
const poolOf = (random: Random): readonly Buffer[] =>
  Array.from({ length: 24 }, () => random.bytes(random.pick([300, 4_000, 60_000])));

const fill = async (folder: string, pool: readonly Buffer[], random: Random): Promise<Content> => {
  rmSync(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (let file = 0; file < 10; file++) await writeFile(join(folder, String(file)), random.pick(pool));
  return contentOf(folder);
};

interface Scene {
  readonly world: World;
  readonly pool: readonly Buffer[];
  readonly crowd: Crowd;
  /** By mark: what a writer was told that it had saved, and from where. */
  readonly saved: Map<string, { readonly folder: string; readonly content: Content }>;
  isOver: boolean;
}

/** Snapshots that hold the whole pool, forgotten again. */
const leaveRubbish = async ({ world, pool }: Scene): Promise<void> => {
  const folder = world.place('rubbish');
  await mkdir(folder);
  for (const [at, bytes] of pool.entries()) {
    await writeFile(join(folder, String(at)), bytes);
    if (at % 8 === 7) await world.run(at % 16 === 7 ? 'ours' : 'restic', ['backup', folder]);
  }
  await world.run('restic', ['forget', '--unsafe-allow-remove-all', '--path', folder]);
};

/** Sometimes a laptop is closed in the middle. */
const stopForAWhile = async (child: ChildProcess, random: Random): Promise<void> => {
  await wait(300 + random.below(1_500));
  child.kill('SIGSTOP');
  await wait(1_000 + random.below(3_000));
  child.kill('SIGCONT');
};

const backupOnce = async (
  { world, crowd, saved }: Scene,
  { folder, content, mark }: { readonly folder: string; readonly content: Content; readonly mark: string },
  { program, random }: { readonly program: Program; readonly random: Random },
): Promise<void> => {
  const args = ['backup', folder, '--tag', mark, ...patience];
  if (crowd.manner === 'rough' && program === 'ours' && random.unit() < 0.5) {
    const child = world.start(args, world.repository);
    const over = ended(child);
    await Promise.race([stopForAWhile(child, random), over]);
    if ((await over).code === 0) saved.set(mark, { folder, content });
    return;
  }
  const { code, stdout, stderr } = await world.attempt(program, args, world.repository);
  if (code === 0) saved.set(mark, { folder, content });
  // Who notices that its lock was taken away makes no snapshot.
  else assert.ok(crowd.manner === 'rough', `${program} for ${mark} ended with ${code}:\n${stdout}${stderr}`);
};

const write = async (scene: Scene, writer: number): Promise<void> => {
  const { world, pool, crowd } = scene;
  const random = randomFor('writer', world.random.below(2 ** 31), writer);
  const folder = world.place(`writer-${String(writer)}`);
  for (let round = 0; round < crowd.rounds; round++) {
    const content = await fill(folder, pool, random);
    const program: Program = (writer + round) % 2 === 0 ? 'ours' : 'restic';
    await backupOnce(scene, { folder, content, mark: `life-${String(writer)}-${String(round)}` }, { program, random });
  }
};

const prunes: Readonly<Record<Program, readonly string[]>> = {
  ours: ['prune', '--max-unused', '0', '--yes', ...patience],
  restic: ['prune', '--max-unused', '0', ...patience],
};

const pruneMeanwhile = async (scene: Scene): Promise<void> => {
  const { world, crowd } = scene;
  while (!scene.isOver) {
    await wait(world.random.below(3_000));
    if (crowd.manner === 'rough') await world.run('ours', ['unlock', '--remove-all', '--yes']);
    const program = crowd.manner === 'rough' ? 'ours' : world.random.pick(['ours', 'restic'] as const);
    const args = crowd.manner === 'rough' ? ['prune', '--max-unused', '0', '--yes'] : prunes[program];
    const { code, stdout, stderr } = await world.attempt(program, args, world.repository);
    // It may meet the next lock at once, or find that something has changed since its plan.
    assert.ok(code === 0 || crowd.manner === 'rough', `${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  }
};

/** Several writers beside a prune that starts at random, again and again: every snapshot that was saved is whole. */
export const writeBesidePrune = async (t: TestContext, crowd: Crowd): Promise<void> => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${String(seed)}`);
  const world = await World.create(randomFor('writers beside prune', seed));
  const scene: Scene = { world, pool: poolOf(world.random), crowd, saved: new Map(), isOver: false };
  try {
    await world.run('restic', ['init']);
    await leaveRubbish(scene);
    const pruning = pruneMeanwhile(scene);
    const writing = Promise.all(Array.from({ length: crowd.writers }, (_, writer) => write(scene, writer)));
    await writing.finally(() => {
      scene.isOver = true;
    });
    await pruning;
    await assertNothingLost(scene);
  } finally {
    await world.person.leave();
  }
};

const assertNothingLost = async ({ world, saved }: Scene): Promise<void> => {
  await world.run('ours', ['unlock', '--remove-all', '--yes']);
  for (const program of ['ours', 'restic'] as const) await world.run(program, ['check', '--read-data']);
  const there = new Map((await world.snapshots()).map((snapshot) => [markOf(snapshot), snapshot.id]));
  assert.ok(saved.size > 0, 'something was saved');
  for (const [mark, { folder, content }] of saved) {
    const id = there.get(mark) ?? '';
    const program = world.random.pick(['ours', 'restic'] as const);
    assert.deepEqual(await world.restored(program, id, world.repository, folder), content, `${mark} by ${program}`);
  }
};
