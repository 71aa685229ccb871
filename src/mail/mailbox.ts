import type { ByteString } from '../model/byte-string.ts';
import { byteStringOfLatin1, displayText } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { mailboxText } from './mailbox-name.ts';
import { splitMaildirName } from './maildir-name.ts';

/** A directory and the names in it; those of `cur` and `new` may be left out, as only messages lie there. */
export interface DirectoryNames {
  readonly path: Path;
  readonly names: readonly ByteString[];
}

/**
 * `maildir++`: folders are `.A.B` beside the inbox's own `cur`; `fs`: folders are directories in directories
 * (`layout=fs`), the inbox above them or, as mbsync and OfflineIMAP have it, one of them.
 */
export type MailboxLayout = 'maildir++' | 'fs';

export interface Mailbox {
  /** The directory that holds `cur` and `new`. */
  readonly path: Path;
  /** The directory of the account that it belongs to. */
  readonly root: Path;
  readonly layout: MailboxLayout;
  /** The levels of the folder's name as they lie on the disk; none for the inbox itself. */
  readonly levels: readonly ByteString[];
  /** For people: levels decoded and joined by `/`; `INBOX` for the inbox. */
  readonly name: string;
}

/**
 * The lens on a tree of files: the mailboxes of all Maildirs in it, in the order of their paths. Directories may come in any
 * order; a Maildir is one that holds `cur` and `new`.
 */
export const findMailboxes = (
  directories: readonly DirectoryNames[],
  levelText: (level: ByteString) => string = mailboxText,
): Mailbox[] => {
  const maildirs = new Map<string, Path>();
  for (const { path, names } of directories) {
    if (names.includes(cur) && names.includes(fresh)) maildirs.set(keyOf(path), path);
  }
  const mailboxes = [...maildirs.values()].sort(byPath).map((path) => named(mailboxAt(path, maildirs), levelText));
  const fsRoots = new Set(mailboxes.filter(({ layout }) => layout === 'fs').map(({ root }) => keyOf(root)));
  return mailboxes.map((mailbox) => (fsRoots.has(keyOf(mailbox.root)) ? { ...mailbox, layout: 'fs' } : mailbox));
};

const cur = byteStringOfLatin1('cur');
const fresh = byteStringOfLatin1('new');

const keyOf = (path: Path): string => path.join('/');

const byPath = (left: Path, right: Path): number => (keyOf(left) < keyOf(right) ? -1 : 1);

const mailboxAt = (path: Path, maildirs: ReadonlyMap<string, Path>): Omit<Mailbox, 'name'> => {
  const parent = path.slice(0, -1);
  const own = path.at(-1) ?? byteStringOfLatin1('');
  // `.maildir` in a home directory is an account, not a folder.
  if (own.length > 1 && own.startsWith('.') && (maildirs.has(keyOf(parent)) || !/^\.maildir$/i.test(own))) {
    return { path, root: parent, layout: 'maildir++', levels: own.slice(1).split('.').map(byteStringOfLatin1) };
  }
  const root = fsRoot(path, maildirs);
  const levels = path.slice(root.length);
  return { path, root, layout: levels.length > 0 ? 'fs' : 'maildir++', levels };
};

const named = (mailbox: Omit<Mailbox, 'name'>, levelText: (level: ByteString) => string): Mailbox => ({
  ...mailbox,
  name: mailbox.levels.length === 0 ? 'INBOX' : mailbox.levels.map((level) => levelText(level)).join('/'),
});

/** The uppermost Maildir above, or the directory that holds one called INBOX, or the Maildir itself. */
const fsRoot = (path: Path, maildirs: ReadonlyMap<string, Path>): Path => {
  for (let depth = 0; depth < path.length; depth++) {
    const above = path.slice(0, depth);
    if (maildirs.has(keyOf(above)) || inboxNames.some((name) => maildirs.has(keyOf([...above, name])))) return above;
  }
  return path;
};

const inboxNames: readonly ByteString[] = ['INBOX', 'Inbox', 'inbox'].map(byteStringOfLatin1);

/** The flags that every Maildir knows. */
export type MaildirFlag = 'draft' | 'flagged' | 'passed' | 'answered' | 'seen' | 'deleted';

const flagOf: Readonly<Record<string, MaildirFlag>> = {
  D: 'draft',
  F: 'flagged',
  P: 'passed',
  R: 'answered',
  S: 'seen',
  T: 'deleted',
};

export interface MailboxMessage {
  /** `new`: not yet seen by any mail client. */
  readonly place: 'cur' | 'new';
  readonly fileName: ByteString;
  /** What stays when flags change. */
  readonly identity: ByteString;
  readonly flags: readonly MaildirFlag[];
  /** Letters `a` to `z`, which Dovecot's `dovecot-keywords` names, and any others, in their order. */
  readonly otherFlags: string;
  /** As the name tells. */
  readonly size: number | undefined;
}

/** The messages of one mailbox by the names in its `cur` or `new`; names that begin with a dot are none. */
export const messagesIn = (place: 'cur' | 'new', names: readonly ByteString[]): MailboxMessage[] =>
  names
    .filter((name) => !name.startsWith('.'))
    .map((fileName) => {
      const { identity, flags = '', size } = splitMaildirName(fileName);
      const letters = [...new Set(flags)];
      return {
        place,
        fileName,
        identity,
        flags: letters.flatMap((letter) => flagOf[letter] ?? []),
        otherFlags: displayText(byteStringOfLatin1(letters.filter((letter) => flagOf[letter] === undefined).join(''))),
        size,
      };
    });
