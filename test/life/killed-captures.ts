import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { randomFor } from '../../bench/mailbox/random.ts';
import { createPerson, ended } from '../journey/program.ts';
import { type AccountStore, AccountWorld } from './account-world.ts';

/** Kills a capture again and again, of a whole account and of a day in turn, each time at another moment. */
export const killCaptures = async (t: TestContext, store: AccountStore, count: number): Promise<void> => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${String(seed)}`);
  const person = await createPerson();
  const world = await AccountWorld.create(person, store, randomFor('killed captures', seed));
  try {
    for (const isFirst of [true, false]) {
      await world.remember();
      const from = performance.now();
      await world.assertContinues('undisturbed');
      // Of what that takes, the capture is the smaller part.
      const duration = (performance.now() - from) / 3;
      const kills = isFirst ? Math.ceil(count / 2) : Math.floor(count / 2);
      for (let kill = 0; kill < kills; kill++) {
        await world.beginAgain();
        const when = `${store}, ${isFirst ? 'all' : 'a day'}, seed ${String(seed)}, kill ${String(kill)}`;
        const child = world.start('run');
        const over = ended(child);
        await wait(duration * (0.2 + (0.8 * (kill + world.random.unit())) / kills));
        child.kill('SIGKILL');
        await over;
        await world.assertSound(when);
        await world.assertContinues(when);
      }
      await world.change();
    }
  } finally {
    await world.stop();
    await person.leave();
  }
};
