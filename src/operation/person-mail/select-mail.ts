import type { Run } from '../../contract/run.ts';
import type { Base, Content, Source } from '../../contract/source.ts';
import type { LevelText } from '../../contract/browse.ts';
import type { Mailbox } from '../../mail/mailbox.ts';
import { compileSearch, type SearchQuery } from '../../mail/search.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { isWantedFolder } from '../export-mail.ts';
import { type Candidate, mailBatches } from '../find-messages.ts';
import { createMailboxNames } from '../mailbox-names.ts';
import { readHeaders } from '../read-messages.ts';

/** The Maildir of a person in a backup, as the root of a source. */
export type PersonMail = Source & Base & { readonly levelText?: LevelText };

export interface MailWish {
  /** Names as people know them, in any case, with all folders below. None: every folder. */
  readonly folders: readonly string[];
  /** Undefined: every message. */
  readonly query: SearchQuery | undefined;
  /** A content that yields no less than the header of a message. */
  readonly beginningOf: (content: Content) => Content;
}

export interface SelectedMail {
  /** Whether an entry comes, by its path in the Maildir. */
  readonly filter: (path: ByteString, isDirectory: boolean) => boolean;
  /** The folders of messages that come, in the order of their paths. */
  readonly folders: readonly Mailbox[];
}

/** What of a person's mail is asked for. Messages that cannot be read are told, and do not come. */
export const selectMail = async (mail: PersonMail, wish: MailWish, run: Run): Promise<SelectedMail> => {
  const folders = new Map<string, Mailbox>();
  const messages = wish.query === undefined ? undefined : new Set<ByteString>();
  const matches = compileSearch(wish.query ?? {});
  for await (const batch of mailBatches(mail, run)) {
    const wanted = batch.filter(({ mailbox }) => isWantedFolder(mailbox, wish.folders));
    const found = messages === undefined ? wanted : await searched(mail, wanted, { matches, wish }, run);
    for (const { path, mailbox } of found) {
      folders.set(mailbox.path.join('/'), mailbox);
      messages?.add(byteStringOfLatin1(path.join('/')));
    }
  }
  if (wish.folders.length > 0 && messages === undefined) await addEmptyFolders(mail, { wish, folders }, run);
  const all = [...folders.values()];
  if (wish.folders.length === 0 && messages === undefined) return { filter: () => true, folders: all };
  return { filter: filterOf(new Set(folders.keys()), messages), folders: all };
};

const searched = async (
  mail: PersonMail,
  candidates: readonly Candidate[],
  { matches, wish }: { readonly matches: ReturnType<typeof compileSearch>; readonly wish: MailWish },
  run: Run,
): Promise<readonly Candidate[]> => {
  const headers = await readHeaders(mail, candidates, wish.beginningOf, run);
  return candidates.filter((_, at) => {
    const header = headers[at];
    return header !== undefined && matches(header);
  });
};

/** A folder without messages comes back, too, when it is asked for by its name. */
const addEmptyFolders = async (
  mail: PersonMail,
  { wish, folders }: { readonly wish: MailWish; readonly folders: Map<string, Mailbox> },
  run: Run,
): Promise<void> => {
  const names = createMailboxNames(mail);
  for await (const { path, listing } of mail.capture(undefined, run)) {
    if (listing.kind === 'listed') for await (const _ of listing.pages);
    if (path.at(-1) !== 'cur') continue;
    const mailbox = await names.mailboxAt(path.slice(0, -1), run);
    if (mailbox !== undefined && isWantedFolder(mailbox, wish.folders)) folders.set(mailbox.path.join('/'), mailbox);
  }
};

/** Beside messages only what makes them what they are: names of keywords, and what marks a folder as one. */
const needed: ReadonlySet<string> = new Set(['dovecot-keywords', 'maildirfolder']);

/** Folders that come whole bring all that is in them; else it is the messages that were found. */
const filterOf =
  (folders: ReadonlySet<string>, messages: ReadonlySet<ByteString> | undefined): SelectedMail['filter'] =>
  (path, isDirectory) => {
    const parts = path.split('/');
    const own = parts.at(-1) ?? '';
    const above = parts.slice(0, -1).join('/');
    if (isDirectory) return folders.has(path) || (partNames.has(own) && folders.has(above));
    if (partNames.has(parts.at(-2) ?? '')) {
      if (!folders.has(parts.slice(0, -2).join('/'))) return false;
      return messages === undefined || messages.has(path);
    }
    if (!folders.has(above)) return false;
    return needed.has(own) || (messages === undefined && own.startsWith('dovecot-'));
  };

const partNames: ReadonlySet<string> = new Set(['cur', 'new', 'tmp']);
