import type { DrillProgram } from '../model/drill/drill-record.ts';
import type { ServedMessage } from '../model/drill/compare-folder.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import type { Secret } from '../model/secret.ts';
import type { DatabaseTarget } from './database-target.ts';
import type { Run } from './run.ts';
import type { Source } from './source.ts';

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

/** Names that mail is for, as tables of a database say. Small and large letters as they are stored. */
export interface MailRouting {
  /** Where they were found: `usermgmt.alias`. */
  readonly place: string;
  /** Domains that the server takes mail for; undefined: no table names them. */
  readonly domains: readonly string[] | undefined;
  readonly aliases: readonly MailAlias[];
  /** Domains all of whose addresses stand for those of another. */
  readonly domainAliases: readonly { readonly domain: string; readonly target: string }[];
}

export interface MailAlias {
  /** `sales@example.com`; `@example.com` stands for all that have no entry of their own. */
  readonly address: string;
  readonly targets: readonly string[];
}

/** A table of accounts that a user can be made in, as the server itself would. */
export interface AccountTable {
  /** `usermgmt.mailbox`. */
  readonly place: string;
  /** Faults as a query has them. */
  create(user: StoredAccount, run: Run): Promise<void>;
  change(user: StoredAccount, run: Run): Promise<void>;
  remove(address: string, run: Run): Promise<void>;
}

export type KnownAccountTable =
  | { readonly kind: 'known'; readonly table: AccountTable }
  /** It is called as such, and wants what is not known here: `usermgmt.mailbox: kind`. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** Tables of Roundcube, in one database. */
export interface WebmailTables {
  /** `roundcubemail`. */
  readonly place: string;
  readonly users: number;
  /** Tables that have to be there and are not. */
  readonly missing: readonly string[];
  /** Rows that belong to no user, by their tables. */
  readonly orphans: readonly { readonly table: string; readonly count: number }[];
  /** Users without any identity: they have no sender's address. */
  readonly nameless: number;
  /** The names of some of its users. */
  readonly people: readonly string[];
}

export interface WebmailEntry {
  /** Which of the tables of webmail: its database. */
  readonly place: string;
  /** Whom the program runs as, by numbers; undefined: as we do. */
  readonly identity: { readonly uid: number; readonly gid: number } | undefined;
  /** Where it may write, absolute. */
  readonly folder: string;
  /** The mail server that its users have their mail on from now on, by the name that the program will call it. */
  readonly mailHost: string;
}

/** How a program of webmail reaches its tables. */
export type WebmailDatabase =
  | {
      readonly kind: 'mariadb';
      /** Absolute. */
      readonly socket: string;
      /** Of the database: it may read and write these tables, and sees no others. */
      readonly user: string;
      readonly password: Secret;
      readonly database: string;
    }
  /** A copy of its own, absolute. */
  | { readonly kind: 'sqlite'; readonly file: string };

/** Tables of webmail in a database. Faults as a query has them. */
export interface WebmailStore {
  readonly kind: WebmailDatabase['kind'];
  tables(run: Run): Promise<readonly WebmailTables[]>;
  /** Lets a program in to some of them. */
  open(entry: WebmailEntry, run: Run): Promise<WebmailDatabase>;
}

/** Tables of mail servers, as far as their schemas are known here. Faults as a query has them. */
export interface MailTables {
  /** Domains and aliases of mail; undefined: no such table is there. */
  routing(run: Run): Promise<MailRouting | undefined>;
  /** Where a user is made; undefined: no such table is there. */
  accountTable(run: Run): Promise<KnownAccountTable | undefined>;
}

/** Databases that a drill loads. */
export type ThrowawayKind = 'mariadb' | 'postgres' | 'sqlite' | 'redis';

/** What there is none of here: neither on this machine, nor in an image that is on it. */
export interface MissingProgram {
  readonly kind: 'missing';
  /** `no-image`: there is an engine for containers; only an image is missing. */
  readonly reason: 'no-program' | 'no-image';
  /** For people, with what it is in, in brackets: `Redis (redis-server)`. */
  readonly what: string;
}

export type StartedDatabase = { readonly kind: 'started'; readonly database: ThrowawayDatabase } | MissingProgram;
export type StartedMail = { readonly kind: 'started'; readonly mail: ThrowawayMail } | MissingProgram;

/** A database without any data, which only this process can reach. */
export interface ThrowawayDatabase {
  readonly program: DrillProgram;
  /** What the dumps of a component are brought back to. */
  target(dumps: Source, run: Run): Promise<DatabaseTarget>;
  /** Rows of each table, by `database.table`; those of the system left out. Of Redis: keys that do not expire, by `component.db0`. */
  rowCounts(run: Run): Promise<Readonly<Record<string, number>>>;
  /** Tables that hold mail accounts, by their columns. `query`: what to ask instead, which yields address and hash. */
  accounts(query: string | undefined, run: Run): Promise<readonly FoundAccounts[]>;
  /** Left out where no schema of mail is known for this kind of database. */
  readonly mailTables?: MailTables;
  /** Left out where webmail is not known for this kind of database. */
  readonly webmail?: WebmailStore;
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
  /** Whether the inbox has a message with this mark in a header of this name. */
  holds(header: string, mark: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface ServedFolder {
  readonly uidValidity: number;
  readonly messages: readonly ServedMessage[];
}

export interface ThrowawayMail {
  readonly program: DrillProgram;
  /** Where it speaks IMAP: a port of 127.0.0.1, without TLS. */
  readonly port: number;
  /** Logs in. `password`: the person's own; undefined: as the master user of this server. Fault `credentials-refused`. */
  login(address: string, password: string | undefined, run: Run): Promise<MailView>;
  /** By which sockets a mail transport hands it mail and asks it for passwords; undefined: it cannot take mail here. */
  readonly sockets: MailSockets | undefined;
  /** From now on serves these and no others. */
  serve(mailboxes: readonly ServedMailbox[], run: Run): Promise<void>;
  stop(): Promise<void>;
}

/** Absolute paths. */
export interface MailSockets {
  readonly delivery: string;
  readonly logins: string;
}

/** A message that a drill sends. */
export interface Letter {
  readonly from: string;
  readonly to: string;
  /** A header that tells it from all others, by its content. */
  readonly header: string;
  readonly mark: string;
  /** Of the sender, who logs in with it. */
  readonly password: string | undefined;
}

/** What has become of a letter at one of those whom it was for. */
export interface Delivery {
  /** Who got it, aliases followed. */
  readonly recipient: string;
  /** Whom it was sent to. */
  readonly originally: string;
  readonly isDelivered: boolean;
  /** What the server said that took it, or did not. */
  readonly said: string;
}

/** A mail transport that can deliver to a throw-away mail server and to nobody else. */
export interface ThrowawayTransport {
  /** For people: `Postfix 3.7.11`. */
  readonly description: string;
  /** As a stranger delivers it. Waits for what becomes of it. Fault `server-refused` with what was said. */
  receive(letter: Letter, run: Run): Promise<readonly Delivery[]>;
  /** As a person of this server sends it. */
  submit(letter: Letter, run: Run): Promise<readonly Delivery[]>;
  stop(): Promise<void>;
}

export interface TransportWish {
  readonly routing: MailRouting;
  readonly mailboxes: readonly Pick<StoredAccount, 'address'>[];
  /** Undefined: the mail server cannot take mail. */
  readonly sockets: MailSockets | undefined;
  readonly asksForLogin: boolean;
  /** An address that stands for the rest of the world. */
  readonly outside: string;
}

export type StartedTransport =
  | { readonly kind: 'started'; readonly transport: ThrowawayTransport }
  /** What is not installed. */
  | { readonly kind: 'missing'; readonly what: string }
  /** Only the superuser may start it. */
  | { readonly kind: 'not-allowed' };

/** Who logs in to webmail. */
export interface WebmailVisitor {
  readonly address: string;
  readonly password: string;
}

export type WebmailOutcome =
  /** The inbox was shown, with so many messages. */
  | { readonly kind: 'shown'; readonly messages: number }
  /** What did not work, and what the program said of it, without secrets. */
  | { readonly kind: 'no-page' | 'database-refused' | 'login-refused' | 'no-mailbox'; readonly said: string };

/** A program of webmail on restored tables, for a throw-away mail server. */
export interface ThrowawayWebmail {
  /** For people: `Roundcube 1.6.5`. */
  readonly description: string;
  /** As a person does it with a browser: opens the page, logs in, looks at the inbox, logs out. */
  visit(visitor: WebmailVisitor, run: Run): Promise<WebmailOutcome>;
  stop(): Promise<void>;
}

export interface WebmailWish {
  /** Where the mail server speaks IMAP, on 127.0.0.1. */
  readonly mailPort: number;
  readonly kind: WebmailDatabase['kind'];
  /** Lets the program in to its tables, when it is known whom it runs as. */
  open(entry: Omit<WebmailEntry, 'place'>, run: Run): Promise<WebmailDatabase>;
}

export type StartedWebmail =
  | { readonly kind: 'started'; readonly webmail: ThrowawayWebmail }
  /** What is not installed, with its Debian package in brackets. */
  | { readonly kind: 'missing'; readonly what: string }
  /** The folder of the program, which is closed to the user that it would run as. */
  | { readonly kind: 'closed'; readonly folder: string }
  /** The database does not let it in to its tables. */
  | { readonly kind: 'database-refused'; readonly said: string };

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
