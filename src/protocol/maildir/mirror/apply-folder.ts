import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, displayText } from '../../../model/byte-string.ts';
import type {
  AccountScan,
  FreshMessage,
  ScannedBlock,
  ScannedFolder,
  ScannedMessage,
} from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { digestBlock } from '../../../mail/direct/block-digest.ts';
import { splitFlags } from '../../../mail/direct/flags.ts';
import type { LedgerDifference } from '../../../mail/direct/ledger.ts';
import type { BlockRecord, MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { MessageRecord } from '../../../mail/direct/message-record.ts';
import type { FolderChange } from '../../../model/damage-brake.ts';
import { folderMark, mailboxGuid } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { identityOf, splitMaildirName } from '../../../mail/maildir-name.ts';
import { uidListLine } from '../../../mail/dovecot-files.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { clearTemporary, type DeliveredMessage, deliverMessages, nameWith } from './deliver.ts';
import type { KnownFolder, MirrorPlace } from './mirror-base.ts';
import { digestOfFile, messagesOfBlock } from './mirror-base.ts';
import { changeOfMirror } from './mirror-change.ts';
import {
  makeMaildir,
  type MirrorFolder,
  type MirrorMessage,
  pathOfMessage,
  readMirrorFolder,
} from './mirror-folder.ts';
import { type MirrorKeywords, readMirrorKeywords } from './mirror-keywords.ts';
import { syncDirectory } from './mirror-state.ts';
import { uidListText, withUidListLock } from './uid-list-file.ts';

export type ListedFolder = Extract<ScannedFolder, { readonly kind: 'listed' }>;

/** What a folder came to; what is gone from the server still lies there. */
export interface AppliedFolder {
  readonly record: MailboxRecord;
  readonly directory: string;
  /** To be removed once everything else is done. */
  readonly doomed: readonly MirrorMessage[];
  readonly onServer: number;
  readonly fetched: { readonly messages: number; readonly bytes: number };
  readonly flagsChanged: number;
  /** For the damage brake. */
  readonly change: FolderChange;
  readonly differences: readonly LedgerDifference[];
  readonly foreign: number;
}

export interface ApplyingOptions {
  readonly place: MirrorPlace;
  readonly account: string;
  readonly scan: AccountScan;
}

/** So much is fetched before it gets its names: what a killed run has to fetch again. */
const commitBytes = 32 * 1024 * 1024;

interface Applying extends ApplyingOptions {
  readonly state: ListedFolder['state'];
  readonly directory: string;
  readonly mark: string;
  readonly files: MirrorFolder;
  readonly keywords: MirrorKeywords;
  readonly known: KnownFolder | undefined;
  readonly counts: { messages: number; bytes: number; flags: number; changedBodies: number };
  readonly differences: LedgerDifference[];
  readonly run: Run;
}

/**
 * Brings one folder to what the scan says, removals excepted: new messages through `tmp`, synced, then named in `cur`;
 * flags by renaming; Dovecot's files; last what we know of it. Killed at any point, the next run goes on from what the names
 * of the files tell.
 */
export const applyFolder = async (
  scanned: ListedFolder,
  known: KnownFolder | undefined,
  options: ApplyingOptions,
  run: Run,
): Promise<AppliedFolder> => {
  const { place } = options;
  const { state } = scanned;
  const directory = join(place.root, maildirFolder(state.name, state.delimiter, place.newHash));
  await makeMaildir(directory);
  if (directory !== place.root) await writeFile(join(directory, 'maildirfolder'), '', { mode: 0o600 });
  await clearTemporary(directory);
  const mark = folderMark(state.name, place.newHash);
  const isKnown = known?.files.directory === directory && known.files.uidValidity === state.uidValidity;
  const files = isKnown ? known.files : await readMirrorFolder(directory, { mark, uidValidity: state.uidValidity });
  const applying: Applying = {
    ...options,
    state,
    directory,
    mark,
    files: files ?? { directory, uidValidity: state.uidValidity, messages: new Map(), stale: [], foreign: 0 },
    keywords: await readMirrorKeywords(directory),
    known: isKnown ? known : undefined,
    counts: { messages: 0, bytes: 0, flags: 0, changedBodies: 0 },
    differences: [...scanned.differences],
    run,
  };
  const { blocks, kept } = await applyBlocks(applying, scanned.blocks);
  const uidNext = Math.max(state.uidNext, ...[...kept].slice(-1).map((uid) => uid + 1));
  const record: MailboxRecord = { ...state, uidNext, messages: kept.size, blocks };
  await writeUidList(applying);
  await syncDirectory(directory);
  await place.state.saveStamp(state.name, undefined);
  await place.state.saveRecord(record);
  const { counts } = applying;
  const gone = [...applying.files.messages].flatMap(([uid, message]) => (kept.has(uid) ? [] : [message]));
  return {
    record,
    directory,
    doomed: [...applying.files.stale, ...gone],
    change: changeOfMirror(applying.files, {
      folder: displayText(state.name),
      before: known?.record.messages ?? 0,
      gone: gone.length,
      now: kept.size,
      changedBodies: counts.changedBodies,
      uidValidityChanged: known !== undefined && known.record.uidValidity !== state.uidValidity,
    }),
    onServer: scanned.onServer,
    fetched: { messages: counts.messages, bytes: counts.bytes },
    flagsChanged: counts.flags,
    differences: applying.differences,
    foreign: applying.files.foreign,
  };
};

const applyBlocks = async (
  applying: Applying,
  scanned: AsyncIterable<ScannedBlock>,
): Promise<{ readonly blocks: readonly BlockRecord[]; readonly kept: ReadonlySet<number> }> => {
  const blocks: BlockRecord[] = [];
  const kept = new Set<number>();
  for await (const block of scanned) {
    throwIfInterrupted(applying.run);
    if (block.kind === 'same') {
      blocks.push(block.record);
      const first = block.record.block * 1024;
      for (let uid = first; uid < first + 1024; uid++) if (applying.files.messages.has(uid)) kept.add(uid);
      continue;
    }
    const applied = await applyBlock(applying, block.record.block, block.messages);
    if (applied.count > 0) blocks.push({ block: block.record.block, ...applied.digests });
    for (const uid of applied.uids) kept.add(uid);
  }
  return { blocks, kept };
};

const applyBlock = async (applying: Applying, block: number, messages: readonly ScannedMessage[]) => {
  const { place, state, files, known } = applying;
  const blockPlace = { uidValidity: state.uidValidity, block };
  const records = new Map(await place.state.messages(state.name, blockPlace));
  const flagsBefore = new Map(
    known === undefined ? [] : (await messagesOfBlock(place, known, block)).map(({ uid, flags }) => [uid, flags]),
  );
  const flags = new Map<number, readonly string[]>();
  const missing: FreshMessage[] = [];
  for (const message of messages) {
    flags.set(message.uid, message.kind === 'known' ? (flagsBefore.get(message.uid) ?? []) : message.flags);
    // A message that an interrupted run has named already is there whole.
    if (message.kind === 'fresh' && (message.isKnown || !files.messages.has(message.uid))) missing.push(message);
    if (message.kind === 'flags' && message.labels !== undefined) relabel(records, message.uid, message.labels);
    if (message.kind !== 'fresh' && !files.messages.has(message.uid))
      tellMissing(applying, message.uid, 'it vanished from the mirror');
  }
  // Each keyword gets its letter, and the file says so, before a name uses it.
  for (const own of flags.values()) applying.keywords.lettersOf(own);
  await applying.keywords.save();
  await fetchMissing(applying, missing, records);
  await renameFlags(applying, flags);
  const present = [...flags].filter(([uid]) => files.messages.has(uid));
  const lines: MessageRecord[] = [];
  for (const [uid, own] of present) lines.push(await recordOf(applying, uid, own, records.get(uid)));
  await place.state.saveMessages(state.name, blockPlace, lines);
  const digests = digestBlock(
    present.map(([uid, own]) => ({ uid, flags: own })),
    place.newHash,
  );
  return { count: present.length, digests, uids: present.map(([uid]) => uid) };
};

const relabel = (records: Map<number, MessageRecord>, uid: number, labels: readonly string[]): void => {
  const record = records.get(uid);
  if (record !== undefined) records.set(uid, { ...record, labels });
};

const tellMissing = ({ differences }: Applying, uid: number, reason: string): void => {
  differences.push({ uid, kind: 'missing', reason });
};

const recordOf = async (
  { files, place }: Applying,
  uid: number,
  flags: readonly string[],
  known: MessageRecord | undefined,
): Promise<MessageRecord> => {
  const { keywords } = splitFlags(flags);
  const message = files.messages.get(uid);
  const sha256 =
    known?.sha256 ??
    (message === undefined ? '' : await digestOfFile(pathOfMessage(files.directory, message), place.newHash));
  return { ...known, uid, sha256, keywords };
};

/** In stretches of some size, each durable before the next: that is all that is lost when we are killed. */
const fetchMissing = async (
  applying: Applying,
  missing: readonly FreshMessage[],
  records: Map<number, MessageRecord>,
): Promise<void> => {
  const { state, directory, mark, scan, counts, run } = applying;
  for (let first = 0; first < missing.length;) {
    let end = first;
    let bytes = 0;
    while (end < missing.length && (end === first || bytes < commitBytes)) bytes += missing[end++]?.size ?? 0;
    const folder = { name: state.name, uidValidity: state.uidValidity };
    const place = { directory, folder, mark };
    const { delivered, failed } = await deliverMessages(scan, place, missing.slice(first, end), run);
    await nameDelivered(applying, delivered);
    for (const one of delivered) {
      const { message, sha256, size } = one;
      counts.messages++;
      counts.bytes += size;
      const before = records.get(message.uid)?.sha256;
      if (message.isKnown && before !== undefined && before !== sha256) counts.changedBodies++;
      const differs = message.size === size ? {} : { size: message.size };
      const zone = message.offsetMinutes === 0 ? {} : { date: message.offsetMinutes };
      records.set(message.uid, { uid: message.uid, sha256, ...differs, ...zone, ...message.ids });
    }
    for (const { uid, verdict } of failed) {
      const reason = verdict.kind === 'gone' ? 'it vanished before it was read' : verdict.fault.message;
      tellMissing(applying, uid, reason);
      if (verdict.kind === 'failed') run.emit({ kind: 'fault', fault: verdict.fault, path: state.name });
    }
    run.emit({ kind: 'progress', files: counts.messages, bytes: counts.bytes, current: state.name });
    first = end;
  }
};

/** While Dovecot waits: names first, then the lines of the list, so that nothing without a line can be seen. */
const nameDelivered = async (applying: Applying, delivered: readonly DeliveredMessage[]): Promise<void> => {
  if (delivered.length === 0) return;
  const { directory, files, keywords, run } = applying;
  for (const { message } of delivered) keywords.lettersOf(message.flags);
  await keywords.save();
  await syncDirectory(join(directory, 'tmp'));
  const highest = highestOf(files.messages.keys());
  const isAppended = highest > 0 && (delivered[0]?.message.uid ?? 0) > highest;
  await withUidListLock(
    directory,
    async () => {
      let append = '';
      for (const { message, temporary, identity } of delivered) {
        const name = nameWith(identity, keywords.lettersOf(message.flags));
        await rename(temporary, join(directory, 'cur', name));
        const earlier = files.messages.get(message.uid);
        if (earlier !== undefined && earlier.name !== name) files.stale.push(earlier);
        files.messages.set(message.uid, { place: 'cur', name });
        append += uidListLine(message.uid, identity);
      }
      await syncDirectory(join(directory, 'cur'));
      return isAppended ? { append } : undefined;
    },
    run,
  );
  if (!isAppended) await writeUidList(applying);
};

const highestOf = (uids: Iterable<number>): number => {
  let highest = 0;
  for (const uid of uids) if (uid > highest) highest = uid;
  return highest;
};

const writeUidList = ({ directory, files, state, account, place, run }: Applying): Promise<void> =>
  writeWholeUidList({ directory, files, account, place }, state, run);

/** All lines anew, in the order of the UIDs. */
const writeWholeUidList = async (
  { directory, files, account, place }: Pick<Applying, 'directory' | 'files' | 'account' | 'place'>,
  state: ListedFolder['state'],
  run: Run,
): Promise<void> => {
  const { uidValidity } = state;
  const uids = [...files.messages.keys()].sort((left, right) => left - right);
  const uidNext = Math.max(state.uidNext, (uids.at(-1) ?? 0) + 1);
  const messages = uids.flatMap((uid): [number, ByteString][] => {
    const message = files.messages.get(uid);
    return message === undefined ? [] : [[uid, message.name]];
  });
  const header = { uidValidity, uidNext, guid: mailboxGuid(account, state, place.newHash) };
  const whole = uidListText({ header, messages });
  await withUidListLock(directory, async () => ({ whole }), run);
};

/** After messages were removed: the list without them, from the files as they are. */
export const renewUidList = async (
  { place, account, directory }: { readonly place: MirrorPlace; readonly account: string; readonly directory: string },
  record: MailboxRecord,
  run: Run,
): Promise<void> => {
  const mark = folderMark(record.name, place.newHash);
  const files = await readMirrorFolder(directory, { mark, uidValidity: record.uidValidity });
  if (files !== undefined) await writeWholeUidList({ directory, files, account, place }, record, run);
};

/** Flags that are others than the name says: another name, the same file. */
const renameFlags = async (applying: Applying, flags: ReadonlyMap<number, readonly string[]>): Promise<void> => {
  const { directory, files, keywords, counts } = applying;
  let renamed = 0;
  for (const [uid, own] of flags) {
    const message = files.messages.get(uid);
    if (message === undefined) continue;
    const name = nameWith(identityOf(message.name), keywords.lettersOf(own));
    if (message.place === 'cur' && name === message.name) continue;
    const isRename = splitMaildirName(message.name).flags !== splitMaildirName(name).flags;
    try {
      await rename(pathOfMessage(directory, message), join(directory, 'cur', name));
    } catch (error) {
      // A mail program renamed it just now: the next run sees it under its new name.
      if (errnoCode(error) === 'ENOENT') continue;
      throw errnoFault(error, 'rename', pathOfMessage(directory, message));
    }
    files.messages.set(uid, { place: 'cur', name });
    if (isRename) counts.flags++;
    renamed++;
  }
  if (renamed > 0) await syncDirectory(join(directory, 'cur'));
};

/** Removes files of messages; what is gone already is as good. */
export const removeMessages = async (directory: string, doomed: readonly MirrorMessage[]): Promise<void> => {
  for (const message of doomed) {
    try {
      await rm(pathOfMessage(directory, message), { force: true });
    } catch (error) {
      throw errnoFault(error, 'remove', pathOfMessage(directory, message));
    }
  }
  if (doomed.length > 0) await syncDirectory(join(directory, 'cur'));
};
