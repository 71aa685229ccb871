import { createHash } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { type MemoryDirectory, type MemoryFile, memoryDirectory, memoryFile } from '../../protocol/memory/source.ts';
import { digestBlock } from './block-digest.ts';
import { blockName, blockOfUid } from './block-name.ts';
import { splitFlags } from './flags.ts';
import { directoryOfFolder } from './folder-name.ts';
import { encodeFormatRecord } from './format-record.ts';
import { encodeMailboxRecord } from './mailbox-record.ts';
import { createMessageDigest } from './message-digest.ts';
import { messageFileName } from './message-name.ts';
import { encodeMessageRecords, type MessageRecord } from './message-record.ts';
import { toMaildirScript } from './to-maildir-script.ts';

export interface FixtureMessage {
  readonly uid: number;
  readonly content: string;
  /** As IMAP spells them. */
  readonly flags?: readonly string[];
  /** Seconds since 1970. */
  readonly date?: number;
}

export interface FixtureFolder {
  /** Raw, one character a byte. */
  readonly name: string;
  readonly delimiter?: string;
  readonly uidValidity?: number;
  readonly subscribed?: boolean;
  readonly messages: readonly FixtureMessage[];
}

interface FixtureFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly seconds: number;
}

export const newHash = () => createHash('sha256');

const digestOf = (content: Uint8Array): string => {
  const digest = createMessageDigest(newHash());
  digest.update(content);
  return digest.digest();
};

const recordOf = ({ uid, content, flags = [] }: FixtureMessage): MessageRecord => {
  const { keywords } = splitFlags(flags);
  return { uid, sha256: digestOf(Buffer.from(content, 'latin1')), ...(keywords.length === 0 ? {} : { keywords }) };
};

const blocksOf = (messages: readonly FixtureMessage[]): ReadonlyMap<number, readonly FixtureMessage[]> =>
  Map.groupBy(messages, ({ uid }) => blockOfUid(uid));

function* filesOf(folder: FixtureFolder): Generator<FixtureFile> {
  const { name, delimiter = '/', uidValidity = 1_700_000_000, subscribed = true, messages } = folder;
  const raw: ByteString = byteStringOfLatin1(name);
  const directory = `folders/${directoryOfFolder(raw, delimiter, newHash)}`;
  const blocks = [...blocksOf(messages)];
  const record = encodeMailboxRecord(
    {
      name: raw,
      delimiter,
      specialUse: [],
      subscribed,
      uidValidity,
      uidNext: Math.max(0, ...messages.map(({ uid }) => uid)) + 1,
      highestModSeq: undefined,
      mailboxId: undefined,
      messages: messages.length,
      blocks: blocks.map(([block, own]) => ({
        block,
        ...digestBlock(
          own.map(({ uid, flags = [] }) => ({ uid, flags })),
          newHash,
        ),
      })),
    },
    newHash,
  );
  const seconds = 1_600_000_000;
  yield { path: `${directory}/mailbox.json`, content: record, seconds };
  for (const [block, own] of blocks) {
    const place = `${directory}/${blockName({ uidValidity, block })}`;
    for (const { uid, content, flags = [], date = seconds } of own) {
      const file = messageFileName({ uid, letters: splitFlags(flags).letters });
      yield { path: `${place}/${file}`, content: Buffer.from(content, 'latin1'), seconds: date };
    }
    yield { path: `${place}/messages.jsonl`, content: encodeMessageRecords(own.map(recordOf)), seconds };
  }
}

/** Every file of an account's snapshot. */
export const directFiles = (folders: readonly FixtureFolder[]): readonly FixtureFile[] => [
  {
    path: '.mailkeep/format.json',
    content: encodeFormatRecord({ version: 1, kind: 'imap', account: 'work', host: 'imap.example.org', user: 'alice' }),
    seconds: 1_600_000_000,
  },
  { path: '.mailkeep/to-maildir.sh', content: Buffer.from(toMaildirScript), seconds: 1_600_000_000 },
  ...folders.flatMap((folder) => [...filesOf(folder)]),
];

/** The snapshot as a tree in memory. */
export const directTree = (folders: readonly FixtureFolder[]): MemoryDirectory => {
  const grow = (files: readonly FixtureFile[], depth: number): MemoryDirectory => {
    const groups = Map.groupBy(files, ({ path }) => path.split('/')[depth] ?? '');
    const children = [...groups].map(([name, own]): [string, MemoryDirectory | MemoryFile] => {
      const [file] = own;
      const isFile = file !== undefined && file.path.split('/').length === depth + 1;
      if (!isFile) return [name, grow(own, depth + 1)];
      return [
        name,
        memoryFile(file.content, { metadata: { mtime: BigInt(file.seconds) * 1_000_000_000n, mode: 0o600 } }),
      ];
    });
    return memoryDirectory(Object.fromEntries(children));
  };
  return grow(directFiles(folders), 0);
};

/** The snapshot as files below a folder. */
export const writeDirectTree = async (folders: readonly FixtureFolder[], directory: string): Promise<void> => {
  for (const { path, content, seconds } of directFiles(folders)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600 });
    await utimes(file, seconds, seconds);
  }
};
