import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownProcessStamp, type ProcessStamp } from '../../../system/process-stamp.ts';
import { parseJsonRecord } from '../format/json-record.ts';
import type { Session } from '../session.ts';

/** Where it is written down which locks this machine has taken, before it takes them. */
export interface LockRecords {
  /** A lock of this name is about to be stored by this process. Never rejects: without a record a lock is only not known as our own. */
  note(name: string): Promise<void>;
  /** It is gone. Never rejects. */
  forget(name: string): Promise<void>;
  list(): Promise<readonly LockRecord[]>;
}

export interface LockRecord {
  readonly name: string;
  /** Undefined where it is not known. */
  readonly process: ProcessStamp | undefined;
}

const lockName = /^[0-9a-f]{64}$/;

/** Undefined also for half a record, of a machine that lost its power. */
const parse = (json: Uint8Array): ProcessStamp | undefined => {
  const record = parseJsonRecord(json);
  if (record === undefined) return undefined;
  const { pid, start, boot, namespace, machine } = record;
  if (typeof pid !== 'number' || typeof start !== 'string' || typeof boot !== 'string') return undefined;
  if (typeof namespace !== 'string' || typeof machine !== 'string') return undefined;
  return { pid, start, boot, namespace, machine };
};

/** Whatever is wrong with a cache, the work goes on without it. */
const orNothing = async (step: () => Promise<unknown>): Promise<void> => {
  try {
    await step();
  } catch {
    return;
  }
};

/** Where the records of a repository are; undefined where it has no cache. */
export const recordFolderOf = ({ options, config }: Pick<Session, 'options' | 'config'>): string | undefined =>
  options.cacheDirectory === undefined ? undefined : join(options.cacheDirectory, config.id, 'mailkeep', 'locks');

/** The records in a folder of the local cache: a file for each lock, with its name. */
export const lockRecordsIn = (directory: string): LockRecords => ({
  note: (name) =>
    orNothing(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(join(directory, name), JSON.stringify(ownProcessStamp() ?? {}), { mode: 0o600 });
    }),
  forget: (name) => orNothing(() => unlink(join(directory, name))),
  list: async () => {
    const records: LockRecord[] = [];
    await orNothing(async () => {
      for (const name of await readdir(directory)) {
        if (!lockName.test(name)) continue;
        const json = await readFile(join(directory, name)).catch(() => undefined);
        if (json !== undefined) records.push({ name, process: parse(json) });
      }
    });
    return records;
  },
});
