import type { BrowsableSnapshot, StoredChild, StoredFolder } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { blockName, blockOfUid } from '../../mail/direct/block-name.ts';
import type { MessageRecord } from '../../mail/direct/message-record.ts';
import type { NewHash } from '../../mail/direct/hash.ts';
import {
  folderMark,
  keywordLetters,
  mailboxGuid,
  parsePresentedName,
  presentedIdentity,
  presentedName,
} from '../../mail/direct/presented-name.ts';
import {
  encodeKeywords,
  isKeyword,
  keywordsName,
  mostKeywords,
  uidListHeader,
  uidListLine,
  uidListName,
} from '../../mail/dovecot-files.ts';
import {
  type DirectBlock,
  type DirectFolder,
  type DirectMessage,
  folderText,
  messagesOf,
  readRecords,
} from './direct-folders.ts';
import { MadeFile, madeEntry, madeText, piecesOfText } from './made-file.ts';

const name = byteStringOfLatin1;
const noRecords: ReadonlyMap<number, MessageRecord> = new Map();

/** What of a folder lies in one directory of a Maildir++: `cur`, `new`, `tmp` and Dovecot's files, in byte order. */
export interface PresentedFolder {
  children(run: Run): Promise<readonly StoredChild[]>;
}

export interface PresentingOptions {
  readonly snapshot: BrowsableSnapshot;
  readonly newHash: NewHash;
  /** Of the account: the same folder of two accounts is two folders. */
  readonly account: string;
  readonly tooManyKeywords: (folder: string, count: number) => string;
}

export const presentFolder = (folder: DirectFolder, options: PresentingOptions): PresentedFolder => {
  const { newHash } = options;
  const mark = folderMark(folder.record.name, newHash);
  let letters: Promise<ReadonlyMap<string, string>> | undefined;
  let known: Promise<readonly StoredChild[]> | undefined;

  const once = (run: Run): Promise<ReadonlyMap<string, string>> => {
    letters ??= lettersOf(folder, options, run);
    letters.catch(() => (letters = undefined));
    return letters;
  };

  const parts: FolderParts = { folder, mark, options, letters: once };
  return {
    children(run) {
      known ??= childrenOf(parts, run);
      known.catch(() => (known = undefined));
      return known;
    },
  };
};

interface FolderParts {
  readonly folder: DirectFolder;
  readonly mark: string;
  readonly options: PresentingOptions;
  /** Letters of the folder's keywords; found out once. */
  readonly letters: (run: Run) => Promise<ReadonlyMap<string, string>>;
}

const lettersOf = async (
  folder: DirectFolder,
  { snapshot, tooManyKeywords }: PresentingOptions,
  run: Run,
): Promise<ReadonlyMap<string, string>> => {
  const counts = new Map<string, number>();
  for await (const block of folder.blocks(run)) {
    for (const { keywords = [] } of (await readRecords(snapshot, block, run)).values()) {
      for (const keyword of keywords) if (isKeyword(keyword)) counts.set(keyword, (counts.get(keyword) ?? 0) + 1);
    }
  }
  if (counts.size > mostKeywords)
    run.emit({ kind: 'notice', message: tooManyKeywords(folderText(folder), counts.size) });
  return keywordLetters(counts);
};

const childrenOf = async (parts: FolderParts, run: Run): Promise<readonly StoredChild[]> => {
  const { folder } = parts;
  const letters = await parts.letters(run);
  const like = folder.entry;
  const keywords = encodeKeywords([...letters.keys()]);
  return [
    directory(like, name('cur'), curFolder(parts)),
    ...(letters.size === 0 ? [] : [madeText(like, keywordsName, keywords, `${folder.identity}k`)]),
    await uidList(parts, run),
    directory(like, name('new'), emptyFolder(`${folder.identity}new`)),
    directory(like, name('tmp'), emptyFolder(`${folder.identity}tmp`)),
  ];
};

const directory = (like: Entry, own: ByteString, folder: StoredFolder): StoredChild => ({
  entry: madeEntry(like, own, 'directory'),
  folder,
  content: { kind: 'none' },
});

export const emptyFolder = (identity: string): StoredFolder => ({
  identity,
  holdsNoFolder: true,
  async *children() {},
  child: async () => undefined,
});

const curFolder = (parts: FolderParts): StoredFolder => {
  const { folder } = parts;
  return {
    identity: `${folder.identity}cur`,
    holdsNoFolder: true,
    async *children(run) {
      for await (const block of folder.blocks(run)) yield* pagesOf(parts, block, run);
    },
    async child(wanted, run) {
      const place = parsePresentedName(wanted);
      if (place === undefined) return undefined;
      const blockPlace = { uidValidity: place.uidValidity, block: blockOfUid(place.uid) };
      const block = await folder.block(blockPlace, blockName(blockPlace), run);
      if (block === undefined) return undefined;
      for await (const page of pagesOf(parts, block, run)) {
        const found = page.find(({ entry }) => entry.name === wanted);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
};

async function* pagesOf(
  parts: FolderParts,
  block: DirectBlock,
  run: Run,
): AsyncGenerator<readonly StoredChild[], void> {
  const letters = await parts.letters(run);
  const records = letters.size === 0 ? noRecords : await readRecords(parts.options.snapshot, block, run);
  for await (const page of messagesOf(block, records, run)) {
    yield page.map((message) => presentMessage(parts, block, message, letters));
  }
}

const presentMessage = (
  { mark }: FolderParts,
  { uidValidity }: DirectBlock,
  { uid, letters, child, record }: DirectMessage,
  keywords: ReadonlyMap<string, string>,
): StoredChild => {
  const own = (record?.keywords ?? []).map((keyword) => keywords.get(keyword) ?? '').join('');
  const presented = presentedName({ uidValidity, uid, mark, size: child.entry.size }, letters + own);
  return { ...child, entry: { ...child.entry, name: presented } };
};

/** UIDs of the folder's generation; messages of another one, which should not be there, get new ones from Dovecot. */
async function* uidListTexts({ folder, mark, options }: FolderParts, run: Run): AsyncGenerator<string, void> {
  const { uidValidity, uidNext } = folder.record;
  const next = Math.max(uidNext, (await highestUid(folder, run)) + 1);
  yield uidListHeader({
    uidValidity,
    uidNext: next,
    guid: mailboxGuid(options.account, folder.record, options.newHash),
  });
  let lines = '';
  for await (const block of folder.blocks(run)) {
    if (block.uidValidity !== uidValidity) continue;
    for await (const page of messagesOf(block, noRecords, run)) {
      for (const { uid, child } of page)
        lines += uidListLine(uid, presentedIdentity({ uidValidity, uid, mark, size: child.entry.size }));
    }
    yield lines;
    lines = '';
  }
}

/** That of the last message of the folder's generation; 0 when there is none. */
const highestUid = async ({ blocks, record }: DirectFolder, run: Run): Promise<number> => {
  let last: DirectBlock | undefined;
  for await (const block of blocks(run)) if (block.uidValidity === record.uidValidity) last = block;
  let highest = 0;
  if (last === undefined) return highest;
  for await (const page of messagesOf(last, noRecords, run)) highest = page.at(-1)?.uid ?? highest;
  return highest;
};

const uidList = async (parts: FolderParts, run: Run): Promise<StoredChild> => {
  let size = 0;
  for await (const text of uidListTexts(parts, run)) size += text.length;
  const file = new MadeFile(size, `${parts.folder.identity}u`, (readRun) => piecesOfText(uidListTexts(parts, readRun)));
  return {
    entry: madeEntry(parts.folder.entry, uidListName, 'file', size),
    folder: undefined,
    content: { kind: 'delivered', key: file },
  };
};
