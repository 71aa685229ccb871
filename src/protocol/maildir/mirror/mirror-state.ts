import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { type BlockPlace, blockName, mailboxFileName, parseBlockName } from '../../../mail/direct/block-name.ts';
import { directoryOfFolder } from '../../../mail/direct/folder-name.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import { encodeMailboxRecord, type MailboxRecord, parseMailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { encodeMessageRecords, type MessageRecord, parseMessageRecords } from '../../../mail/direct/message-record.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** Makes what was created, renamed or removed in a folder durable; where a file system knows no such thing, nothing can. */
export const syncDirectory = async (directory: string): Promise<void> => {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errnoCode(error);
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EISDIR') throw errnoFault(error, 'write', directory);
  }
};

/** Whole or not at all, and on the disk; the name is durable with the folder's next `syncDirectory`. */
export const replaceFile = async (path: string, bytes: Uint8Array | string): Promise<void> => {
  const temporary = `${path}.partial`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw errnoFault(error, 'write', path);
  }
};

const readIfThere = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path);
  }
};

/** What is known of a mirror's folders beside their messages. All of it can be lost, and is made again. */
export interface MirrorState {
  /** Where it lies: not with a dot in front, which would make it a mail folder. */
  readonly directory: string;
  /** Undefined when it is not there, or damaged. */
  record(name: ByteString): Promise<MailboxRecord | undefined>;
  /** Records of all folders; damaged ones are left out. */
  all(): Promise<readonly MailboxRecord[]>;
  messages(name: ByteString, place: BlockPlace): Promise<ReadonlyMap<number, MessageRecord>>;
  saveRecord(record: MailboxRecord): Promise<void>;
  saveMessages(name: ByteString, place: BlockPlace, records: readonly MessageRecord[]): Promise<void>;
  /** Removes what is known of blocks that are no longer there. */
  keepBlocks(record: MailboxRecord): Promise<void>;
  /** What is known of messages of one folder, for another: it is the same under another name. */
  copyBlocks(from: ByteString, to: ByteString): Promise<void>;
  forget(name: ByteString): Promise<void>;
  /** How the folder's directories looked when its record was made; undefined when that is not known. */
  stamp(name: ByteString): Promise<string | undefined>;
  /** Undefined: the record says what the server has, and the directories are to be looked at again. */
  saveStamp(name: ByteString, stamp: string | undefined): Promise<void>;
}

/** `delimiter` has no say in where a folder's state lies: it is not known before the server tells it. */
export const openMirrorState = (root: string, newHash: NewHash): MirrorState => {
  const directory = join(root, 'mailkeep');
  const placeOf = (name: ByteString): string => join(directory, 'folders', directoryOfFolder(name, undefined, newHash));
  const blockFile = (name: ByteString, place: BlockPlace): string => join(placeOf(name), `${blockName(place)}.jsonl`);

  return {
    directory,
    record: (name) => readRecord(placeOf(name)),
    all: () => readRecords(join(directory, 'folders')),
    async messages(name, place) {
      const bytes = await readIfThere(blockFile(name, place));
      const records = bytes === undefined ? [] : parseMessageRecords(bytes).records;
      return new Map(records.map((record) => [record.uid, record]));
    },
    async saveRecord(record) {
      const place = placeOf(record.name);
      await makeFolder(place);
      await replaceFile(join(place, mailboxFileName), encodeMailboxRecord(record, newHash));
      await syncDirectory(place);
    },
    async saveMessages(name, place, records) {
      const file = blockFile(name, place);
      await makeFolder(placeOf(name));
      if (records.length === 0) await rm(file, { force: true });
      else await replaceFile(file, encodeMessageRecords(records));
    },
    copyBlocks: (from, to) => copyBlocks(placeOf(from), placeOf(to)),
    keepBlocks: (record) => removeOtherBlocks(placeOf(record.name), record),
    stamp: async (name) => (await readIfThere(join(placeOf(name), 'stamp')))?.toString(),
    saveStamp: async (name, stamp) => {
      const path = join(placeOf(name), 'stamp');
      if (stamp === undefined) await rm(path, { force: true });
      else await replaceFile(path, stamp);
    },
    forget: (name) => rm(placeOf(name), { recursive: true, force: true }),
  };
};

const readRecord = async (place: string): Promise<MailboxRecord | undefined> => {
  const bytes = await readIfThere(join(place, mailboxFileName));
  try {
    return bytes === undefined ? undefined : parseMailboxRecord(bytes);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
};

const readRecords = async (folders: string): Promise<readonly MailboxRecord[]> => {
  const records: MailboxRecord[] = [];
  for (const name of await readdir(folders).catch(() => [])) {
    const record = await readRecord(join(folders, name));
    if (record !== undefined) records.push(record);
  }
  return records;
};

const isBlockFile = (file: string): boolean =>
  file.endsWith('.jsonl') && parseBlockName(byteStringOfLatin1(file.slice(0, -'.jsonl'.length))) !== undefined;

const copyBlocks = async (from: string, to: string): Promise<void> => {
  await makeFolder(to);
  for (const file of await readdir(from).catch(() => [])) {
    const bytes = isBlockFile(file) ? await readIfThere(join(from, file)) : undefined;
    if (bytes !== undefined) await replaceFile(join(to, file), bytes);
  }
};

const removeOtherBlocks = async (place: string, { uidValidity, blocks }: MailboxRecord): Promise<void> => {
  const kept = new Set(blocks.map(({ block }) => `${blockName({ uidValidity, block })}.jsonl`));
  for (const file of await readdir(place).catch(() => [])) {
    if (isBlockFile(file) && !kept.has(file)) await rm(join(place, file), { force: true });
  }
};

const makeFolder = async (place: string): Promise<void> => {
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'make', place);
  }
};
