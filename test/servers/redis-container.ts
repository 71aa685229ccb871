import assert from 'node:assert/strict';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseReport } from '../../src/contract/database-target.ts';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import { databaseComponent } from '../../src/protocol/database/component.ts';
import { databaseTarget } from '../../src/protocol/database/restore/database-target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { dump, parts, settingOf } from './database-dumps.ts';

export type EngineCommand = (...args: readonly string[]) => Promise<string>;

/** A Redis in a container, which runs as nobody; its files lie in a folder of this machine. */
export interface ContainedRedis {
  readonly name: string;
  readonly data: string;
  ask(...words: readonly string[]): Promise<string>;
  untilUp(): Promise<void>;
  /** Its dump, as a backup has it. */
  dump(): Promise<Buffer>;
  restore(content: Uint8Array, run?: TestRun): Promise<DatabaseReport>;
}

export interface ContainedWish {
  readonly name: string;
  readonly engine: EngineCommand;
  readonly variables: Readonly<Record<string, string>>;
  readonly folder: string;
  /** How a component names its container. */
  readonly container: Readonly<Record<string, unknown>>;
  /** How the restore names it, where that is another way. */
  readonly place?: Readonly<Record<string, unknown>>;
}

export const nobody = 65_534;
export const password = 'secret-of-redis-4711';
export const redisImage = 'mailkeep-redis';

/** What the server in the container is started with. */
export const serverCommand = (appendOnly: boolean): readonly string[] =>
  [
    ['redis-server', '--dir', '/data', '--port', '0', '--unixsocket', '/data/socket', '--requirepass', password],
    ['--appendonly', appendOnly ? 'yes' : 'no'],
  ].flat();

export const dataFolder = async ({ folder, name }: Pick<ContainedWish, 'folder' | 'name'>): Promise<string> => {
  const data = join(folder, name);
  await mkdir(data);
  await chown(data, nobody, nobody);
  return data;
};

export const realRun = (): TestRun => ({ ...createTestRun(), now: () => BigInt(Date.now()) * 1_000_000n });

export const containedRedis = (wish: ContainedWish): ContainedRedis => {
  const { name, engine, variables, folder, container, place = container } = wish;
  const settingIn = (where: typeof place) =>
    settingOf({ database: 'redis', in: where, socket: '/data/socket', password: { value: 'x' } });
  const own = parts(password, variables);
  const ask: ContainedRedis['ask'] = (...words) =>
    engine('exec', name, 'redis-cli', '-s', '/data/socket', '--no-auth-warning', '-a', password, ...words);
  return {
    name,
    data: join(folder, name),
    ask,
    untilUp: async () => {
      for (let attempt = 0; attempt < 300; attempt++) {
        if ((await ask('PING').catch(() => '')).trim() === 'PONG') return;
        await sleep(200);
      }
      assert.fail(`${name} does not start`);
    },
    dump: async () => {
      const { contents, verdicts } = await dump(databaseComponent('redis', settingIn(container), own), realRun());
      assert.equal(verdicts.get('dump.rdb')?.kind, 'complete', JSON.stringify([...verdicts]));
      return contents.get('dump.rdb') ?? Buffer.alloc(0);
    },
    restore: async (content, run = realRun()) => {
      const source = createMemorySource(memoryDirectory({ 'dump.rdb': memoryFile(content) }));
      const target = await databaseTarget(
        settingIn(place),
        { parts: own, options: { replace: false, users: true } },
        run,
      );
      return target.apply(await target.plan(source, run), source, run);
    },
  };
};

/** One of a version that no server knows yet, whole as far as can be told without one: a sum of zeros stands for none. */
export const ofTheFuture = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from('REDIS9999'), content.subarray(9, -8), Buffer.alloc(8)]);

export const composeFile = async (wish: ContainedWish, appendOnly: boolean): Promise<string> => {
  const file = join(wish.folder, 'compose.yml');
  const service = {
    image: redisImage,
    container_name: wish.name,
    network_mode: 'host',
    user: `${nobody}:${nobody}`,
    restart: 'always',
    volumes: [`${join(wish.folder, wish.name)}:/data`],
    entrypoint: serverCommand(appendOnly),
  };
  // What is JSON is YAML, too.
  await writeFile(file, JSON.stringify({ version: '2.4', services: { cache: service } }));
  return file;
};
