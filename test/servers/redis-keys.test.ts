import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { nextAppendOnlyFiles } from '../../src/protocol/database/restore/append-only.ts';
import { RdbCounter } from '../../src/protocol/database/redis/rdb-keys.ts';
import { startRedis } from './redis.ts';

test('B4: keys of a file of Redis are counted as Redis counts them, whatever they hold, and however the bytes come', async (context) => {
  const server = await startRedis('secret');
  context.after(() => server.stop());
  const fill = `
    for i = 1, 2000 do redis.call('SET', 'text' .. i, string.rep('mail ', i % 300)) end
    redis.call('SET', 'number', 12); redis.call('SET', 'larger', 70000); redis.call('SET', 'large', 1234567890123)
    for i = 1, 1000 do
      redis.call('RPUSH', 'list', string.rep('x', i)); redis.call('SADD', 'numbers', i); redis.call('SADD', 'set', 'a' .. i)
      redis.call('ZADD', 'scores', i / 3, 'a' .. i); redis.call('HSET', 'hash', 'a' .. i, i); redis.call('PFADD', 'logs', i)
      redis.call('XADD', 'stream', i .. '-1', 'field', i)
    end
    redis.call('RPUSH', 'short', 1, 'two'); redis.call('HSET', 'small', 'a', 'b'); redis.call('ZADD', 'few', 1, 'a')
    redis.call('SADD', 'little', 'x'); redis.call('XGROUP', 'CREATE', 'stream', 'readers', '0')
    redis.call('XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', '20', 'STREAMS', 'stream', '>')
    for i = 1, 70 do redis.call('SET', 'passing' .. i, i, 'EX', 1000 + i) end
    redis.call('SELECT', 5); redis.call('SET', 'elsewhere', 1); redis.call('SET', 'there', 1, 'PX', 1000000)`;
  await server.ask('EVAL', fill, '0');
  await server.ask('FUNCTION', 'LOAD', "#!lua name=mine\nredis.register_function('f', function() return 1 end)");
  await server.ask('SAVE');
  const bytes = await readFile(server.file);
  const keyspace = [...(await server.ask('INFO', 'keyspace')).matchAll(/keys=(\d+),expires=(\d+)/g)];
  const keys = keyspace.reduce((sum, [, count]) => sum + Number(count), 0);
  const passing = keyspace.reduce((sum, [, , count]) => sum + Number(count), 0);
  assert.deepEqual([keyspace.length, passing], [2, 71]);
  for (const step of [1, 7, 65_536, bytes.length]) {
    const counter = new RdbCounter();
    for (let at = 0; at < bytes.length; at += step) counter.add(bytes.subarray(at, at + step));
    assert.deepEqual(counter.found, { keys, lasting: keys - passing }, `in steps of ${step}`);
  }
  const counter = new RdbCounter();
  counter.add(Buffer.concat([bytes.subarray(0, 9), Buffer.from([0xee, 1, 0x61])]));
  assert.equal(counter.found, undefined, 'of what is not known nothing is said');
});

test('append-only files of a restore have numbers that none of those has that were there', () => {
  const old = 'file appendonly.aof.7.base.rdb seq 7 type b\nfile appendonly.aof.9.incr.aof seq 9 type i\n';
  const next = nextAppendOnlyFiles('appendonly.aof', old);
  assert.deepEqual([next.base, next.increment], ['appendonly.aof.10.base.rdb', 'appendonly.aof.10.incr.aof']);
  assert.equal(nextAppendOnlyFiles('a', undefined).base, 'a.1.base.rdb');
});
