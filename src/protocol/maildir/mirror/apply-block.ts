import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FreshMessage, KnownMessage, ScannedMessage } from '../../../contract/account-scan.ts';
import type { BlockDigests } from '../../../mail/direct/block-digest.ts';
import { splitFlags } from '../../../mail/direct/flags.ts';
import type { MessageRecord } from '../../../mail/direct/message-record.ts';
import { identityOf, splitMaildirName } from '../../../mail/maildir-name.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import type { Applying } from './applying.ts';
import { type DeliveredMessage, deliverMessages, type DeliveryResult } from './deliver.ts';
import { announcedSize, bodyField, digestOfFile, digestsOf, messagesOfBlock } from './mirror-block.ts';
import { nameWith, pathOfMessage } from './mirror-folder.ts';
import { syncDirectory } from './mirror-state.ts';
import { nameDelivered } from './name-delivered.ts';

/** So much is fetched before it gets its names: what a killed run has to fetch again. */
const commitBytes = 32 * 1024 * 1024;

export interface AppliedBlock {
  readonly digests: BlockDigests;
  readonly uids: readonly number[];
}

/** Brings one block to what the scan says of it: bodies, flags, and what is written of them. */
export const applyBlock = async (
  applying: Applying,
  block: number,
  messages: readonly ScannedMessage[],
): Promise<AppliedBlock> => {
  const { place, state, files, known } = applying;
  const blockPlace = { uidValidity: state.uidValidity, block };
  const records = new Map(await place.state.messages(state.name, blockPlace));
  const all = known === undefined ? [] : await messagesOfBlock(place, known, block);
  const before = new Map(all.map((message) => [message.uid, message]));
  const flags = new Map<number, readonly string[]>();
  const missing: FreshMessage[] = [];
  for (const message of messages) {
    flags.set(message.uid, message.kind === 'known' ? (before.get(message.uid)?.flags ?? []) : message.flags);
    if (message.kind === 'fresh' && isToFetch(applying, message, records)) missing.push(message);
    if (message.kind === 'flags' && message.labels !== undefined) relabel(records, message.uid, message.labels);
    if (message.kind !== 'fresh' && !files.messages.has(message.uid))
      tellMissing(applying, message.uid, 'it vanished from the mirror');
  }
  applying.progress.add(state.name, messages.length - missing.length);
  // Each keyword gets its letter, and the file says so, before a name uses it.
  for (const own of flags.values()) applying.keywords.lettersOf(own);
  await applying.keywords.save();
  const fetched = await fetchMissing(applying, missing, records);
  await renameFlags(applying, flags);
  const present = [...flags].filter(([uid]) => files.messages.has(uid));
  const lines: MessageRecord[] = [];
  for (const [uid, own] of present) lines.push(await recordOf(applying, uid, own, records.get(uid)));
  await place.state.saveMessages(state.name, blockPlace, lines);
  const dates = datesOf(messages, { before, fetched });
  const stamped = lines.map((record): KnownMessage => {
    const { uid } = record;
    const file = files.messages.get(uid);
    const size = file === undefined ? undefined : announcedSize(file, record);
    const date = dates.get(uid);
    return {
      uid,
      flags: flags.get(uid) ?? [],
      ...(size === undefined ? {} : { size }),
      ...(date === undefined ? {} : { date }),
    };
  });
  return { digests: digestsOf(stamped, place.newHash), uids: present.map(([uid]) => uid) };
};

/**
 * A message that an interrupted run has named already is there whole, and one of another size than the server's is another
 * body.
 */
const isToFetch = (
  { files }: Applying,
  { uid, isKnown, size }: FreshMessage,
  records: ReadonlyMap<number, MessageRecord>,
): boolean => {
  const there = files.messages.get(uid);
  if (isKnown || there === undefined) return true;
  // A server that tells no sizes gives none at all.
  return size > 0 && announcedSize(there, records.get(uid)) !== size;
};

/** INTERNALDATE of each message where it is known, as the one that was fetched, or as the file has it. */
const datesOf = (
  messages: readonly ScannedMessage[],
  { before, fetched }: { readonly before: ReadonlyMap<number, KnownMessage>; readonly fetched: ReadonlySet<number> },
): ReadonlyMap<number, bigint> => {
  const dates = new Map<number, bigint>();
  for (const message of messages) {
    const known = before.get(message.uid)?.date;
    // A server that tells none gives the beginning of 1970.
    const isNew = message.kind === 'fresh' && (fetched.has(message.uid) || !message.isKnown) && message.date !== 0n;
    const date = isNew ? message.date : known;
    if (date !== undefined) dates.set(message.uid, date);
  }
  return dates;
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
  return { ...known, uid, sha256, keywords, ...(message === undefined ? {} : bodyField(message)) };
};

/** In stretches of some size, each durable before the next: that is all that is lost when we are killed. Resolves to the UIDs. */
const fetchMissing = async (
  applying: Applying,
  missing: readonly FreshMessage[],
  records: Map<number, MessageRecord>,
): Promise<ReadonlySet<number>> => {
  const { state, directory, mark, scan, progress, run } = applying;
  const fetched = new Set<number>();
  for (let first = 0; first < missing.length;) {
    let end = first;
    let bytes = 0;
    while (end < missing.length && (end === first || bytes < commitBytes)) bytes += missing[end++]?.size ?? 0;
    const folder = { name: state.name, uidValidity: state.uidValidity };
    const place = { directory, folder, mark };
    const { delivered, failed } = await deliverMessages(scan, place, missing.slice(first, end), run);
    const others = await nameDelivered(applying, delivered);
    for (const one of delivered) {
      fetched.add(one.message.uid);
      note(applying, one, { records, isOther: others.has(one.message.uid) });
    }
    tellFailed(applying, failed);
    const bytesFetched = delivered.reduce((sum, { size }) => sum + size, 0);
    progress.add(state.name, delivered.length + failed.length, bytesFetched);
    first = end;
  }
  return fetched;
};

const note = (
  { counts, differences }: Applying,
  { message, sha256, size }: DeliveredMessage,
  { records, isOther }: { readonly records: Map<number, MessageRecord>; readonly isOther: boolean },
): void => {
  counts.messages++;
  counts.bytes += size;
  const { uid } = message;
  const differs = message.size === size ? {} : { size: message.size };
  const zone = message.offsetMinutes === 0 ? {} : { date: message.offsetMinutes };
  records.set(uid, { uid, sha256, ...differs, ...zone, ...message.ids });
  const reason = 'the server has another body than before under the same UID';
  if (isOther) differences.push({ uid, kind: 'different', reason });
};

/** Where an older body lies there, that one is what is left. */
const tellFailed = (applying: Applying, failed: DeliveryResult['failed']): void => {
  const { files, differences, run, state } = applying;
  for (const { uid, verdict } of failed) {
    const reason = verdict.kind === 'gone' ? 'it vanished before it was read' : verdict.fault.message;
    if (files.messages.has(uid)) differences.push({ uid, kind: 'different', reason });
    else tellMissing(applying, uid, reason);
    if (verdict.kind === 'failed') run.emit({ kind: 'fault', fault: verdict.fault, path: state.name });
  }
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
    files.messages.set(uid, { place: 'cur', name, body: message.body });
    if (isRename) counts.flags++;
    renamed++;
  }
  if (renamed > 0) await syncDirectory(join(directory, 'cur'));
};
