import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { fateOfProcess, type ProcessFate, type ProcessStamp } from '../../../system/process-stamp.ts';
import { inWords, isOutdated, type LockStorage, readLock } from './lock-file.ts';
import type { LockRecord, LockRecords } from './lock-records.ts';

/** What became of the process that wrote a record. */
export type FateOf = (stamp: ProcessStamp) => ProcessFate;

interface OwnLocks extends LockStorage {
  readonly records: LockRecords;
}

/**
 * Removes the locks that processes of this machine have left when they were killed, each told as a notice. Only those
 * that our own record names: where its process is over for certain, or where that cannot be told and the lock was not
 * refreshed for 30 minutes. All others are for a person to judge. Failures are told; what is left is tried the next time.
 */
export const removeOwnDeadLocks = async (
  storage: OwnLocks,
  run: Run,
  fateOf: FateOf = (stamp) => fateOfProcess(stamp),
): Promise<void> => {
  for (const record of await storage.records.list()) {
    const fate = record.process === undefined ? 'unknown' : fateOf(record.process);
    if (fate === 'running') continue;
    try {
      if (await isRemoved(storage, { record, fate }, run)) await storage.records.forget(record.name);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      const message = `a lock that a run of ours left could not be removed: ${asFault(error).message}`;
      run.emit({ kind: 'notice', message });
    }
  }
};

interface Ended {
  readonly record: LockRecord;
  readonly fate: ProcessFate;
}

/** Whether the lock of a record is there no more. */
const isRemoved = async (storage: OwnLocks, { record, fate }: Ended, run: Run): Promise<boolean> => {
  const found = await readLock(storage, record.name, run);
  if (found === undefined) return true;
  const now = run.now();
  if (fate === 'unknown' && (found.info === undefined || !isOutdated(found.info, now))) return false;
  try {
    await storage.backend.remove({ kind: 'lock', name: record.name }, run);
  } catch (error) {
    if (!isFault(error, 'object-missing')) throw error;
  }
  run.emit({ kind: 'notice', message: `removed the lock of ${whoseLock(record, found.info?.time.nanoseconds, now)}` });
  return true;
};

const whoseLock = ({ process }: LockRecord, since: Nanoseconds | undefined, now: Nanoseconds): string => {
  const who = process === undefined ? 'an earlier run of ours' : `our process ${process.pid}, which was killed`;
  return since === undefined ? who : `${who}, taken ${inWords(now - since)}`;
};
