import { posix } from 'node:path';
import type { Component } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { RedisSetting } from '../config.ts';
import type { DumpFile } from '../dump-file.ts';
import { createDumpSource } from '../dump-source.ts';
import type { DatabaseParts } from '../parts.ts';
import { runDump } from '../run-dump.ts';
import { createRedisClient, redisFault, type RedisClient } from './client.ts';
import { saveInBackground } from './save.ts';
import { checkedRdb } from './checked-rdb.ts';

const dumpFileName = 'dump.rdb';

/** A server of Redis: what it holds, as the file that it has written for it. */
export const redisComponent = (name: string, setting: RedisSetting, parts: DatabaseParts): Component => ({
  name,
  form: 'dump',
  open: async (run) => {
    const client = await createRedisClient(setting, parts, run);
    const size = await usedMemory(client, run);
    return createDumpSource({
      description: client.description,
      time: run.now(),
      files: [rdbDump(client, setting, size)],
    });
  },
});

const usedMemory = async (client: RedisClient, run: Run): Promise<number> => {
  const lines = await client.ask('INFO memory', run);
  return Number(lines.find((line) => line.startsWith('used_memory:'))?.split(':')[1] ?? 0) || 0;
};

const rdbDump = (client: RedisClient, setting: RedisSetting, size: number): DumpFile => ({
  name: byteStringOfText(dumpFileName),
  size,
  async *dump(run) {
    await saveInBackground(client, setting.patience, run);
    const file = setting.file ?? (await fileOf(client, run));
    const bytes = runDump(
      {
        name: dumpFileName,
        subject: `the file ${file} of ${client.description}`,
        // Opened once: a later save puts another file in its place, and this one stays as it is.
        start: (run) => client.start({ candidates: ['cat'], parameters: ['--', file], mode: 'watched' }, run),
        fault: redisFault,
      },
      run,
    );
    yield* checkedRdb(bytes, file);
  },
});

const fileOf = async (client: RedisClient, run: Run): Promise<string> => {
  const [, folder] = await client.ask('CONFIG GET dir', run);
  const [, file] = await client.ask('CONFIG GET dbfilename', run);
  if (folder !== undefined && file !== undefined) return posix.join(folder, file);
  throw new Fault('configuration', `${client.description} does not say where its file is`, {
    hint: 'Name it: file: /data/dump.rdb',
  });
};
