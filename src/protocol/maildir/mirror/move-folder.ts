import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderState } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { folderMark, withMark } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { identityOf, splitMaildirName } from '../../../mail/maildir-name.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import type { MirrorPlace } from './mirror-base.ts';
import type { FolderParts } from './mirror-block.ts';
import {
  makeMaildir,
  type MirrorFolder,
  type MirrorMessage,
  nameWith,
  pathOfMessage,
  readMirrorFolder,
} from './mirror-folder.ts';
import { readMirrorKeywords } from './mirror-keywords.ts';
import { syncDirectory } from './mirror-state.ts';
import { removeMaildir } from './removal.ts';
import { withUidListLock } from './uid-list-file.ts';
import { wholeUidList } from './whole-uid-list.ts';

type NamedFolder = Pick<MailboxRecord, 'name' | 'delimiter'>;

/** Where a folder lies in a mirror. */
export const directoryOf = ({ root, newHash }: MirrorPlace, { name, delimiter }: NamedFolder): string =>
  join(root, maildirFolder(name, delimiter, newHash));

const levelsOf = ({ name, delimiter }: NamedFolder): string =>
  delimiter === undefined || delimiter === '' ? name : name.split(delimiter).join('\0');

/**
 * The record of the folder that this one was while the server parted levels by another character: of the same levels, the same
 * UIDVALIDITY and, where the server tells it, the same MAILBOXID.
 */
export const formerRecord = (
  records: readonly MailboxRecord[],
  seen: ReadonlySet<ByteString>,
  state: FolderState,
): MailboxRecord | undefined =>
  records.find(
    (record) =>
      !seen.has(record.name) &&
      record.delimiter !== state.delimiter &&
      record.uidValidity === state.uidValidity &&
      (record.mailboxId === undefined || state.mailboxId === undefined || record.mailboxId === state.mailboxId) &&
      levelsOf(record) === levelsOf(state),
  );

export interface MovePlace {
  readonly place: MirrorPlace;
  readonly account: string;
  /** Directories of folders that the server has. */
  readonly inUse: ReadonlySet<string>;
}

/**
 * Brings a folder to the name and the directory that it has under another delimiter: other names of the same files. Killed at
 * any point, the next run goes on with what has not got its name. What the mirror knows of the folder goes with it.
 */
export const moveFolder = async (
  { place, account, inUse }: MovePlace,
  { record, files }: FolderParts,
  state: FolderState,
  run: Run,
): Promise<void> => {
  const directory = directoryOf(place, state);
  const mark = folderMark(state.name, place.newHash);
  await makeMaildir(directory);
  const moves = await movesOf(files, directory, mark);
  await withUidListLock(
    directory,
    async () => {
      for (const [from, to] of moves) await renameIfThere(from, to);
      for (const own of ['new', 'cur']) {
        await syncDirectory(join(directory, own));
        if (directory !== files.directory) await syncDirectory(join(files.directory, own));
      }
      const moved = await readMirrorFolder(directory, { mark, uidValidity: record.uidValidity });
      const header = { ...state, uidValidity: record.uidValidity };
      return moved === undefined ? undefined : { whole: wholeUidList({ place, account }, moved, header) };
    },
    run,
  );
  if (directory !== files.directory && !inUse.has(files.directory)) await removeMaildir(place.root, files.directory);
  const { name, delimiter } = state;
  if (name !== record.name) await place.state.copyBlocks(record.name, name);
  await place.state.saveStamp(name, undefined);
  await place.state.saveRecord({ ...record, name, delimiter });
  if (name !== record.name) await place.state.forget(record.name);
};

type Move = readonly [from: string, to: string];

/** What is there already under its new name, whole, is not moved over. */
const movesOf = async (files: MirrorFolder, directory: string, mark: string): Promise<readonly Move[]> => {
  const there = await readMirrorFolder(directory, { mark, uidValidity: files.uidValidity });
  const taken = new Set([...(there?.messages.values() ?? []), ...(there?.stale ?? [])].map(({ name }) => name));
  const own = [...files.messages.values(), ...files.stale, ...files.damaged.values()];
  const lettersOf = await relettered(files.directory, directory, own);
  return own.flatMap((message): Move[] => {
    const identity = withMark(identityOf(message.name), mark);
    const name = nameWith(identity, lettersOf(splitMaildirName(message.name).flags ?? ''));
    const from = pathOfMessage(files.directory, message);
    return taken.has(name) ? [] : [[from, join(directory, message.place, name)]];
  });
};

/** In another directory letters may mean other keywords; those that are new there are written down first. */
const relettered = async (
  from: string,
  to: string,
  messages: readonly MirrorMessage[],
): Promise<(letters: string) => string> => {
  if (from === to) return (letters) => letters;
  const [before, after] = [await readMirrorKeywords(from), await readMirrorKeywords(to)];
  const lettersOf = (letters: string): string =>
    [...letters]
      .map((letter) => {
        const keyword = before.keywordOf(letter);
        return keyword === undefined ? letter.replace(/[a-z]/, '') : after.lettersOf([keyword]);
      })
      .join('');
  for (const { name } of messages) lettersOf(splitMaildirName(name).flags ?? '');
  await after.save();
  return lettersOf;
};

const renameIfThere = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    // A mail program renamed or removed it just now.
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'rename', from);
  }
};
