import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { ScanBase } from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { folderMark } from '../../../mail/direct/presented-name.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { digestFiles, type FolderParts, messagesOfBlock, rebuildMessages } from './mirror-block.ts';
import { damagedIn, type MirrorFolder, pathOfMessage, readMirrorFolder } from './mirror-folder.ts';
import type { MirrorState } from './mirror-state.ts';

/** A folder of the mirror, as its files are. */
export interface KnownFolder extends FolderParts {
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
    if (message !== undefined) files.damaged.set(uid, message);
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
