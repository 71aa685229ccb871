import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canRunContainers } from './container-engine.ts';
import { loadImage } from './drill-images.ts';
import { type PodmanEngine, startPodmanEngine } from './podman-engine.ts';
import {
  type ContainedRedis,
  containedRedis,
  dataFolder,
  nobody,
  ofTheFuture,
  redisImage,
  serverCommand,
} from './redis-container.ts';

describe('a restore of Redis into Podman', { skip: canRunContainers ? false : 'containers are for root' }, () => {
  let engine: PodmanEngine;
  let folder: string;
  let redis: ContainedRedis;
  before(async () => {
    engine = await startPodmanEngine();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-redis-podman-'));
    await loadImage('redis', { folder, as: redisImage, engine: engine.podman });
    const name = 'redis-appending';
    redis = containedRedis({
      engine: engine.podman,
      variables: engine.variables,
      folder,
      name,
      container: { podman: name },
    });
    const data = await dataFolder({ folder, name });
    const [program = '', ...parameters] = serverCommand(true);
    const how = ['--user', `${nobody}:${nobody}`, '--entrypoint', program, '-v', `${data}:/data`];
    await engine.podman('run', '-d', '--name', name, ...how, redisImage, ...parameters);
    await redis.untilUp();
  });
  after(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('B11: it comes back by itself, belongs to who runs it, and a file that it cannot read is taken away again', async () => {
    await redis.ask('SET', 'dkim', 'a private key');
    const content = await redis.dump();
    await redis.ask('FLUSHALL');
    await redis.ask('SET', 'later', 'x');
    const unreadable = await redis.restore(ofTheFuture(content));
    assert.match(unreadable.failed[0]?.fault.message ?? '', /what was there is in its place again/);
    await redis.untilUp();
    assert.equal(await redis.ask('KEYS', '*'), 'later\n');
    const { failed } = await redis.restore(content);
    assert.deepEqual(
      failed.map(({ fault }) => fault.message),
      [],
    );
    assert.equal(await redis.ask('GET', 'dkim'), 'a private key\n');
    assert.equal((await stat(join(redis.data, 'dump.rdb'))).uid, nobody);
    const left = (await readdir(redis.data, { recursive: true })).filter((path) => path.includes('mailkeep'));
    assert.deepEqual(left, []);
  });
});
