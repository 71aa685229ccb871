import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { keywordsName, uidListName } from '../../../mail/dovecot-files.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { displayText } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import type { MirrorPlace } from './mirror-base.ts';
import { type MirrorMessage, pathOfMessage, readMirrorFolder } from './mirror-folder.ts';
import { syncDirectory } from './mirror-state.ts';
import type { Doomed, Tally } from './tally.ts';
import { renewUidList } from './whole-uid-list.ts';

export interface RemovalPlace {
  readonly place: MirrorPlace;
  readonly account: string;
}

/** Notes what lies in a folder that is gone from the server. */
export const doomFolder = async (place: MirrorPlace, record: MailboxRecord, tally: Tally): Promise<void> => {
  const { name, delimiter, uidValidity } = record;
  const directory = join(place.root, maildirFolder(name, delimiter, place.newHash));
  const files = await readMirrorFolder(directory, { mark: folderMark(name, place.newHash), uidValidity });
  if (files === undefined) {
    await place.state.forget(name);
    return;
  }
  const gone = [...files.messages.values(), ...files.stale];
  tally.changes.push({
    folder: displayText(name),
    before: gone.length,
    gone: gone.length,
    now: 0,
    changedBodies: 0,
    uidValidityChanged: false,
  });
  tally.doomed.push({ name, directory, gone, older: [], whole: true, isAwaited: false });
};

/** Removes what is doomed, and what was written down of it. */
export const removeDoomed = async ({ place, account }: RemovalPlace, tally: Tally, run: Run): Promise<void> => {
  for (const doomed of tally.doomed) {
    const { name, directory, gone, older, isAwaited } = doomed;
    await removeMessages(directory, [...gone, ...older]);
    if (doomed.whole) {
      await removeFolder(place, doomed, tally.directories);
      continue;
    }
    const record = await place.state.record(name);
    if (record !== undefined) {
      await renewUidList({ place, account, directory }, record, run);
      // What is known of messages that stay tells when they may go.
      if (!isAwaited) await place.state.keepBlocks(record);
    }
    if (!isAwaited) tally.stamped.push({ name, directory });
  }
};

/** Removes files of messages; what is gone already is as good. */
const removeMessages = async (directory: string, doomed: readonly MirrorMessage[]): Promise<void> => {
  for (const message of doomed) {
    try {
      await rm(pathOfMessage(directory, message), { force: true });
    } catch (error) {
      throw errnoFault(error, 'remove', pathOfMessage(directory, message));
    }
  }
  if (doomed.length > 0) await syncDirectory(join(directory, 'cur'));
};

/** Only what is empty goes: what a mail program has put there stays, folder and all; so does what is another folder's by now. */
const removeFolder = async (
  place: MirrorPlace,
  { name, directory }: Pick<Doomed, 'name' | 'directory'>,
  inUse: ReadonlySet<string>,
): Promise<void> => {
  if (!inUse.has(directory)) await removeMaildir(place.root, directory);
  await place.state.forget(name);
};

/** Removes a Maildir in which no message lies; of another one, and of the inbox, only the files that Dovecot needs. */
export const removeMaildir = async (root: string, directory: string): Promise<void> => {
  if (directory !== root && (await isEmptyMaildir(directory))) {
    const controls = (await readdir(directory)).filter((file) => /^(?:dovecot|maildirfolder$)/.test(file));
    for (const file of controls) await rm(join(directory, file), { force: true });
    for (const own of ['cur', 'new', 'tmp', '.']) await rmdir(join(directory, own)).catch(ignoreOccupied);
  } else {
    for (const own of [uidListName, keywordsName]) await rm(join(directory, own), { force: true });
  }
};

const isEmptyMaildir = async (directory: string): Promise<boolean> => {
  for (const own of ['cur', 'new', 'tmp']) {
    if ((await readdir(join(directory, own)).catch(() => [])).length > 0) return false;
  }
  return true;
};

const ignoreOccupied = (error: unknown): void => {
  const code = errnoCode(error);
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT' && code !== 'EINVAL')
    throw errnoFault(error, 'remove', 'a folder of the mirror');
};
