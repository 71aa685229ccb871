import { createWriteStream } from 'node:fs';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DatabaseTarget, DatabaseTargetOptions, PlannedDump } from '../../../contract/database-target.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ReadRequest } from '../../../contract/source.ts';
import { Fault } from '../../../model/fault.ts';
import type { DatabasePlace, RedisSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { checkedRdb } from '../redis/checked-rdb.ts';
import { createRedisClient } from '../redis/client.ts';
import { counted, RdbCounter } from '../redis/rdb-keys.ts';
import { saveInBackground } from '../redis/save.ts';
import { nameOfPlace } from '../place.ts';
import { openSpoolFolder } from '../spool-folder.ts';
import { containerFiles } from './container-files.ts';
import { readDump } from './dump-files.ts';
import { exchangeFiles } from './redis-exchange.ts';
import { lookAtRedis, type RedisInContainer } from './redis-in-container.ts';
import { planEach, restoreEach } from './restore-each.ts';

export interface RedisContainerWish {
  readonly setting: RedisSetting;
  readonly place: DatabasePlace;
  readonly parts: DatabaseParts;
  readonly options: DatabaseTargetOptions;
}

/**
 * A Redis in a container, which is stopped while its file is exchanged. What it holds is saved before, stays beside the new file until
 * that is loaded and its keys are counted, and is put back otherwise.
 */
export const createRedisContainerTarget = (wish: RedisContainerWish): DatabaseTarget => {
  const { setting, place, parts, options } = wish;
  const description = `Redis${nameOfPlace(place)}`;
  const look = async (run: Run): Promise<RedisInContainer> => {
    const files = await containerFiles(place, parts.variables, run);
    // Once it is known: to go by way of the compose file takes seconds each time.
    const there = { ...setting, in: { kind: files.engine, value: files.name } };
    const client = { ...(await createRedisClient(there, parts, run)), description };
    return lookAtRedis({ client, files, setting }, run);
  };
  return {
    description,
    plan: async (dumps, run) => {
      // Not up yet is no refusal: it may be asked again.
      const found = await look(run);
      const plan = async (file: PlannedDump['file'], request: ReadRequest): Promise<PlannedDump> => {
        const counter = new RdbCounter();
        for await (const _ of counted(checkedRdb(readDump(dumps, request, run), file), counter))
          throwIfInterrupted(run);
        const { found: keys } = counter;
        const into = `${nameOf(place)}:${found.file}`;
        const others = keys === undefined ? [] : [`${keys.keys} keys`];
        const action = { kind: 'swap', scratch: keptName(found.file, run) } as const;
        return { file, into, action, tables: 0, rows: 0, others, notes };
      };
      return planEach(dumps, { wanted: (file) => file === 'dump.rdb', plan }, run);
    },
    apply: (plan, dumps, run) =>
      restoreEach(
        plan,
        {
          dumps,
          restore: async ({ file }, request) => {
            const spool = await openSpoolFolder(parts.spool, run);
            try {
              const counter = new RdbCounter();
              const fresh = join(spool.path, 'fresh.rdb');
              await write(fresh, counted(checkedRdb(readDump(dumps, request, run), file), counter), run);
              const found = await look(run);
              // What is in memory alone would be gone if it had to be put back.
              if (found.answers) await saved(found.client, setting, options.replace, run);
              const kept = keptName(found.file, run);
              await exchangeFiles({ found, spool: spool.path, fresh, keys: counter.found, kept }, run);
              return { tables: 0, rows: 0 };
            } finally {
              await spool.remove();
            }
          },
        },
        run,
      ),
  };
};

const notes = ['Its container is stopped meanwhile, and started with it.'];

const nameOf = (place: DatabasePlace): string => (place.kind === 'compose' ? place.value.service : place.value);

/** Beside it, and of no earlier restore. */
const keptName = (file: string, run: Run): string => {
  const seconds = new Date(Number(run.now() / 1_000_000n)).toISOString().replace(/\D/g, '').slice(0, 14);
  return posix.join(posix.dirname(file), `${posix.basename(file)}.mailkeep-old-${seconds}`);
};

const write = async (path: string, bytes: AsyncIterable<Uint8Array>, run: Run): Promise<void> => {
  await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: run.signal }).catch(
    (error: unknown) => {
      throwIfInterrupted(run);
      throw error;
    },
  );
};

const saved = async (
  client: Parameters<typeof saveInBackground>[0],
  { patience }: RedisSetting,
  replace: boolean,
  run: Run,
): Promise<void> => {
  try {
    await saveInBackground(client, patience, run);
  } catch (error) {
    throwIfInterrupted(run);
    if (replace) return;
    throw new Fault(
      'target-occupied',
      `${client.description} cannot save what it holds, so that could not be put back`,
      {
        cause: error,
        hint: 'Look at its log; with --replace it is restored all the same, and what it has not saved is gone.',
      },
    );
  }
};
