import type { ServedMessage } from '../model/drill/compare-folder.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import type { DatabaseTarget } from './database-target.ts';
import type { Run } from './run.ts';

/* Servers that a drill starts for itself, and throws away. */

/** An account as a database, or a file, keeps it. */
export interface StoredAccount {
  /** `alice@example.com`. */
  readonly address: string;
  /** As it is stored: `{SHA512-CRYPT}$6$…`. */
  readonly hash: string;
}

export interface FoundAccounts {
  /** Where they were found: `usermgmt.mailbox`. */
  readonly place: string;
  readonly accounts: readonly StoredAccount[];
}

/** A database server without any data, which only this process can reach. */
export interface ThrowawayDatabase {
  /** For people: `MariaDB 10.11`. */
  readonly description: string;
  target(run: Run): Promise<DatabaseTarget>;
  /** Rows of each table, by `database.table`; those of the system left out. */
  rowCounts(run: Run): Promise<Readonly<Record<string, number>>>;
  /** Tables that hold mail accounts, by their columns. `query`: what to ask instead, which yields address and hash. */
  accounts(query: string | undefined, run: Run): Promise<readonly FoundAccounts[]>;
  stop(): Promise<void>;
}

/** A mailbox that a throw-away mail server serves. */
export interface ServedMailbox extends StoredAccount {
  /** The restored Maildir, absolute. */
  readonly maildir: string;
  readonly uid: number;
  readonly gid: number;
}

export interface MailKeyPair {
  /** PEM files, absolute. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** What one login shows. */
export interface MailView {
  /** Names in modified UTF-7, levels parted by `/`. */
  readonly folders: readonly ByteString[];
  /** Fault where it cannot be opened, or a message not be read. */
  look(folder: ByteString, run: Run): Promise<ServedFolder>;
  close(): Promise<void>;
}

export interface ServedFolder {
  readonly uidValidity: number;
  readonly messages: readonly ServedMessage[];
}

export interface ThrowawayMail {
  /** For people: `Dovecot 2.3.19.1`. */
  readonly description: string;
  /** Logs in. `password`: the person's own; undefined: as the master user of this server. Fault `credentials-refused`. */
  login(address: string, password: string | undefined, run: Run): Promise<MailView>;
  stop(): Promise<void>;
}

/** What a program said of a filter. */
export type SieveOutcome =
  | { readonly kind: 'compiled' }
  | { readonly kind: 'refused'; readonly said: string }
  /** It needs an extension that is not installed here. */
  | { readonly kind: 'unknown'; readonly said: string };

/** A file of a component that was restored, and is no message. */
export interface RestoredFile {
  /** Below the component, as it is shown. */
  readonly path: string;
  readonly size: number;
}

/** What was restored of a component. Links are followed where they stay below it. */
export interface RestoredTree {
  /** Absolute. */
  readonly folder: string;
  /** Files in it, messages of Maildirs left out. */
  files(run: Run): AsyncIterable<RestoredFile>;
  /** A small file as text, a byte a letter; undefined when it is not there, too large, or a link leads out to it. */
  text(path: string): Promise<string | undefined>;
  /** Names in a folder; none when it is not there. */
  names(folder: Path): Promise<ReadonlySet<ByteString>>;
  /** The bytes of a file. */
  read(path: Path): AsyncIterable<Uint8Array>;
  /** Makes a mailbox one that a mail server may serve, and says whose it is: no link in it leads out, and it is not the superuser's. */
  adopt(folder: Path): Promise<{ readonly maildir: string; readonly uid: number; readonly gid: number }>;
}
