import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ThrowawayDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { errnoCode } from '../../../system/errno.ts';
import { imageOf, type ProgramSite } from '../../../system/program-site.ts';
import { prepareServiceFolder, type ServiceFolder } from '../../../system/service-folder.ts';
import { type StartedService, untilReady } from '../../../system/started-service.ts';
import type { RedisSetting } from '../config.ts';
import { createRedisClient, type RedisClient } from '../redis/client.ts';
import { createRedisTarget } from '../restore/redis-target.ts';
import { placeOf, userIn } from './site-place.ts';
import type { ThrowawayWish } from './throwaway-wish.ts';

const readyWithin = 600_000;
const servers: readonly string[] = ['redis-server', 'valkey-server', 'keydb-server'];
const checkers: readonly string[] = ['redis-check-rdb', 'valkey-check-rdb', 'keydb-check-rdb'];
const fileName = 'dump.rdb';

interface RedisProgram {
  readonly program: string;
  /** For people: `Redis 7.0.15`. */
  readonly name: string;
}

/** Undefined: none is there. */
const findServer = async (site: ProgramSite, { signal }: Run): Promise<RedisProgram | undefined> => {
  for (const program of servers) {
    const asked = await site.run({ program, parameters: ['--version'] }, signal);
    if (asked?.code !== 0) continue;
    const [, brand = 'Redis', version = ''] = /^(\w+)\b.*?\bv=(\S+)/.exec(asked.stdout) ?? [];
    return { program, name: `${brand} ${version}`.trim() };
  }
  return undefined;
};

/** What the program for that says of the file, where it is installed: it names the place and the key. Fault `entry-unreadable`. */
const checkFile = async ({ data, identity, site }: RedisPlace, run: Run): Promise<void> => {
  const parameters = [join(data, fileName)];
  for (const program of checkers) {
    const ended = await site.run({ program, parameters, identity, folder: data }, run.signal);
    if (ended === undefined) continue;
    if (ended.code === 0) return;
    const said = `${ended.stdout}${ended.stderr}`.trim().slice(-300);
    throw new Fault('entry-unreadable', `${program} refuses ${fileName}: ${said}`);
  }
};

interface RedisPlace extends ServiceFolder {
  readonly program: string;
  readonly site: ProgramSite;
}

const startServer = ({ program, data, identity, site }: RedisPlace, socket: string) =>
  site.start({
    program,
    parameters: [
      ['--port', '0'],
      ['--unixsocket', socket],
      ['--unixsocketperm', '700'],
      ['--dir', data],
      ['--dbfilename', fileName],
      ['--save', ''],
      ['--appendonly', 'no'],
    ].flat(),
    folder: data,
    identity,
  });

const answers = async (client: RedisClient, run: Run): Promise<boolean> => {
  try {
    await client.ask('PING', run);
    return true;
  } catch (error) {
    if (!isFault(error) || isFault(error, 'interrupted', 'configuration')) throw error;
    return false;
  }
};

/**
 * `db0:keys=7,expires=2,avg_ttl=0` of INFO keyspace. Keys that expire are left out: in an old backup they may be gone all, and nothing is lost with them.
 */
const countKeys = async (client: RedisClient, component: string, run: Run) => {
  const counts: Record<string, number> = {};
  for (const line of await client.ask('INFO keyspace', run)) {
    const [, database = '', keys, expires] = /^(db\d+):keys=(\d+),expires=(\d+)/.exec(line) ?? [];
    const lasting = Number(keys ?? 0) - Number(expires ?? 0);
    if (lasting > 0) counts[`${component}.${database}`] = lasting;
  }
  return counts;
};

/**
 * A Redis that listens on a socket in its own folder alone, and never runs as the superuser. It reads its file when it starts, so it is started when its
 * keys are counted. Undefined: none is installed. Faults then: `entry-unreadable`, `server-unavailable`.
 */
export const createThrowawayRedis = async (wish: ThrowawayWish, run: Run): Promise<ThrowawayDatabase | undefined> => {
  const { site, component, folder, noteService } = wish;
  const found = await findServer(site, run);
  if (found === undefined) return undefined;
  const place = { program: found.program, site, ...(await prepareServiceFolder(wish)) };
  const socket = join(place.data, 'socket');
  const file = join(place.data, fileName);
  const setting: RedisSetting = { database: 'redis', socket, file, patience: 1 };
  const parts = { readSecret: async () => new Secret(''), variables: site.variables, spool: join(folder, 'spool') };
  const client = await createRedisClient({ ...setting, in: placeOf(site), systemUser: userIn(place) }, parts, run);
  let service: StartedService | undefined;
  return {
    program: { name: found.name, ...imageOf(site) },
    target: (_, run) => createRedisTarget(setting, { parts, options: { replace: false, users: true } }, run),
    rowCounts: async (run) => {
      // Of a file that could not be brought back is told already.
      if (!(await isThere(file))) return {};
      await checkFile(place, run);
      service = await startServer(place, socket);
      if (service === undefined) return {};
      await noteService(service.pid);
      const isReady = () => answers(client, run);
      await untilReady('Redis', service, { isReady, patience: readyWithin }, run.signal);
      return countKeys(client, component, run);
    },
    accounts: () => Promise.resolve([]),
    stop: async () => {
      await service?.stop();
      await site.close();
    },
  };
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
