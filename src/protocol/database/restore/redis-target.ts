import { randomBytes } from 'node:crypto';
import { chmod, chown, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  DatabaseTarget,
  DatabaseTargetOptions,
  PlannedDump,
  RestoreAction,
} from '../../../contract/database-target.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import type { RedisSetting } from '../config.ts';
import type { DatabaseParts } from '../parts.ts';
import { checkedRdb } from '../redis/checked-rdb.ts';
import { createRedisClient, type RedisClient } from '../redis/client.ts';
import { readDump } from './dump-files.ts';
import { createRedisContainerTarget } from './redis-container-target.ts';
import { planEach, restoreEach } from './restore-each.ts';

interface RedisWish {
  readonly parts: DatabaseParts;
  readonly options: DatabaseTargetOptions;
}

/** A Redis, on this machine or in a container. Faults of `ReadSecret`. */
export const createRedisTarget = async (setting: RedisSetting, wish: RedisWish, run: Run): Promise<DatabaseTarget> =>
  setting.in === undefined
    ? redisFileTarget(setting, wish, run)
    : createRedisContainerTarget({ setting, place: setting.in, ...wish });

/** The file of a Redis on this machine, which is stopped meanwhile: it reads it only when it starts. */
const redisFileTarget = async (
  setting: RedisSetting,
  { parts, options }: RedisWish,
  run: Run,
): Promise<DatabaseTarget> => {
  const client = await createRedisClient(setting, parts, run);
  const into = options.rename?.['dump'] ?? setting.file ?? '';
  return {
    description: client.description,
    plan: (dumps, run) =>
      planEach(
        dumps,
        {
          wanted: (file) => file === 'dump.rdb',
          plan: async (file, request): Promise<PlannedDump> => {
            for await (const _ of checkedRdb(readDump(dumps, request, run), file)) throwIfInterrupted(run);
            const action = await actionOf({ client, into }, run);
            return { file, into, action, tables: 0, rows: 0, others: [], notes };
          },
        },
        run,
      ),
    apply: (plan, dumps, run) =>
      restoreEach(
        plan,
        {
          dumps,
          restore: async ({ file }, request) => {
            const refused = await actionOf({ client, into }, run);
            if (refused.kind === 'refuse') throw refused.fault;
            await putFile(checkedRdb(readDump(dumps, request, run), file), into, run);
            return { tables: 0, rows: 0 };
          },
        },
        run,
      ),
  };
};

const notes = ['A server with appendonly yes reads its append-only files instead: set it to no for its first start.'];

interface Deciding {
  readonly client: RedisClient;
  readonly into: string;
}

const refusal = (message: string, hint: string): RestoreAction => ({
  kind: 'refuse',
  fault: new Fault('target-occupied', message, { hint }),
});

const actionOf = async ({ client, into }: Deciding, run: Run): Promise<RestoreAction> => {
  if (into === '') {
    return refusal(
      `it is not known where the file of ${client.description} is`,
      'Name it: file: /var/lib/redis/dump.rdb',
    );
  }
  if (await isRunning(client, run)) {
    return refusal(`${client.description} is running, and would write over its file when it ends`, 'Stop it first.');
  }
  return { kind: 'swap', scratch: scratchOf(into) };
};

const isRunning = (client: RedisClient, run: Run): Promise<boolean> =>
  client.ask('PING', run).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, 'server-unavailable', 'configuration')) return false;
      if (isFault(error, 'interrupted')) throw error;
      return true;
    },
  );

const scratchOf = (path: string): string => join(dirname(path), `.${randomBytes(6).toString('hex')}.mailkeep-restore`);

/** Whole or not at all, with owner and permissions of the file that was there, or of its folder. */
const putFile = async (bytes: AsyncIterable<Uint8Array>, path: string, run: Run): Promise<void> => {
  const scratch = scratchOf(path);
  try {
    const handle = await open(scratch, 'wx', 0o600);
    try {
      for await (const part of bytes) {
        throwIfInterrupted(run);
        await handle.write(part);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    const old = await stat(path).catch(() => undefined);
    const { uid, gid } = old ?? (await stat(dirname(path)));
    if (process.getuid?.() === 0) await chown(scratch, uid, gid);
    await chmod(scratch, old === undefined ? 0o640 : old.mode & 0o777);
    await rename(scratch, path);
  } catch (error) {
    throw errnoFault(error, 'write', path);
  } finally {
    await rm(scratch, { force: true });
  }
};
