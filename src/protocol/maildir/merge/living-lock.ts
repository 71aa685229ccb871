import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** Dovecot takes a lock that is older for forgotten, and so do we. */
const staleAfter = 120_000;
/** Long enough to outlive a lock that nobody holds any more. */
const waits = 1_300;

/**
 * Runs `work` while Dovecot waits with a Maildir folder: it renames no messages and gives no UIDs meanwhile. It is Dovecot's
 * own lock, `dovecot-uidlist.lock`, with the number of our process in it as in one of Dovecot's, so that the lock of a
 * restore that was killed keeps nobody waiting.
 *
 * @param directory the folder, held open. @param shown what people know it as.
 */
export const withLivingLock = async (
  { directory, shown }: { readonly directory: ByteString; readonly shown: ByteString },
  work: () => void,
  run: Run,
): Promise<void> => {
  const lock = byteStringOfLatin1(`${directory}/dovecot-uidlist.lock`);
  await take(lock, shown, run);
  try {
    work();
  } finally {
    remove(lock);
  }
};

const take = async (lock: ByteString, shown: ByteString, run: Run): Promise<void> => {
  for (let attempt = 0; attempt < waits; attempt++) {
    try {
      const file = openSync(nativePath(lock), 'wx', 0o644);
      try {
        writeSync(file, `${process.pid}:${hostname()}`);
      } finally {
        closeSync(file);
      }
      return;
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw errnoFault(error, 'lock', shown);
    }
    if (isForgotten(lock, run)) remove(lock);
    else await sleep(100, run.signal);
  }
  throw new Fault('backend-unavailable', 'the mail server keeps the folder locked', {
    hint: 'Is Dovecot well? Its lock is dovecot-uidlist.lock in that folder. Then run the same command again.',
    retry: true,
  });
};

const isForgotten = (lock: ByteString, run: Run): boolean => {
  try {
    const age = Number(run.now() / 1_000_000n) - statSync(nativePath(lock)).mtimeMs;
    if (age > staleAfter) return true;
    const [processId = '', host = ''] = readFileSync(nativePath(lock), 'latin1').split(':');
    return host === hostname() && /^[1-9]\d*$/.test(processId) && !isAlive(Number(processId));
  } catch {
    // Gone by now, or not ours to read: the next attempt tells.
    return false;
  }
};

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return errnoCode(error) !== 'ESRCH';
  }
};

const remove = (lock: ByteString): void => {
  try {
    unlinkSync(nativePath(lock));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'remove', lock);
  }
};
