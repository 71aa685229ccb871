import { posix } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { RedisSetting } from '../config.ts';
import { readOutput } from '../read-output.ts';
import type { RedisClient } from '../redis/client.ts';
import type { ContainerFiles, FileOwner } from './container-files.ts';

/** A Redis in a container, and where its files are there. */
export interface RedisInContainer {
  readonly client: RedisClient;
  readonly files: ContainerFiles;
  readonly answers: boolean;
  /** It runs, or tries to. */
  readonly isWanted: boolean;
  /** What it reads when it starts: `/data/dump.rdb`. */
  readonly file: string;
  /** Where it has append-only files, if it has them: a folder since Redis 7, one file before. */
  readonly appendOnly: { readonly folder: string; readonly name: string };
  readonly owner: FileOwner;
}

interface Looking {
  readonly client: RedisClient;
  readonly files: ContainerFiles;
  readonly setting: RedisSetting;
}

/** As its images have it. */
const usual = { file: '/data/dump.rdb', folder: 'appendonlydir', name: 'appendonly.aof' };

/** Where nobody says as whom it runs: it can read them, and writes others in their place. */
const unknownOwner: FileOwner = { uid: 0, gid: 0, mode: 0o644 };

/**
 * Asks the engine and the server. One whose container does not run is taken as images have it: it may be down for what is in its files. Faults:
 * `server-unavailable` while it starts, `unsupported` where what is put into the container would be gone, or replaced by its master's.
 */
export const lookAtRedis = async ({ client, files, setting }: Looking, run: Run): Promise<RedisInContainer> => {
  const { status, isFleeting } = await files.state(run);
  if (isFleeting) {
    throw new Fault('unsupported', `${client.description} goes with its container when that is stopped (--rm)`, {
      hint: 'Stop what starts it, put dump.rdb into its volume (restore with --into FOLDER), and start it.',
    });
  }
  if (status !== 'running') {
    const file = setting.file ?? usual.file;
    const appendOnly = { folder: posix.join(posix.dirname(file), usual.folder), name: usual.name };
    return { client, files, answers: false, isWanted: status === 'restarting', file, appendOnly, owner: unknownOwner };
  }
  await client.ask('PING', run);
  if (await isReplica(client, run)) {
    throw new Fault('unsupported', `${client.description} is a replica, and takes everything from its master`, {
      hint: 'Restore the master.',
    });
  }
  const said = await configOf(client, ['dir', 'dbfilename', 'appenddirname', 'appendfilename'], run);
  const folder = said.get('dir') ?? posix.dirname(setting.file ?? usual.file);
  const file = setting.file ?? posix.join(folder, said.get('dbfilename') ?? posix.basename(usual.file));
  const appendOnly = {
    folder: posix.join(folder, said.get('appenddirname') ?? usual.folder),
    name: said.get('appendfilename') ?? usual.name,
  };
  return { client, files, answers: true, isWanted: true, file, appendOnly, owner: await ownerOf(client, run) };
};

const isReplica = async (client: RedisClient, run: Run): Promise<boolean> =>
  (await client.ask('INFO replication', run)).includes('role:slave');

/** None where the user may not ask; the settings of the component then say where the file is. */
const configOf = async (
  client: RedisClient,
  names: readonly string[],
  run: Run,
): Promise<ReadonlyMap<string, string>> => {
  const said = new Map<string, string>();
  for (const name of names) {
    try {
      const [, value] = await client.ask(`CONFIG GET ${name}`, run);
      if (value !== undefined) said.set(name, value);
    } catch (error) {
      if (!isFault(error, 'permission-denied', 'entry-unreadable')) throw error;
    }
  }
  return said;
};

/** As whom the server runs, as the system of the container says it. */
const ownerOf = async (client: RedisClient, run: Run): Promise<FileOwner> => {
  const lines = await client.ask('INFO server', run);
  const process = lines.find((line) => line.startsWith('process_id:'))?.split(':')[1];
  if (process === undefined || !/^\d+$/.test(process)) return unknownOwner;
  const parameters = [`/proc/${process}/status`];
  const { output } = await readOutput(
    await client.start({ candidates: ['cat'], parameters, mode: 'fed' }, run),
    '',
    run,
  );
  const [uid, gid] = ['Uid', 'Gid'].map((name) => new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(output)?.[1]);
  if (uid === undefined || gid === undefined) return unknownOwner;
  return { uid: Number(uid), gid: Number(gid), mode: 0o600 };
};
