import { writeFile, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { readOutput } from '../read-output.ts';
import type { RedisClient } from '../redis/client.ts';
import type { RdbKeys } from '../redis/rdb-keys.ts';
import { nextAppendOnlyFiles } from './append-only.ts';
import type { RedisInContainer } from './redis-in-container.ts';

export interface Exchange {
  readonly found: RedisInContainer;
  /** For what comes out of the container. */
  readonly spool: string;
  /** The file that is brought back, whole. */
  readonly fresh: string;
  /** What it holds; undefined where that cannot be told. */
  readonly keys: RdbKeys | undefined;
  /** Where the old file is kept in the container until the new one has proved itself. */
  readonly kept: string;
}

/** A file of the container as it was, and what it is put back from. */
interface Replaced {
  readonly path: string;
  readonly from: string;
}

/** Stops the container, puts the file in, starts it and counts. Whatever fails, what was there is put back and started. */
export const exchangeFiles = async (exchange: Exchange, run: Run): Promise<void> => {
  const { files, client } = exchange.found;
  const replaced: Replaced[] = [];
  const added: string[] = [];
  try {
    await files.stop(run);
    await replaceFile(exchange, { replaced, added }, run);
    await replaceAppendOnly(exchange, { replaced, added }, run);
    await files.start(run);
    await untilUp(exchange, run);
    await verify(exchange, run);
  } catch (error) {
    throw await putBack(exchange, { replaced, added, error }, unstoppable(run));
  }
  // That it is not tidy harms nobody.
  await remove(client, added, run);
};

const unstoppable = (run: Run): Run => ({
  signal: new AbortController().signal,
  now: () => run.now(),
  emit: (event) => run.emit(event),
});

interface Done {
  /** What has another content now. */
  readonly replaced: Replaced[];
  /** What was not there, and is to go when all is well. */
  readonly added: string[];
}

const keepBeside = async (
  { found: { files, owner }, spool }: Exchange,
  { path, kept }: { readonly path: string; readonly kept: string },
  { replaced, added }: Done,
  run: Run,
): Promise<void> => {
  const from = join(spool, `old-${posix.basename(path)}`);
  if (!(await files.take(path, from, run))) return;
  await files.put(from, kept, owner, run);
  added.push(kept);
  replaced.push({ path, from });
};

const replaceFile = async (exchange: Exchange, done: Done, run: Run): Promise<void> => {
  const { found, fresh, kept } = exchange;
  await keepBeside(exchange, { path: found.file, kept }, done, run);
  await found.files.put(fresh, found.file, found.owner, run);
};

/**
 * A server that has append-only files, or would begin them, reads only those. Which of the two forms counts is known by what lies there: the folder's
 * list is replaced, which names its files; the one file of earlier versions by the new content, as it may begin with a file of Redis.
 */
const replaceAppendOnly = async (exchange: Exchange, done: Done, run: Run): Promise<void> => {
  const { found, fresh, kept, spool } = exchange;
  const { files, owner, appendOnly } = found;
  const manifest = posix.join(appendOnly.folder, `${appendOnly.name}.manifest`);
  const from = join(spool, 'manifest');
  if (await files.take(manifest, from, run)) {
    const old = await readFile(from, 'utf8');
    const next = nextAppendOnlyFiles(appendOnly.name, old);
    const [list, empty] = [join(spool, 'new-manifest'), join(spool, 'empty')];
    await writeFile(list, next.manifest);
    await writeFile(empty, '');
    await files.put(fresh, posix.join(appendOnly.folder, next.base), owner, run);
    await files.put(empty, posix.join(appendOnly.folder, next.increment), owner, run);
    done.replaced.push({ path: manifest, from });
    await files.put(list, manifest, owner, run);
    const names = [...old.matchAll(/^file (\S+) seq \d+ type /gm)].map(([, name = '']) => name);
    done.added.push(...names.filter((name) => !name.includes('/')).map((name) => posix.join(appendOnly.folder, name)));
    return;
  }
  const path = posix.join(posix.dirname(appendOnly.folder), appendOnly.name);
  const before = done.replaced.length;
  await keepBeside(exchange, { path, kept: kept.replace(posix.basename(found.file), appendOnly.name) }, done, run);
  if (done.replaced.length > before) await files.put(fresh, path, owner, run);
};

const pauseMilliseconds = 500;
const patience = 600_000_000_000n;

const untilUp = async ({ found: { files, client } }: Exchange, run: Run): Promise<void> => {
  const until = run.now() + patience;
  for (;;) {
    throwIfInterrupted(run);
    const { status } = await files.state(run);
    if (status !== 'running' && status !== 'created') {
      throw new Fault('server-unavailable', `${client.description} does not start with the file of the backup`, {
        hint: `Look at its log: ${files.engine} logs ${files.name}`,
      });
    }
    try {
      await client.ask('PING', run);
      return;
    } catch (error) {
      if (!isFault(error, 'server-unavailable') || run.now() > until) throw error;
    }
    await sleep(pauseMilliseconds, run.signal);
  }
};

/** What a server says in lines `NAME:VALUE`. */
const numberIn = (lines: readonly string[], name: string): number | undefined => {
  const value = lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
  return value === undefined ? undefined : Number(value);
};

/** Since Redis 7 it says how many keys it found when it started; before, those are counted that do not expire. */
const verify = async ({ found: { client }, keys }: Exchange, run: Run): Promise<void> => {
  if (keys === undefined) return;
  const persistence = await client.ask('INFO persistence', run);
  const loaded = numberIn(persistence, 'rdb_last_load_keys_loaded');
  const expired = numberIn(persistence, 'rdb_last_load_keys_expired');
  const wanted = loaded === undefined ? keys.lasting : keys.keys;
  const there = loaded === undefined ? await lastingKeys(client, run) : loaded + (expired ?? 0);
  if (there === wanted) return;
  throw new Fault('verification-failed', `${client.description} has ${there} keys, and the backup ${wanted}`, {
    hint: 'Look whether it reads another file than this one, or others write to it meanwhile: stop them.',
  });
};

/** `db0:keys=7,expires=2,avg_ttl=0` of INFO keyspace. */
const lastingKeys = async (client: RedisClient, run: Run): Promise<number> => {
  let lasting = 0;
  for (const line of await client.ask('INFO keyspace', run)) {
    const [, keys, expires] = /^db\d+:keys=(\d+),expires=(\d+)/.exec(line) ?? [];
    lasting += Number(keys ?? 0) - Number(expires ?? 0);
  }
  return lasting;
};

/** What to tell afterwards. */
const putBack = async (
  { found, kept }: Exchange,
  { replaced, added, error }: Done & { readonly error: unknown },
  run: Run,
): Promise<Fault> => {
  const { files, client } = found;
  const fault = asFault(error);
  try {
    await files.stop(run);
    for (const { path, from } of replaced.toReversed()) await files.put(from, path, found.owner, run);
    if (found.isWanted) await files.start(run);
  } catch (second) {
    const why = asFault(second).message;
    return new Fault(fault.code, `${fault.message}; and what was there could not be put back: ${why}`, {
      cause: error,
      hint: `It is in ${files.name}:${kept}, if that is there. Stop the container, copy it to ${found.file}, and start it.`,
    });
  }
  if (replaced.length > 0)
    await remove(
      client,
      added.filter((path) => path.includes('.mailkeep-old-')),
      run,
    );
  if (isFault(error, 'interrupted')) return fault;
  return new Fault(fault.code, `${fault.message}; what was there is in its place again`, {
    cause: error,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  });
};

const remove = async (client: RedisClient, paths: readonly string[], run: Run): Promise<void> => {
  if (paths.length === 0) return;
  try {
    const call = { candidates: ['rm'], parameters: ['-f', '--', ...paths], mode: 'fed' } as const;
    await readOutput(await client.start(call, run), '', run);
  } catch (error) {
    throwIfInterrupted(run);
    if (!isFault(error)) throw error;
  }
};
