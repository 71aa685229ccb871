import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { KnownMessage, ScanBase } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { digestBlock } from '../../../mail/direct/block-digest.ts';
import { blockOfUid } from '../../../mail/direct/block-name.ts';
import { joinFlags } from '../../../mail/direct/flags.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { BlockRecord, MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { createMessageDigest } from '../../../mail/direct/message-digest.ts';
import type { MessageRecord } from '../../../mail/direct/message-record.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { splitMaildirName } from '../../../mail/maildir-name.ts';
import { errnoFault } from '../../../system/errno.ts';
import { damagedIn, type MirrorFolder, pathOfMessage, readMirrorFolder } from './mirror-folder.ts';
import { readMirrorKeywords } from './mirror-keywords.ts';
import type { MirrorState } from './mirror-state.ts';

/** A folder of the mirror, as its files are. */
export interface KnownFolder {
  readonly record: MailboxRecord;
  readonly files: MirrorFolder;
  /** Nobody has touched it since we wrote down what it is. */
  readonly trusted: boolean;
}

/** What the mirror holds, for a scan to compare the server with; and for the mirror, which changes it. */
export interface MirrorBase extends ScanBase {
  known(name: ByteString, run: Run): Promise<KnownFolder | undefined>;
  /** It is dealt with, and need not stay in memory. */
  release(name: ByteString): void;
}

export interface MirrorPlace {
  readonly root: string;
  readonly newHash: NewHash;
  readonly state: MirrorState;
}

type FolderParts = Omit<KnownFolder, 'trusted'>;

const delimiters = ['/', '.', '\\', undefined] as const;
const day = 86_400_000_000_000n;
const inspectionDays = 7n;

export const createMirrorBase = (place: MirrorPlace): MirrorBase => {
  const folders = new Map<ByteString, Promise<KnownFolder | undefined>>();
  const known = (name: ByteString, run: Run): Promise<KnownFolder | undefined> => {
    const found = folders.get(name) ?? openFolder(place, name, run);
    folders.set(name, found);
    return found;
  };
  return {
    known,
    release: (name) => void folders.delete(name),
    folder: async (name, run) => (await known(name, run))?.record,
    block: async ({ name, uidValidity }, block, run) => {
      const folder = await known(name, run);
      if (folder === undefined || folder.record.uidValidity !== uidValidity) return [];
      return messagesOfBlock(place, folder, block);
    },
  };
};

/** What tells that nobody has changed a folder since: a look at it costs more than two of these. */
export const stampOf = async (directory: string): Promise<string> => {
  const parts = await Promise.all(
    ['cur', 'new'].map(async (own) => {
      const { dev, ino, mtimeNs } = await stat(join(directory, own), { bigint: true });
      return `${dev}.${ino}.${mtimeNs}`;
    }),
  );
  return parts.join(' ');
};

const openFolder = async (place: MirrorPlace, name: ByteString, run: Run): Promise<KnownFolder | undefined> => {
  const { root, newHash, state } = place;
  const stored = await state.record(name);
  const mark = folderMark(name, newHash);
  for (const delimiter of stored === undefined ? delimiters : [stored.delimiter]) {
    const directory = join(root, maildirFolder(name, delimiter, newHash));
    const files = await readMirrorFolder(directory, { mark, uidValidity: stored?.uidValidity });
    if (files === undefined || (stored === undefined && files.messages.size === 0)) continue;
    const record = stored ?? lostRecord(name, delimiter, files);
    return checkedFolder(place, { files, record }, stored !== undefined, run);
  }
  return undefined;
};

const lostRecord = (name: ByteString, delimiter: string | undefined, files: MirrorFolder): MailboxRecord => ({
  name,
  delimiter,
  specialUse: [],
  subscribed: false,
  uidValidity: files.uidValidity,
  uidNext: 1,
  highestModSeq: undefined,
  mailboxId: undefined,
  messages: files.messages.size,
  blocks: [],
});

/**
 * The record as the files prove it. It is taken as it stands when nobody has touched the directories since it was made; each
 * night one folder in seven is looked into all the same, as a file can be cut off in place.
 */
const checkedFolder = async (
  place: MirrorPlace,
  { files, record }: FolderParts,
  hasState: boolean,
  run: Run,
): Promise<KnownFolder> => {
  const untouched = hasState && (await place.state.stamp(record.name)) === (await stampOf(files.directory));
  if (untouched && !isDue(record.name, run)) return { files, record, trusted: true };
  const damaged = await damagedIn(files);
  for (const uid of damaged) {
    const message = files.messages.get(uid);
    const path = byteStringOfLatin1(message === undefined ? '' : pathOfMessage(files.directory, message));
    const fault = new Fault(
      'entry-changed',
      'the message in the mirror is cut off or written over, and is fetched again',
    );
    run.emit({ kind: 'fault', fault, path });
    files.messages.delete(uid);
  }
  if (untouched && damaged.length === 0) return { files, record, trusted: true };
  if (!hasState) await rebuildMessages(place, { files, record }, run);
  const blocks = await digestFiles(place, { files, record }, run);
  // What is known of changes on the server holds for what was there: everything is to be asked for.
  const proven = { ...record, blocks, messages: files.messages.size, highestModSeq: undefined };
  return { files, record: proven, trusted: false };
};

const isDue = (name: ByteString, run: Run): boolean => {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 7919;
  return (run.now() / day) % inspectionDays === BigInt(sum) % inspectionDays;
};

const blocksOf = ({ messages }: MirrorFolder): ReadonlyMap<number, readonly number[]> => {
  const blocks = new Map<number, number[]>();
  for (const uid of [...messages.keys()].sort((left, right) => left - right)) {
    const block = blockOfUid(uid);
    const own = blocks.get(block);
    if (own === undefined) blocks.set(block, [uid]);
    else own.push(uid);
  }
  return blocks;
};

export const messagesOfBlock = async (
  { state }: Pick<MirrorPlace, 'state'>,
  { files, record }: FolderParts,
  block: number,
): Promise<readonly KnownMessage[]> => {
  const records = await state.messages(record.name, { uidValidity: record.uidValidity, block });
  const found: KnownMessage[] = [];
  for (let uid = block * 1024; uid < (block + 1) * 1024; uid++) {
    const message = files.messages.get(uid);
    if (message === undefined) continue;
    const { flags = '' } = splitMaildirName(message.name);
    found.push({ uid, flags: joinFlags(flags.replace(/[a-z]/g, ''), records.get(uid)?.keywords ?? []) });
  }
  return found;
};

const digestFiles = async (place: MirrorPlace, folder: FolderParts, run: Run): Promise<readonly BlockRecord[]> => {
  const blocks: BlockRecord[] = [];
  for (const block of blocksOf(folder.files).keys()) {
    throwIfInterrupted(run);
    blocks.push({ block, ...digestBlock(await messagesOfBlock(place, folder, block), place.newHash) });
  }
  return blocks;
};

/** Without our state: keywords from the letters of the names, digests from the messages themselves. */
const rebuildMessages = async (place: MirrorPlace, { files, record }: FolderParts, run: Run): Promise<void> => {
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
      records.push(known.get(uid) ?? { uid, sha256, ...(own.length === 0 ? {} : { keywords: own }) });
    }
    await place.state.saveMessages(name, { uidValidity, block }, records);
  }
};

export const digestOfFile = async (path: string, newHash: NewHash): Promise<string> => {
  const digest = createMessageDigest(newHash());
  try {
    for await (const piece of createReadStream(path)) if (piece instanceof Uint8Array) digest.update(piece);
  } catch (error) {
    throw errnoFault(error, 'read', path);
  }
  return digest.digest();
};
