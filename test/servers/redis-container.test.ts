import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseReport } from '../../src/contract/database-target.ts';
import { isFault } from '../../src/model/fault.ts';
import { succeed } from '../requirement/command.ts';
import { canRunContainers, type ContainerEngine, startContainerEngine } from './container-engine.ts';
import { loadImage } from './drill-images.ts';
import {
  composeFile,
  type ContainedRedis,
  containedRedis,
  dataFolder,
  nobody,
  ofTheFuture,
  realRun,
  redisImage,
  serverCommand,
} from './redis-container.ts';

const faults = ({ failed }: DatabaseReport): readonly string[] => failed.map(({ fault }) => fault.message);

describe(
  'a restore of Redis into its container',
  { skip: canRunContainers ? false : 'containers are for root' },
  () => {
    let engine: ContainerEngine;
    let folder: string;
    let plain: ContainedRedis;
    let appending: ContainedRedis;
    const stateOf = async ({ name }: ContainedRedis): Promise<string> =>
      (await engine.docker('inspect', '--format', '{{.State.Status}}', name)).trim();
    const leftovers = async ({ data }: ContainedRedis): Promise<readonly string[]> =>
      (await readdir(data, { recursive: true })).filter((path) => path.includes('mailkeep'));

    before(async () => {
      engine = await startContainerEngine();
      folder = await mkdtemp(join(tmpdir(), 'mailkeep-redis-container-'));
      await loadImage('redis', { folder, as: redisImage, engine: engine.docker });
      const common = { engine: engine.docker, variables: engine.variables, folder };
      plain = containedRedis({ ...common, name: 'redis-plain', container: { docker: 'redis-plain' } });
      const data = await dataFolder({ folder, name: plain.name });
      const [program = '', ...parameters] = serverCommand(false);
      const how = [
        '--network',
        'host',
        '--user',
        `${nobody}:${nobody}`,
        '--entrypoint',
        program,
        '-v',
        `${data}:/data`,
      ];
      await engine.docker('run', '-d', '--name', plain.name, ...how, redisImage, ...parameters);
      const wish = { ...common, name: 'redis-appending', container: { docker: 'redis-appending' } };
      await dataFolder(wish);
      const file = await composeFile(wish, true);
      await succeed('docker-compose', ['-f', file, 'up', '-d'], { env: { ...process.env, ...engine.variables } });
      appending = containedRedis({ ...wish, place: { compose: { file, service: 'cache' } } });
      for (const redis of [plain, appending]) await redis.untilUp();
    });
    after(async () => {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    });

    for (const kind of ['dump alone', 'append-only files']) {
      test(`B11: with its ${kind} it comes back by itself, stays after another start, and belongs to who runs it`, async () => {
        const redis = kind === 'dump alone' ? plain : appending;
        await redis.ask('FLUSHALL');
        await redis.ask('SET', 'dkim', 'a private key');
        await redis.ask('-n', '3', 'SET', 'passing', 'x', 'EX', '1000');
        const content = await redis.dump();
        await redis.ask('FLUSHALL');
        await redis.ask('SET', 'later', 'x');
        assert.deepEqual(faults(await redis.restore(content)), []);
        const isBack = async (): Promise<void> => {
          assert.equal(await redis.ask('GET', 'dkim'), 'a private key\n');
          assert.equal(await redis.ask('DBSIZE'), '1\n');
          assert.equal(await redis.ask('-n', '3', 'DBSIZE'), '1\n');
        };
        await isBack();
        await redis.ask('SET', 'newer', 'x');
        await engine.docker('restart', redis.name);
        await redis.untilUp();
        assert.equal(await redis.ask('DEL', 'newer'), '1\n');
        await isBack();
        const { uid, gid } = await stat(join(redis.data, 'dump.rdb'));
        assert.deepEqual([uid, gid], [nobody, nobody]);
        assert.deepEqual(await leftovers(redis), []);
      });

      test(`B11: with its ${kind}, a file that it cannot read is taken away again, and what was there runs`, async () => {
        const redis = kind === 'dump alone' ? plain : appending;
        await redis.ask('FLUSHALL');
        await redis.ask('SET', 'mine', 'x');
        const content = ofTheFuture(await redis.dump());
        await redis.ask('SET', 'not-saved-yet', 'x');
        const [told = '', ...others] = faults(await redis.restore(content));
        assert.match(told, /does not start with the file of the backup; what was there is in its place again/);
        assert.deepEqual(others, []);
        await redis.untilUp();
        assert.deepEqual((await redis.ask('KEYS', '*')).split('\n').toSorted(), ['', 'mine', 'not-saved-yet']);
        assert.deepEqual(await leftovers(redis), []);
      });
    }

    test('B11: interrupted while the container is down, what was there runs again', async () => {
      await plain.ask('FLUSHALL');
      const content = await plain.dump();
      await plain.ask('SET', 'mine', 'x');
      const run = realRun();
      const restored = plain.restore(content, run).catch((error: unknown) => error);
      while ((await stateOf(plain)) === 'running') await sleep(20);
      run.abort();
      assert.ok(isFault(await restored, 'interrupted'), String(await restored));
      await plain.untilUp();
      assert.equal(await plain.ask('KEYS', '*'), 'mine\n');
    });

    test('B11: one that is down as its file is damaged comes back, and the damaged file stays beside', async () => {
      await plain.ask('FLUSHALL');
      await plain.ask('SET', 'mine', 'x');
      const content = await plain.dump();
      await engine.docker('stop', plain.name);
      await writeFile(join(plain.data, 'dump.rdb'), 'damaged');
      await engine.docker('start', plain.name);
      while ((await stateOf(plain)) === 'running') await sleep(100);
      assert.deepEqual(faults(await plain.restore(content)), []);
      assert.equal(await plain.ask('KEYS', '*'), 'mine\n');
    });

    test('what cannot be is refused before anything is stopped: a replica, a container that goes when it is stopped, none at all', async () => {
      const content = await plain.dump();
      await plain.ask('REPLICAOF', '127.0.0.1', '1');
      await assert.rejects(plain.restore(content), /is a replica/);
      await plain.ask('REPLICAOF', 'NO', 'ONE');
      assert.equal(await stateOf(plain), 'running');
      const common = { engine: engine.docker, variables: engine.variables, folder };
      const fleeting = ['--rm', '--network', 'host', '--entrypoint', 'sleep'];
      await engine.docker('run', '-d', '--name', 'redis-fleeting', ...fleeting, redisImage, '1000');
      const other = (name: string) => containedRedis({ ...common, name, container: { docker: name } }).restore(content);
      await assert.rejects(other('redis-fleeting'), /goes with its container when that is stopped/);
      await assert.rejects(other('redis-nobody'), (thrown) => isFault(thrown, 'server-unavailable'));
      assert.deepEqual(await readFile(join(plain.data, 'dump.rdb')), content);
    });
  },
);
