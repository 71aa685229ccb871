import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import type { RedisClient } from './client.ts';

const pollMilliseconds = 250;

/** `rdb_bgsave_in_progress:0` and others, of INFO persistence. */
const persistence = async (client: RedisClient, run: Run): Promise<ReadonlyMap<string, string>> => {
  const lines = await client.ask('INFO persistence', run);
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
};

const lastSave = async (client: RedisClient, run: Run): Promise<number> =>
  Number((await client.ask('LASTSAVE', run))[0]);

/**
 * Has the server write its file (BGSAVE), and waits until a save that began after this call has ended well. Faults of the client,
 * `entry-unreadable` when the save failed or lasts longer than `patience` seconds.
 */
export const saveInBackground = async (client: RedisClient, patience: number, run: Run): Promise<void> => {
  const until = run.now() + BigInt(patience) * 1_000_000_000n;
  const waitUntilIdle = async (): Promise<ReadonlyMap<string, string>> => {
    for (;;) {
      throwIfInterrupted(run);
      const state = await persistence(client, run);
      const isBusy = state.get('rdb_bgsave_in_progress') === '1' || state.get('aof_rewrite_in_progress') === '1';
      if (!isBusy) return state;
      if (run.now() > until) {
        throw new Fault('entry-unreadable', `${client.description} has not saved within ${patience} s`, {
          hint: 'Raise patience in the settings of the component.',
          retry: true,
        });
      }
      await sleep(pollMilliseconds, run.signal);
    }
  };
  // One that runs already may have begun before the last change.
  await waitUntilIdle();
  const before = await lastSave(client, run);
  await client.ask('BGSAVE', run);
  const state = await waitUntilIdle();
  // In whole seconds, so that it may be the same; a save that failed leaves it and says so.
  const after = await lastSave(client, run);
  if (state.get('rdb_last_bgsave_status') === 'ok' && after >= before) return;
  throw new Fault('entry-unreadable', `${client.description} could not save: BGSAVE failed`, {
    hint: "Look at the server's log: often there is no room, or no memory for a second process.",
    retry: true,
  });
};
