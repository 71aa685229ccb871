import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { randomFor } from '../../bench/mailbox/random.ts';
import { ended } from '../journey/program.ts';
import { assertContinues, assertSound, copyOf, type Disturbed, prepare, type Victim } from './victim.ts';
import { World } from './world.ts';

/** How long the command takes when nobody kills it, in milliseconds. */
const durationOf = async (victim: Victim): Promise<number> => {
  const repository = await copyOf(victim, 'timed');
  const from = performance.now();
  await victim.world.run('ours', victim.args, repository);
  return performance.now() - from;
};

/** Kills a command again and again, each time at another moment, and looks at what that leaves. */
export const killAgainAndAgain = async (t: TestContext, command: Disturbed, count: number): Promise<void> => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${String(seed)}`);
  const world = await World.create(randomFor('killed runs', seed));
  try {
    const victim = await prepare(command, world);
    const duration = await durationOf(victim);
    for (let kill = 0; kill < count; kill++) {
      const repository = await copyOf(victim, 'killed');
      const when = `${command}, seed ${String(seed)}, kill ${String(kill)}`;
      const child = world.start(victim.args, repository);
      const over = ended(child);
      // Most of the time goes into starting the program and opening the repository.
      await wait(duration * (0.4 + (0.65 * (kill + world.random.unit())) / count));
      child.kill('SIGKILL');
      await over;
      await assertSound(victim, repository, when);
      await assertContinues(victim, repository, when);
    }
  } finally {
    await world.person.leave();
  }
};
