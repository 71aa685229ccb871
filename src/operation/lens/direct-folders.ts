import type { BrowsableSnapshot, StoredChild, StoredFolder } from '../../contract/browse.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1, displayText } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { isFault } from '../../model/fault.ts';
import {
  type BlockPlace,
  foldersName,
  formatFileName,
  mailboxFileName,
  messagesFileName,
  ownName,
  parseBlockName,
} from '../../mail/direct/block-name.ts';
import { readOwnFile } from '../read-own-file.ts';
import { folderOfDirectory } from '../../mail/direct/folder-name.ts';
import { type FormatRecord, parseFormatRecord } from '../../mail/direct/format-record.ts';
import { type MailboxRecord, parseMailboxRecord } from '../../mail/direct/mailbox-record.ts';
import { type MessageFileName, parseMessageFileName } from '../../mail/direct/message-name.ts';
import { type MessageRecord, parseMessageRecords } from '../../mail/direct/message-record.ts';

/** An account as it is stored, block by block (decision 5). */
export interface DirectAccount {
  readonly format: FormatRecord;
  /** In the order in which they are stored. */
  readonly folders: readonly DirectFolder[];
}

export interface DirectFolder {
  /** The directory's own entry: owner and times. */
  readonly entry: Entry;
  /** The same for equal folders, whatever snapshot they are in. */
  readonly identity: string;
  readonly record: MailboxRecord;
  /** In byte order of their names. */
  blocks(run: Run): AsyncIterable<DirectBlock>;
  block(place: BlockPlace, name: ByteString, run: Run): Promise<DirectBlock | undefined>;
}

export interface DirectBlock extends BlockPlace {
  readonly folder: StoredFolder;
}

export interface DirectMessage extends MessageFileName {
  readonly child: StoredChild;
  /** Undefined where `messages.jsonl` has no line for it. */
  readonly record: MessageRecord | undefined;
}

/** Damage costs what it lies in, and is told: everything else can still be read. */
const isDamage = (error: unknown): boolean =>
  isFault(error, 'tree-damaged', 'blob-missing', 'blob-damaged', 'pack-damaged', 'object-missing');

/** Undefined when the file is not there, or damaged, which is told as a fault event. */
const readOwn = async <Value>(
  snapshot: BrowsableSnapshot,
  { folder, name }: { readonly folder: StoredFolder; readonly name: ByteString },
  parse: (bytes: Uint8Array) => Value,
  run: Run,
): Promise<Value | undefined> => {
  try {
    const child = await folder.child(name, run);
    return child === undefined ? undefined : parse(await readOwnFile(snapshot, child, run));
  } catch (error) {
    if (!isFault(error) || !isDamage(error)) throw error;
    run.emit({ kind: 'fault', fault: error });
    return undefined;
  }
};

/** The account in a snapshot that has one in our layout; undefined for any other. Fault `unsupported`: a later layout. */
export const readDirectAccount = async (snapshot: BrowsableSnapshot, run: Run): Promise<DirectAccount | undefined> => {
  const own = (await snapshot.root.child(ownName, run))?.folder;
  if (own === undefined) return undefined;
  const format = await readOwn(snapshot, { folder: own, name: formatFileName }, parseFormatRecord, run);
  if (format === undefined) return undefined;
  const folders: DirectFolder[] = [];
  const all = (await snapshot.root.child(foldersName, run))?.folder;
  for await (const page of all?.children(run) ?? []) {
    throwIfInterrupted(run);
    for (const child of page) {
      if (child.folder !== undefined) folders.push(await openFolder(snapshot, child, child.folder, run));
    }
  }
  return { format, folders };
};

const openFolder = async (
  snapshot: BrowsableSnapshot,
  { entry }: StoredChild,
  folder: StoredFolder,
  run: Run,
): Promise<DirectFolder> => ({
  entry,
  identity: folder.identity,
  record:
    (await readOwn(snapshot, { folder, name: mailboxFileName }, parseMailboxRecord, run)) ??
    (await guessRecord(folder, entry.name, run)),
  blocks: (blocksRun) => blocksOf(folder, blocksRun),
  async block(place, name, blockRun) {
    const found = (await folder.child(name, blockRun))?.folder;
    return found === undefined ? undefined : { ...place, folder: found };
  },
});

async function* blocksOf(folder: StoredFolder, run: Run): AsyncGenerator<DirectBlock, void> {
  for await (const page of folder.children(run)) {
    throwIfInterrupted(run);
    for (const child of page) {
      const place = child.folder === undefined ? undefined : parseBlockName(child.entry.name);
      if (place !== undefined && child.folder !== undefined) yield { ...place, folder: child.folder };
    }
  }
}

/** Without `mailbox.json`, what the names of the folder and its blocks tell. */
const guessRecord = async (folder: StoredFolder, name: ByteString, run: Run): Promise<MailboxRecord> => {
  let uidValidity = 1;
  for await (const block of blocksOf(folder, run)) uidValidity = block.uidValidity;
  return {
    name: folderOfDirectory(name) ?? name,
    delimiter: '/',
    specialUse: [],
    subscribed: true,
    uidValidity,
    uidNext: 1,
    highestModSeq: undefined,
    mailboxId: undefined,
    messages: 0,
    blocks: [],
  };
};

/** What `messages.jsonl` of a block says, by UID. */
export const readRecords = async (
  snapshot: BrowsableSnapshot,
  { folder }: DirectBlock,
  run: Run,
): Promise<ReadonlyMap<number, MessageRecord>> => {
  const parsed = await readOwn(snapshot, { folder, name: messagesFileName }, parseMessageRecords, run);
  return new Map(parsed?.records.map((record) => [record.uid, record]));
};

/** Messages of a block by UID, page by page. A block that cannot be read is told, and has none. */
export async function* messagesOf(
  block: DirectBlock,
  records: ReadonlyMap<number, MessageRecord>,
  run: Run,
): AsyncGenerator<readonly DirectMessage[], void> {
  try {
    for await (const page of block.folder.children(run)) {
      throwIfInterrupted(run);
      yield page.flatMap((child) => {
        const name = child.entry.type === 'file' ? parseMessageFileName(child.entry.name) : undefined;
        return name === undefined ? [] : [{ ...name, child, record: records.get(name.uid) }];
      });
    }
  } catch (error) {
    if (!isFault(error) || !isDamage(error)) throw error;
    run.emit({ kind: 'fault', fault: error });
  }
}

/** For people and faults: the folder as its server spells it. */
export const folderText = ({ record }: DirectFolder): string => displayText(byteStringOfLatin1(record.name));
