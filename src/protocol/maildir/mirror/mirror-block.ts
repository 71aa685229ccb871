import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { KnownMessage } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { type DigestedMessage, digestLines } from '../../../mail/direct/block-digest.ts';
import { blockOfUid, uidsOfBlock } from '../../../mail/direct/block-name.ts';
import { canonicalFlags, joinFlags } from '../../../mail/direct/flags.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { BlockRecord, MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { createMessageDigest } from '../../../mail/direct/message-digest.ts';
import type { MessageRecord } from '../../../mail/direct/message-record.ts';
import { splitMaildirName } from '../../../mail/maildir-name.ts';
import { errnoFault } from '../../../system/errno.ts';
import { type MirrorFolder, type MirrorMessage, pathOfMessage } from './mirror-folder.ts';
import { readMirrorKeywords } from './mirror-keywords.ts';
import type { MirrorState } from './mirror-state.ts';

/** A folder by what is written of it and by its files. */
export interface FolderParts {
  readonly record: MailboxRecord;
  readonly files: MirrorFolder;
}

interface StatePlace {
  readonly newHash: NewHash;
  readonly state: MirrorState;
}

/** Every file system holds the seconds between these; others it may have cut to what it can hold. */
const surelyHeld = { after: 0, before: 2 ** 31 - 1 } as const;
/** So many files are looked at together. */
const together = 128;

/** The messages of one block as the names of the files, their times and the records tell them. */
export const messagesOfBlock = async (
  place: StatePlace,
  folder: FolderParts,
  block: number,
): Promise<readonly KnownMessage[]> => {
  const { record, files } = folder;
  const records = await place.state.messages(record.name, { uidValidity: record.uidValidity, block });
  const known = knownMessages(folder, block, records);
  const dated: KnownMessage[] = [];
  for (let at = 0; at < known.length; at += together) {
    const looks = known.slice(at, at + together).map(async (message) => {
      const seconds = await secondsOf(files, message.uid);
      return seconds === undefined ? message : { ...message, date: BigInt(seconds) * 1_000_000_000n };
    });
    dated.push(...(await Promise.all(looks)));
  }
  return dated;
};

const secondsOf = async (files: MirrorFolder, uid: number): Promise<number | undefined> => {
  const message = files.messages.get(uid);
  if (message === undefined) return undefined;
  try {
    const seconds = Math.floor((await lstat(pathOfMessage(files.directory, message))).mtimeMs / 1000);
    return seconds > surelyHeld.after && seconds < surelyHeld.before ? seconds : undefined;
  } catch {
    // A mail program has renamed it just now: nothing is said of its date.
    return undefined;
  }
};

const knownMessages = (
  { files }: FolderParts,
  block: number,
  records: ReadonlyMap<number, MessageRecord>,
): readonly KnownMessage[] => {
  const known: KnownMessage[] = [];
  for (let uid = block * uidsOfBlock; uid < (block + 1) * uidsOfBlock; uid++) {
    const message = files.messages.get(uid);
    if (message === undefined) continue;
    const { flags = '' } = splitMaildirName(message.name);
    const record = records.get(uid);
    const size = announcedSize(message, record);
    known.push({
      uid,
      flags: joinFlags(flags.replace(/[a-z]/g, ''), record?.keywords ?? []),
      ...(size === undefined ? {} : { size }),
    });
  }
  return known;
};

/** RFC822.SIZE as the server told it of this message: that of its file, unless the server told another one. */
export const announcedSize = ({ name }: MirrorMessage, record: MessageRecord | undefined): number | undefined =>
  record?.size ?? splitMaildirName(name).size;

/** The digests of a block by which a scan tells whether it is as it was. */
export const digestsOf = (messages: readonly KnownMessage[], newHash: NewHash) =>
  digestLines(
    messages.map(({ uid, flags, size, date }): DigestedMessage => {
      const seconds = date === undefined ? undefined : Number(date / 1_000_000_000n);
      return { uid, line: canonicalFlags(flags).join(' '), size, date: seconds };
    }),
    newHash,
  );

export const blocksOf = ({ messages }: MirrorFolder): ReadonlyMap<number, readonly number[]> =>
  Map.groupBy(
    [...messages.keys()].sort((left, right) => left - right),
    blockOfUid,
  );

/** Block by block from the files as they are. Their dates are left out: a look at each would cost more than it tells. */
export const digestFiles = async (
  place: StatePlace,
  folder: FolderParts,
  run: Run,
): Promise<readonly BlockRecord[]> => {
  const { record, files } = folder;
  const blocks: BlockRecord[] = [];
  for (const block of blocksOf(files).keys()) {
    throwIfInterrupted(run);
    const records = await place.state.messages(record.name, { uidValidity: record.uidValidity, block });
    const known = knownMessages(folder, block, await withBodies(place, folder, { block, records }));
    if (known.length > 0) blocks.push({ block, ...digestsOf(known, place.newHash) });
  }
  return blocks;
};

/**
 * Brings records and files together where a run was killed in between. A file with a newer body than the record knows has
 * come whole: it is digested anew. An older one is not what the server has: it is as if there were no file, and is kept until
 * the newer one has come again.
 */
const withBodies = async (
  { state, newHash }: StatePlace,
  { record, files }: FolderParts,
  { block, records }: { readonly block: number; readonly records: ReadonlyMap<number, MessageRecord> },
): Promise<ReadonlyMap<number, MessageRecord>> => {
  const mended = new Map(records);
  let isMended = false;
  for (const { uid, body = 1, keywords } of records.values()) {
    const message = files.messages.get(uid);
    if (message === undefined || message.body === body) continue;
    isMended = true;
    if (message.body < body) {
      files.messages.delete(uid);
      files.stale.push(message);
      mended.delete(uid);
      continue;
    }
    const sha256 = await digestOfFile(pathOfMessage(files.directory, message), newHash);
    mended.set(uid, { uid, sha256, ...(keywords === undefined ? {} : { keywords }), ...bodyField(message) });
  }
  if (isMended) await state.saveMessages(record.name, { uidValidity: record.uidValidity, block }, [...mended.values()]);
  return mended;
};

export const bodyField = ({ body }: MirrorMessage): Pick<MessageRecord, 'body'> => (body === 1 ? {} : { body });

/** Without our state: keywords from the letters of the names, digests from the messages themselves. */
export const rebuildMessages = async (place: StatePlace, { files, record }: FolderParts, run: Run): Promise<void> => {
  const keywords = await readMirrorKeywords(files.directory);
  const { name, uidValidity } = record;
  for (const [block, uids] of blocksOf(files)) {
    const known = await place.state.messages(name, { uidValidity, block });
    const records: MessageRecord[] = [];
    for (const uid of uids) {
      throwIfInterrupted(run);
      const message = files.messages.get(uid);
      if (message === undefined) continue;
      const letters = splitMaildirName(message.name).flags ?? '';
      const own = [...letters].flatMap((letter) => keywords.keywordOf(letter) ?? []).sort();
      const sha256 = await digestOfFile(pathOfMessage(files.directory, message), place.newHash);
      const rebuilt = { uid, sha256, ...(own.length === 0 ? {} : { keywords: own }), ...bodyField(message) };
      records.push(known.get(uid) ?? rebuilt);
    }
    await place.state.saveMessages(name, { uidValidity, block }, records);
  }
};

/** SHA-256 of the CRLF form of a message that lies there. Faults of the file system. */
export const digestOfFile = async (path: string, newHash: NewHash): Promise<string> => {
  const digest = createMessageDigest(newHash());
  try {
    for await (const piece of createReadStream(path)) if (piece instanceof Uint8Array) digest.update(piece);
  } catch (error) {
    throw errnoFault(error, 'read', path);
  }
  return digest.digest();
};
