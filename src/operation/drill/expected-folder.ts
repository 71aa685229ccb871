import { createHash } from 'node:crypto';
import type { RestoredTree } from '../../contract/drill.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Base } from '../../contract/source.ts';
import { createWireForm } from '../../mail/account-restore/wire-form.ts';
import { keywordsName, parseKeywords, parseUidList, uidListName, type UidList } from '../../mail/dovecot-files.ts';
import { identityOf, splitMaildirName } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfBytes, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { ExpectedMessage } from '../../model/drill/compare-folder.ts';
import type { Path } from '../../model/entry.ts';
import { isFault } from '../../model/fault.ts';
import { logicalPieces } from '../stored-mail/logical-message.ts';
import { isWanted, type Sampling } from './sampled-source.ts';
import { messagesIn } from './survey-mail.ts';

/** What a folder has to show, by the backup and what was restored of it. */
export interface ExpectedFolder {
  readonly messages: readonly ExpectedMessage[];
  /** Paths below the folder that the backup names and that were not restored. */
  readonly missing: readonly ByteString[];
  /** From `dovecot-uidlist`. */
  readonly uidValidity: number | undefined;
  readonly encrypted: number;
  /** Letters of keywords that nothing names, with how many messages bear them. */
  readonly nameless: ReadonlyMap<string, number>;
}

const flags: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};

interface WireDigest {
  /** SHA-256 of a message as IMAP gives it; undefined for one that only its server can read. */
  readonly sha256: string | undefined;
  readonly isEncrypted: boolean;
}

const wireDigest = async (bytes: AsyncIterable<Uint8Array>): Promise<WireDigest> => {
  const hash = createHash('sha256');
  const wire = createWireForm();
  try {
    for await (const piece of logicalPieces(bytes)) for (const part of wire(piece)) hash.update(part);
    return { sha256: hash.digest('hex'), isEncrypted: false };
  } catch (error) {
    if (!isFault(error, 'unsupported', 'entry-unreadable')) throw error;
    return { sha256: undefined, isEncrypted: error.context['form'] === 'encrypted' };
  }
};

const whole = async (tree: RestoredTree, path: Path): Promise<ByteString | undefined> => {
  const parts: Uint8Array[] = [];
  try {
    for await (const bytes of tree.read(path)) parts.push(Uint8Array.from(bytes));
  } catch (error) {
    if (isFault(error) && !isFault(error, 'interrupted')) return undefined;
    throw error;
  }
  return byteStringOfBytes(Buffer.concat(parts));
};

interface FolderFiles {
  readonly uidList: UidList | undefined;
  readonly uids: ReadonlyMap<string, number>;
  readonly keywords: ReadonlyMap<string, string>;
}

const filesOf = async (tree: RestoredTree, folder: Path): Promise<FolderFiles> => {
  const list = await whole(tree, [...folder, uidListName]);
  const names = await whole(tree, [...folder, keywordsName]);
  const uidList = list === undefined ? undefined : parseUidList(list);
  return {
    uidList,
    uids: new Map(uidList?.entries.map(({ uid, name }) => [identityOf(name), uid])),
    keywords: names === undefined ? new Map() : parseKeywords(names),
  };
};

/** What a folder of a Maildir has to show. To be asked before a mail server has seen it. */
export const expectedFolder = async (
  {
    base,
    tree,
    folder,
    sampling,
  }: {
    readonly base: Pick<Base, 'children'>;
    readonly tree: RestoredTree;
    readonly folder: Path;
    readonly sampling: Sampling;
  },
  run: Run,
): Promise<ExpectedFolder> => {
  const { uidList, uids, keywords } = await filesOf(tree, folder);
  const restored = new Map<ByteString, ReadonlySet<ByteString>>();
  const messages: ExpectedMessage[] = [];
  const missing: ByteString[] = [];
  const nameless = new Map<string, number>();
  let encrypted = 0;
  const flagsOf = (letters: string): readonly string[] =>
    [...letters].flatMap((letter) => {
      const flag = flags[letter] ?? keywords.get(letter);
      if (flag === undefined && letter >= 'a' && letter <= 'z') nameless.set(letter, (nameless.get(letter) ?? 0) + 1);
      return flag ?? [];
    });
  for await (const { below, name } of messagesIn(base, folder, run)) {
    throwIfInterrupted(run);
    if (!isWanted(name, sampling)) continue;
    const names = restored.get(below) ?? (await tree.names([...folder, below]));
    restored.set(below, names);
    if (!names.has(name)) {
      missing.push(byteStringOfLatin1(`${below}/${name}`));
      continue;
    }
    const { sha256, isEncrypted } = await wireDigest(tree.read([...folder, below, name]));
    if (isEncrypted) encrypted++;
    const { identity, flags: letters = '' } = splitMaildirName(name);
    messages.push({ name: identity, flags: flagsOf(letters), sha256, uid: uids.get(identity) });
  }
  return { messages, missing, uidValidity: uidList?.uidValidity, encrypted, nameless };
};
