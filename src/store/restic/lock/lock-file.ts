import { hash } from 'node:crypto';
import type { Backend, ListedObject } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import type { ZonedTime } from '../../../model/snapshot.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { goJson, type JsonRecord, parseJsonRecord } from '../format/json-record.ts';
import { formatTime, localOffsetMinutes, parseTime } from '../format/time-format.ts';
import { decodeUnpacked } from '../format/unpacked.ts';
import type { LockRecords } from './lock-records.ts';

/** Who holds a lock. */
export interface LockIdentity {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A lock as restic writes it. */
export interface LockInfo extends LockIdentity {
  /** When it was taken or last refreshed. */
  readonly time: ZonedTime;
  readonly exclusive: boolean;
}

/** Where locks are kept. */
export interface LockStorage {
  readonly backend: Backend;
  readonly envelope: Envelope;
  /** Where it is kept on this machine which locks are its own. */
  readonly records?: LockRecords | undefined;
}

export interface FoundLock {
  readonly name: string;
  /** Undefined: it cannot be read. */
  readonly info: LockInfo | undefined;
}

/** Whether a process of this machine runs. */
export type IsAlive = (pid: number) => boolean;

export const minute: Nanoseconds = 60_000_000_000n;
/** restic takes a lock for stale that was not refreshed for this long. */
const staleAge: Nanoseconds = 30n * minute;

export const zonedTime = (nanoseconds: Nanoseconds): ZonedTime => ({
  nanoseconds,
  offsetMinutes: localOffsetMinutes(nanoseconds),
});

/** The JSON of a lock; ids of 0 are left out, as by restic. */
export const formatLock = ({ time, exclusive, hostname, username, pid, uid, gid }: LockInfo): Uint8Array => {
  const json = goJson({
    time: formatTime(time.nanoseconds, time.offsetMinutes),
    exclusive,
    hostname,
    username,
    pid,
    ...(uid === undefined || uid === 0 ? {} : { uid }),
    ...(gid === undefined || gid === 0 ? {} : { gid }),
  });
  return Uint8Array.from(Buffer.from(json));
};

const accountId = (record: JsonRecord, name: 'uid' | 'gid'): { uid?: number; gid?: number } => {
  const id = record[name];
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? { [name]: id } : {};
};

/** Undefined when this is no lock. */
export const parseLock = (json: Uint8Array): LockInfo | undefined => {
  const record = parseJsonRecord(json);
  if (record === undefined) return undefined;
  const { time, exclusive, hostname, username, pid } = record;
  const zoned = typeof time === 'string' ? parseTime(time) : undefined;
  if (zoned === undefined || typeof exclusive !== 'boolean') return undefined;
  if (typeof hostname !== 'string' || typeof username !== 'string') return undefined;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid)) return undefined;
  return { time: zoned, exclusive, hostname, username, pid, ...accountId(record, 'uid'), ...accountId(record, 'gid') };
};

/** The name under which `sealLock` is to be stored, and the bytes. Not compressed, so that both versions of the format read it. */
export const sealLock = (info: LockInfo, envelope: Envelope): { readonly name: string; readonly bytes: Uint8Array } => {
  const bytes = envelope.seal(formatLock(info));
  return { name: hash('sha256', bytes, 'hex'), bytes };
};

const openLock = (sealed: Uint8Array, envelope: Envelope): LockInfo | undefined => {
  const plain = envelope.open(sealed);
  if (plain === undefined) return undefined;
  try {
    return parseLock(decodeUnpacked(plain));
  } catch (error) {
    if (isFault(error, 'blob-damaged')) return undefined;
    throw error;
  }
};

/** Locks are small; what is larger than this is none and is not fetched. */
const lockLimit = 64 * 1024;

export const readLock = async (
  { backend, envelope }: LockStorage,
  name: string,
  run: Run,
): Promise<FoundLock | undefined> => {
  try {
    return { name, info: openLock(await backend.load({ kind: 'lock', name }, undefined, run), envelope) };
  } catch (error) {
    // Released between the listing and now.
    if (isFault(error, 'object-missing')) return undefined;
    throw error;
  }
};

/** Names of the locks; empty files are left out, which an upload that broke off leaves and restic ignores too. */
export async function* listLocks(
  backend: Backend,
  run: Run,
): AsyncGenerator<{ readonly name: string; readonly size: number }> {
  for await (const page of backend.list('lock', run)) yield* page;
}

export interface WhichLocks {
  /** Names of those that are left out. */
  readonly except?: ReadonlySet<string>;
  /** Default: all that there are. */
  readonly listed?: readonly ListedObject[] | undefined;
}

export async function* readLocks(
  storage: LockStorage,
  { except, listed }: WhichLocks,
  run: Run,
): AsyncGenerator<FoundLock> {
  for await (const { name, size } of listed ?? listLocks(storage.backend, run)) {
    if (except?.has(name) === true || size === 0) continue;
    const found = size > lockLimit ? { name, info: undefined } : await readLock(storage, name, run);
    if (found !== undefined) yield found;
  }
}

export const processIsAlive: IsAlive = (pid) => {
  if (pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

export interface StalenessView {
  readonly now: Nanoseconds;
  /** Of this machine. */
  readonly hostname: string;
  readonly isAlive: IsAlive;
}

/** Not refreshed for so long that restic, too, takes it for stale, whoever holds it. */
export const isOutdated = (info: LockInfo, now: Nanoseconds): boolean => now - info.time.nanoseconds > staleAge;

/** Why a lock is stale by restic's rules; undefined when it is not. */
export const whyStale = (info: LockInfo, { now, hostname, isAlive }: StalenessView): string | undefined => {
  if (isOutdated(info, now)) return 'it was not refreshed for more than 30 minutes';
  if (info.hostname === hostname && !isAlive(info.pid)) return 'its process no longer runs';
  return undefined;
};

export const inWords = (age: Nanoseconds): string => {
  const seconds = Number(age / 1_000_000_000n);
  if (seconds < 0) return 'in the future by our clock';
  if (seconds < 120) return `${seconds} seconds ago`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} minutes ago` : `${Math.floor(seconds / 3600)} hours ago`;
};

/** Fault `repository-locked`: who holds it, since when, and whether that looks stale. */
export const lockedBy = ({ name, info }: FoundLock, view: StalenessView): Fault => {
  if (info === undefined) {
    return new Fault('repository-locked', `the repository has a lock that cannot be read (${name.slice(0, 8)})`, {
      hint: 'When nothing else is using the repository, `mailkeep unlock --remove-all` removes it.',
      retry: true,
      context: { lock: name, stale: false },
    });
  }
  const stale = whyStale(info, view);
  const since = formatTime(info.time.nanoseconds, info.time.offsetMinutes);
  const age = view.now - info.time.nanoseconds;
  const who = `${info.username}@${info.hostname} (process ${info.pid})`;
  const how = info.exclusive ? 'locked exclusively' : 'locked';
  const looks = stale === undefined ? '' : `; the lock looks stale: ${stale}`;
  return new Fault('repository-locked', `the repository is ${how} by ${who} since ${since}, ${inWords(age)}${looks}`, {
    hint:
      stale === undefined
        ? 'Wait until it has finished. Should it no longer run, `mailkeep unlock` removes its lock once that is stale.'
        : '`mailkeep unlock` removes stale locks.',
    retry: true,
    context: {
      lock: name,
      hostname: info.hostname,
      username: info.username,
      pid: info.pid,
      exclusive: info.exclusive,
      since,
      ageSeconds: Number(age / 1_000_000_000n),
      stale: stale !== undefined,
    },
  });
};
