import assert from 'node:assert/strict';
import { mkdirSync, statfsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { randomFor } from '../../bench/mailbox/random.ts';
import { runCommand, succeed } from '../requirement/command.ts';
import { assertContinues, assertSound, copyOf, type Disturbed, prepare, type Victim } from './victim.ts';
import { World } from './world.ts';

/** A sentence when no file system can be mounted here. */
export const whyNoMount = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root may mount a small file system';
  const { code, stderr } = await runCommand('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return code === 0 ? undefined : `no file system can be mounted here: ${stderr.trim()}`;
};

const large = 64 * 1_048_576;

export const usedIn = (folder: string): number => {
  const { blocks, bfree, bsize } = statfsSync(folder);
  return (blocks - bfree) * bsize;
};

export const resize = (folder: string, bytes: number): Promise<string> =>
  succeed('mount', ['-o', `remount,size=${String(bytes)}`, folder]);

/** What each may need beyond what is there, at most; below, it may find the disk full. */
const needs = { backup: 600_000, forget: 12_000, prune: 300_000, copy: 900_000 } as const;

/** Fills the disk to a random place; the command says so or has room enough, and goes on once there is some. */
const fillOnce = async (victim: Victim, folder: string, { room, when }: { room: number; when: string }) => {
  const { world } = victim;
  const repository = await copyOf(victim, 'disk/repository');
  await resize(folder, usedIn(folder) + room);
  const { code, stderr } = await world.attempt('ours', [...victim.args, '--json'], repository);
  if (code !== 0) {
    assert.equal(code, 2, `${when}: ${stderr}`);
    assert.match(stderr, /"fault":"disk-full"/, when);
  }
  await resize(folder, large);
  await assertSound(victim, repository, when);
  await assertContinues(victim, repository, when);
  return code !== 0;
};

export const fillAgainAndAgain = async (t: TestContext, command: Disturbed, count: number): Promise<void> => {
  const why = await whyNoMount();
  if (why !== undefined) {
    assert.ok(process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);
    return t.skip(why);
  }
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${String(seed)}`);
  const world = await World.create(randomFor('full disk', seed));
  const folder = world.place('disk');
  mkdirSync(folder);
  await succeed('mount', ['-t', 'tmpfs', '-o', `size=${String(large)}`, 'tmpfs', folder]);
  try {
    const victim = await prepare(command, world);
    let full = 0;
    for (let time = 0; time < count; time++) {
      // The first time there is no room at all.
      const room = time === 0 ? 0 : world.random.below(needs[command]);
      const when = `${command}, seed ${String(seed)}, ${String(room)} bytes free`;
      if (await fillOnce(victim, folder, { room, when })) full++;
    }
    assert.ok(full > 0);
  } finally {
    await succeed('umount', [folder]);
    await world.person.leave();
  }
};
