import { hostname as systemHostname } from 'node:os';
import type { Backend, ListedObject } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { asFault, type Fault, isFault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { settlingTime, StoredLock } from './held-lock.ts';
import type { LockRecords } from './lock-records.ts';
import {
  type IsAlive,
  listLocks,
  lockedBy,
  type LockIdentity,
  type LockStorage,
  processIsAlive,
  readLocks,
  whyStale,
  zonedTime,
} from './lock-file.ts';

export interface LockOptions extends LockStorage {
  /** Never left out by oversight: a lock that stands in no record keeps everybody out when its process is killed. */
  readonly records: LockRecords | undefined;
  readonly exclusive: boolean;
  /** Milliseconds for which to try again while somebody else's lock is in the way. Default 0. */
  readonly retryFor?: number;
  readonly identity: LockIdentity;
  readonly run: Run;
  /** Default: asks the system. */
  readonly isAlive?: IsAlive;
  /** What an earlier listing gave, for the first look, which only spares others from meeting a lock that cannot stay. */
  readonly firstLook?: FirstLook | undefined;
  /** Called when the lock is written and has yet to settle: what is read from now on is read under it, if it stays. */
  readonly onWritten?: (() => void) | undefined;
  /** Called when it could not stay after all. */
  readonly onWithdrawn?: (() => void) | undefined;
}

/** The locks that were there a moment ago. */
export interface FirstLook {
  readonly at: Nanoseconds;
  readonly listed: Promise<readonly ListedObject[]>;
}

/** Older than this a first look is done again. */
const lookAge: Nanoseconds = 5_000_000_000n;

/** Lists the locks while the caller does something else. A failure counts where it is used. */
export const lookForLocks = (backend: Backend, run: Run): FirstLook => {
  const listed = Array.fromAsync(listLocks(backend, run));
  listed.catch(() => undefined);
  return { at: run.now(), listed };
};

const firstWait = 5_000;
const longestWait = 60_000;

/** A shared lock tolerates shared ones, an exclusive lock tolerates none; one that cannot be read may be exclusive. */
const refuseConflicts = async (
  options: LockOptions,
  own: ReadonlySet<string>,
  listed?: readonly ListedObject[],
): Promise<void> => {
  const { exclusive, identity, run, isAlive = processIsAlive } = options;
  for await (const found of readLocks(options, { except: own, listed }, run)) {
    if (exclusive || found.info === undefined || found.info.exclusive) {
      throw lockedBy(found, { now: run.now(), hostname: identity.hostname, isAlive });
    }
  }
};

const isRecent = ({ at }: FirstLook, now: Nanoseconds): boolean => now >= at && now - at < lookAge;

const tryLock = async (options: LockOptions): Promise<StoredLock> => {
  const { exclusive, identity, run, firstLook } = options;
  const listed = firstLook !== undefined && isRecent(firstLook, run.now()) ? await firstLook.listed : undefined;
  await refuseConflicts(options, new Set(), listed);
  const info = { ...identity, exclusive, time: zonedTime(run.now()) };
  const lock = new StoredLock(options, { info, id: '', names: [] }, run);
  try {
    await lock.take();
    options.onWritten?.();
    await sleep(settlingTime, run.signal);
    await refuseConflicts(options, new Set(lock.state().names));
    return lock;
  } catch (error) {
    options.onWithdrawn?.();
    await withdraw(lock, run);
    throw error;
  }
};

/** The failure that led here matters more than that of removing the lock, which is only told. */
const withdraw = async (lock: StoredLock, run: Run): Promise<void> => {
  try {
    await lock.release();
  } catch (error) {
    run.emit({ kind: 'fault', fault: asFault(error) });
  }
};

/**
 * Locks the repository as restic does: look for conflicts, write, let it settle, look again. Fault `repository-locked` names
 * the other holder. On any failure nothing of ours stays behind.
 */
export const acquireLock = async (options: LockOptions): Promise<StoredLock> => {
  const { run, retryFor = 0 } = options;
  const deadline: Nanoseconds = run.now() + BigInt(Math.ceil(retryFor)) * 1_000_000n;
  let wait = firstWait;
  for (;;) {
    try {
      return await tryLock(options);
    } catch (error) {
      const left = Number((deadline - run.now()) / 1_000_000n);
      if (!isFault(error, 'repository-locked') || left <= 0) throw error;
      if (wait === firstWait) tellWaiting(error, left, run);
      await sleep(Math.min(wait, left), run.signal);
      wait = Math.min(wait * 2, longestWait);
    }
  }
};

const tellWaiting = (fault: Fault, left: number, run: Run): void => {
  const seconds = Math.ceil(left / 1000);
  run.emit({ kind: 'notice', message: `${fault.message}; trying again for up to ${seconds} seconds` });
};

export interface UnlockOptions {
  /** Every lock, whether it is stale or not, readable or not. */
  readonly all: boolean;
  /** Of this machine. Default: asks the system. */
  readonly hostname?: string;
  /** Default: asks the system. */
  readonly isAlive?: IsAlive;
}

/**
 * Removes the stale locks, or all, and returns how many that were. Locks that cannot be read and empty lock files (which block
 * nobody) are left unless `all`.
 */
export const unlock = async (
  backend: Backend,
  envelope: Envelope,
  options: UnlockOptions,
  run: Run,
): Promise<number> => {
  const { all, hostname = systemHostname(), isAlive = processIsAlive } = options;
  const names: string[] = [];
  if (all) {
    for await (const { name } of listLocks(backend, run)) names.push(name);
  } else {
    for await (const { name, info } of readLocks({ backend, envelope }, {}, run)) {
      if (info !== undefined && whyStale(info, { now: run.now(), hostname, isAlive }) !== undefined) names.push(name);
    }
  }
  let removed = 0;
  for (const name of names) if (await removeLock(backend, name, run)) removed++;
  return removed;
};

const removeLock = async (backend: Backend, name: string, run: Run): Promise<boolean> => {
  try {
    await backend.remove({ kind: 'lock', name }, run);
    return true;
  } catch (error) {
    if (isFault(error, 'object-missing')) return false;
    throw error;
  }
};
