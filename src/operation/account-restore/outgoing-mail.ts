import type { BrowsableSnapshot, StoredChild, StoredFolder } from '../../contract/browse.ts';
import type { Content } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { joinFlags } from '../../mail/direct/flags.ts';
import type { NewHash } from '../../mail/direct/hash.ts';
import { keywordsName, parseKeywords } from '../../mail/dovecot-files.ts';
import { type DirectoryNames, findMailboxes, type Mailbox } from '../../mail/mailbox.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import { splitMaildirName } from '../../mail/maildir-name.ts';
import type { MessageHeader } from '../../mail/header.ts';
import { type ByteString, byteStringOfBytes, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { areBelowInbox, type NamedFolder } from '../../mail/account-restore/target-name.ts';
import { type DirectFolder, messagesOf, readDirectAccount, readRecords } from '../lens/direct-folders.ts';
import { folderAt } from '../lens/folder-source.ts';
import { readHeaders } from '../read-messages.ts';
import { readOwnFile } from '../read-own-file.ts';

/** A message of a snapshot that is to be added to an account. */
export interface OutgoingMessage {
  /** For people and faults: folder and UID, or the path of its file. */
  readonly path: ByteString;
  readonly entry: Entry;
  readonly content: Content;
  /** As IMAP spells them. */
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly zoneMinutes: number;
  /** SHA-256 of the CRLF form, where the snapshot has it; undefined also where it came from a file. */
  readonly sha256: string | undefined;
  /** `wire`: exactly as a server sent it; `file`: perhaps with the line ends of files. */
  readonly form: 'wire' | 'file';
}

export interface SourceFolder extends NamedFolder {
  readonly subscribed: boolean;
  /** Some hundreds at a time, always in the same order; those that are not searched for left out. */
  messages(run: Run): AsyncIterable<readonly OutgoingMessage[]>;
}

export interface OutgoingOptions {
  /** Of the mail in the snapshot: the folder behind the colon. */
  readonly below: Path;
  readonly newHash: NewHash;
  /** Undefined: every message. */
  readonly matches?: (header: MessageHeader) => boolean;
}

/** The mail folders of a snapshot, of an account or of one Maildir. Faults: `path-missing`, `usage` for several Maildirs. */
export const outgoingFolders = async (
  snapshot: BrowsableSnapshot,
  options: OutgoingOptions,
  run: Run,
): Promise<readonly SourceFolder[]> => {
  const account = options.below.length === 0 ? await readDirectAccount(snapshot, run) : undefined;
  if (account !== undefined) {
    const folders = account.folders.map((folder) => searched(snapshot, directFolder(snapshot, folder), options));
    return withPrefix(folders);
  }
  const found = await folderAt(snapshot.root, options.below, run);
  if (found === undefined) throw new Fault('path-missing', 'the folder is not in the snapshot');
  const directories: DirectoryNames[] = [];
  for await (const directory of directoriesBelow(found.folder, [], run)) directories.push(directory);
  const mailboxes = findMailboxes(directories, snapshot.levelText);
  if (mailboxes.length === 0) {
    throw new Fault('path-missing', 'there is no mail in the snapshot', {
      hint: '`mailkeep ls SNAPSHOT` shows what is in it.',
    });
  }
  const roots = new Set(mailboxes.map(({ root }) => root.join('/')));
  if (roots.size > 1) {
    throw new Fault('usage', `the snapshot has the mail of ${roots.size} Maildirs, and one account is to take it`, {
      hint: `Name the folder of one behind a colon: ${[...roots]
        .slice(0, 5)
        .map((root) => `SNAPSHOT:/${root}`)
        .join(', ')}`,
    });
  }
  return withPrefix(
    mailboxes.map((mailbox) => searched(snapshot, fileFolder(snapshot, found.folder, mailbox), options)),
  );
};

/** All folders together tell whether their server had a prefix. */
const withPrefix = (folders: readonly SourceFolder[]): readonly SourceFolder[] =>
  areBelowInbox(folders) ? folders.map((folder) => ({ ...folder, isPrefixed: true })) : folders;

const directFolder = (snapshot: BrowsableSnapshot, folder: DirectFolder): SourceFolder => {
  const { name, delimiter, specialUse, subscribed } = folder.record;
  const levels = (delimiter === undefined ? [name] : name.split(delimiter)).map((level) => byteStringOfLatin1(level));
  const text = levels.map((level) => mailboxText(level)).join('/');
  return {
    name: text,
    levels,
    specialUse,
    subscribed,
    async *messages(run) {
      for await (const block of folder.blocks(run)) {
        const records = await readRecords(snapshot, block, run);
        for await (const page of messagesOf(block, records, run)) {
          yield page.map(({ uid, letters, child, record }) => ({
            path: byteStringOfText(`${text}, UID ${uid}`),
            entry: child.entry,
            content: child.content,
            flags: joinFlags(letters, record?.keywords ?? []),
            seconds: secondsOf(child.entry),
            zoneMinutes: record?.date ?? 0,
            sha256: record?.sha256,
            form: 'wire',
          }));
        }
      }
    },
  };
};

const secondsOf = ({ mtime }: Entry): number => Number(mtime / 1_000_000_000n);

const own = ['cur', 'new', 'tmp'];

async function* directoriesBelow(folder: StoredFolder, path: Path, run: Run): AsyncGenerator<DirectoryNames, void> {
  throwIfInterrupted(run);
  const below: StoredChild[] = [];
  for await (const page of folder.children(run)) below.push(...page.filter((child) => child.folder !== undefined));
  const names = below.map(({ entry }) => entry.name);
  yield { path, names };
  const isMaildir = own.every((name) => names.some((found) => found === name));
  for (const { entry, folder: child } of below) {
    if (child !== undefined && !(isMaildir && own.includes(entry.name)))
      yield* directoriesBelow(child, [...path, entry.name], run);
  }
}

const fileFolder = (
  snapshot: BrowsableSnapshot,
  root: StoredFolder,
  { path, name, levels }: Mailbox,
): SourceFolder => ({
  name,
  levels: levels.length === 0 ? [byteStringOfLatin1('INBOX')] : levels,
  specialUse: [],
  subscribed: true,
  async *messages(run) {
    const keywords = await keywordsOf(snapshot, root, path, run);
    for (const place of ['cur', 'new']) {
      const directory = [...path, byteStringOfLatin1(place)];
      const found = await folderAt(root, directory, run);
      for await (const page of found?.folder.children(run) ?? []) {
        throwIfInterrupted(run);
        yield page.flatMap(({ entry, content }) => {
          if (entry.type !== 'file' || entry.name.startsWith('.')) return [];
          const letters = place === 'cur' ? (splitMaildirName(entry.name).flags ?? '') : '';
          const named = [...letters].flatMap((letter) => keywords.get(letter) ?? []);
          return {
            path: byteStringOfLatin1(`/${[...directory, entry.name].join('/')}`),
            entry,
            content,
            flags: joinFlags(letters.replace(/[^A-Z]/g, ''), named),
            seconds: secondsOf(entry),
            zoneMinutes: 0,
            sha256: undefined,
            form: 'file' as const,
          };
        });
      }
    }
  },
});

const keywordsOf = async (
  snapshot: BrowsableSnapshot,
  root: StoredFolder,
  path: Path,
  run: Run,
): Promise<ReadonlyMap<string, string>> => {
  const child = await (await folderAt(root, path, run))?.folder.child(keywordsName, run);
  if (child === undefined || child.entry.size > 65_536) return new Map();
  return parseKeywords(byteStringOfBytes(await readOwnFile(snapshot, child, run)));
};

const searched = (snapshot: BrowsableSnapshot, folder: SourceFolder, { matches }: OutgoingOptions): SourceFolder => {
  if (matches === undefined) return folder;
  return {
    ...folder,
    async *messages(run) {
      for await (const page of folder.messages(run)) {
        const files = page.map(({ path, entry, content }) => ({ path: [path], entry, content }));
        const headers = await readHeaders(snapshot.source, files, (content) => snapshot.beginningOf(content), run);
        yield page.filter((_, at) => {
          const header = headers[at];
          return header !== undefined && matches(header);
        });
      }
    },
  };
};
