import { appendFile, link, open, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { Run } from '../../../contract/run.ts';
import { uidListHeader, type UidListHeader, uidListLine, uidListName } from '../../../mail/dovecot-files.ts';
import { identityOf } from '../../../mail/maildir-name.ts';
import { sleep } from '../../../system/clock.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** Dovecot takes a lock that is older for forgotten, and so do we. */
const staleAfter = 120_000;
/** Long enough to outlive a lock that nobody holds any more. */
const waits = 1_300;

/**
 * Stands in our lock from the first moment to the last. The mirror has a lock of its own, so that only one run is at work in it:
 * a lock with this mark that is there already was left by one that was killed.
 */
const ownMark = 'mailkeep\n';
/** Lie beside the list for a moment; what a killed run has left of them is written over. */
const [markSuffix, listSuffix] = ['.mailkeep-lock', '.mailkeep'] as const;

/** FAT, and many a share of a network, know no second name of a file. */
const knowsNoLinks = (error: unknown): boolean =>
  ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoCode(error) ?? '');

/** Whole from the first moment: a lock that is made and marked in two steps could be left without its mark. */
const putLock = async (list: string): Promise<void> => {
  const marked = `${list}${markSuffix}`;
  try {
    await writeFile(marked, ownMark, { mode: 0o600 });
    try {
      await link(marked, `${list}.lock`);
    } catch (error) {
      if (!knowsNoLinks(error)) throw error;
      await writeFile(`${list}.lock`, ownMark, { flag: 'wx', mode: 0o600 });
    }
  } finally {
    await rm(marked, { force: true });
  }
};

const isLeftBehind = async (path: string): Promise<boolean> => {
  try {
    return (await readFile(path, 'latin1')) === ownMark;
  } catch {
    // It is gone, or not ours to read.
    return false;
  }
};

/** Takes Dovecot's own lock of a folder, so that it gives no UIDs to messages that come with theirs. */
const takeLock = async (list: string, run: Run): Promise<void> => {
  const path = `${list}.lock`;
  for (let attempt = 0; attempt < waits; attempt++) {
    try {
      await putLock(list);
      return;
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw errnoFault(error, 'lock', path);
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => Number(run.now() / 1_000_000n) - mtimeMs,
      () => 0,
    );
    if (age > staleAfter || (await isLeftBehind(path))) await unlink(path).catch(() => undefined);
    else await sleep(100, run.signal);
  }
  throw new Fault('backend-unavailable', 'the mail server that serves the mirror keeps a folder locked', {
    hint: `Is the Dovecot that serves it well? The lock is ${path}.`,
    retry: true,
  });
};

export interface UidListLines {
  readonly header: UidListHeader;
  /** Names of message files by UID, ascending. */
  readonly messages: Iterable<readonly [number, ByteString]>;
}

export const uidListText = ({ header, messages }: UidListLines): string => {
  let text = uidListHeader(header);
  for (const [uid, name] of messages) text += uidListLine(uid, identityOf(name));
  return text;
};

/**
 * Runs `work` while Dovecot waits, then brings the list up to date: lines are added at its end, or, given all, a new one
 * takes its place while the lock is there, as Dovecot does it.
 */
export const withUidListLock = async (
  directory: string,
  work: () => Promise<{ readonly append: string } | { readonly whole: string } | undefined>,
  run: Run,
): Promise<void> => {
  const path = join(directory, uidListName);
  await takeLock(path, run);
  try {
    const change = await work();
    if (change === undefined) return;
    if ('append' in change) {
      await appendFile(path, change.append, { mode: 0o600 });
      return;
    }
    await replaceList(path, change.whole);
  } catch (error) {
    throw errnoFault(error, 'write', path);
  } finally {
    await rm(`${path}.lock`, { force: true });
  }
};

const replaceList = async (path: string, text: string): Promise<void> => {
  const temporary = `${path}${listSuffix}`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};
