import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { randomFor } from '../../bench/mailbox/random.ts';
import { createPerson } from '../journey/program.ts';
import { succeed } from '../requirement/command.ts';
import { type AccountStore, AccountWorld } from './account-world.ts';
import { resize, usedIn, whyNoMount } from './full-disk.ts';

const large = 512 * 1_048_576;
/** About what a day needs, in the mirror and in the repository. */
const needed = { direct: 12_000_000, mirror: 30_000_000 } as const;

/** Captures onto a disk that runs full, each time at another place, and goes on when there is room. */
export const fillCaptures = async (t: TestContext, store: AccountStore, count: number): Promise<void> => {
  const why = await whyNoMount();
  if (why !== undefined) {
    assert.ok(process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);
    return t.skip(why);
  }
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${String(seed)}`);
  const person = await createPerson();
  const disk = join(person.folder, 'disk');
  mkdirSync(disk);
  await succeed('mount', ['-t', 'tmpfs', '-o', `size=${String(large)}`, 'tmpfs', disk]);
  try {
    await fillAgain(await AccountWorld.create(person, store, randomFor('full captures', seed)), {
      store,
      count,
      seed,
    });
  } finally {
    await succeed('umount', [disk]);
    await person.leave();
  }
};

interface Filling {
  readonly store: AccountStore;
  readonly count: number;
  readonly seed: number;
}

const fillAgain = async (world: AccountWorld, { store, count, seed }: Filling): Promise<void> => {
  try {
    await world.assertContinues('undisturbed');
    await world.change();
    await world.remember();
    let full = 0;
    for (let time = 0; time < count; time++) {
      await world.beginAgain();
      // The first time there is no room at all.
      const room = time === 0 ? 0 : world.random.below(needed[store]);
      const when = `${store}, seed ${String(seed)}, ${String(room)} bytes free`;
      await resize(world.disk, usedIn(world.disk) + room);
      const { code, stdout, stderr } = await world.keep('run', '--json');
      if (code !== 0) {
        full++;
        assert.match(stdout + stderr, /"fault":"disk-full"/, when);
      }
      await resize(world.disk, large);
      await world.assertSound(when);
      await world.assertContinues(when);
    }
    assert.ok(full > 0);
  } finally {
    await world.stop();
  }
};
