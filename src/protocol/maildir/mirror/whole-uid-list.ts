import type { FolderState } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import { folderMark, mailboxGuid } from '../../../mail/direct/presented-name.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { MirrorPlace } from './mirror-base.ts';
import { type MirrorFolder, readMirrorFolder } from './mirror-folder.ts';
import { uidListText, withUidListLock } from './uid-list-file.ts';

export interface ListedPlace {
  readonly place: MirrorPlace;
  readonly account: string;
  readonly directory: string;
}

/** All lines of a folder's list, in the order of the UIDs. */
export const wholeUidList = (
  { place, account }: Pick<ListedPlace, 'place' | 'account'>,
  { messages: files }: MirrorFolder,
  state: FolderState,
): string => {
  const { uidValidity } = state;
  const uids = [...files.keys()].sort((left, right) => left - right);
  const uidNext = Math.max(state.uidNext, (uids.at(-1) ?? 0) + 1);
  const messages = uids.flatMap((uid): [number, ByteString][] => {
    const message = files.get(uid);
    return message === undefined ? [] : [[uid, message.name]];
  });
  const header = { uidValidity, uidNext, guid: mailboxGuid(account, state, place.newHash) };
  return uidListText({ header, messages });
};

export const writeUidList = async (
  where: ListedPlace & { readonly files: MirrorFolder },
  state: FolderState,
  run: Run,
): Promise<void> => {
  const whole = wholeUidList(where, where.files, state);
  await withUidListLock(where.directory, async () => ({ whole }), run);
};

/** After messages were removed: the list without them, from the files as they are. */
export const renewUidList = async (where: ListedPlace, record: MailboxRecord, run: Run): Promise<void> => {
  const mark = folderMark(record.name, where.place.newHash);
  const files = await readMirrorFolder(where.directory, { mark, uidValidity: record.uidValidity });
  if (files !== undefined) await writeUidList({ ...where, files }, record, run);
};
