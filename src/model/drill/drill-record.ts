/*
 * What a drill found, as plain data that survives JSON. Times are milliseconds (moments: since 1970 UTC), sizes bytes.
 */

/** What is looked at, in the order in which it is told. */
export const drillChecks = [
  'backup',
  'restore',
  'databases',
  'logins',
  'folders',
  'messages',
  'flags',
  'mail-flow',
  'users',
  'webmail',
  'webmail-login',
  'mail-key',
  'sieve',
  'dkim',
  'certificates',
] as const;

export type DrillCheckName = (typeof drillChecks)[number];

/** Why something is wrong; of what, the finding says. */
export type DrillFindingKind =
  /** A file that is no message is not as it was written. */
  | 'file-damaged'
  /** A component could not be restored, or a part of it. */
  | 'not-restored'
  | 'message-missing'
  /** Its bytes are not those that were written. */
  | 'message-differs'
  /** It was restored, but Dovecot does not show it with these bytes. */
  | 'message-unserved'
  | 'folder-missing'
  /** Dovecot cannot open it. */
  | 'folder-unreadable'
  /** UIDVALIDITY or UIDs are others: every mail program would download all again. */
  | 'identity-changed'
  | 'flag-lost'
  /** Messages bear a keyword that no `dovecot-keywords` names. */
  | 'keyword-nameless'
  | 'login-refused'
  | 'hash-unusable'
  /** The database has no account at all. */
  | 'no-accounts'
  | 'dump-failed'
  /** It had rows at the last drill that passed. */
  | 'table-empty'
  | 'table-missing'
  /** The server does not take mail for it. */
  | 'mail-refused'
  /** It was taken, and not delivered; the detail says why. */
  | 'mail-not-delivered'
  /** It was delivered, and its reader does not have it. */
  | 'mail-not-seen'
  /** Who may send is not let. */
  | 'mail-not-sent'
  /** It leads to an address of the server that is nobody's, the detail. */
  | 'alias-nowhere'
  | 'user-not-created'
  /** It was created, and cannot log in. */
  | 'user-not-let-in'
  | 'user-not-changed'
  | 'old-password-accepted'
  /** It can log in all the same. */
  | 'user-not-deleted'
  | 'webmail-table-missing'
  /** Rows that belong to no user of webmail. */
  | 'webmail-orphans'
  /** Users of webmail without a sender's address. */
  | 'webmail-nameless'
  /** The page of webmail does not come up. */
  | 'webmail-no-page'
  /** Its restored tables refuse what it asks. */
  | 'webmail-database-refused'
  | 'webmail-login-refused'
  /** Who has logged in does not see the inbox. */
  | 'webmail-no-mailbox'
  | 'mail-key-missing'
  | 'mail-undecryptable'
  | 'sieve-error'
  | 'dkim-mismatch'
  | 'dkim-unreadable'
  | 'certificate-expired'
  | 'certificate-early'
  | 'certificate-key-differs'
  | 'certificate-key-missing'
  | 'certificate-unreadable';

export interface DrillFinding {
  readonly kind: DrillFindingKind;
  /** A path in the backup, a mailbox, a table, a component. */
  readonly subject: string;
  /** How many messages, rows; 1 where it is one thing. */
  readonly count: number;
  /** What a program said, a date, flags; empty where there is nothing more to say. */
  readonly detail: string;
}

/** Why a check was not made. */
export type DrillSkipReason =
  /** The backup has nothing of the kind. */
  | 'nothing-there'
  /** The program that it needs is not installed; the detail names it. */
  | 'no-program'
  /** The same, and there is an engine for containers, but no image with the program. */
  | 'no-image'
  /** A component that is to hold mail, the detail, has no Maildir: it is empty, or of another format. */
  | 'no-maildir'
  /** There is no public text beside the key. */
  | 'no-public-text'
  /** No password is known: hashes were judged by their form, mailboxes opened by a master user. */
  | 'no-password'
  /** Accounts are not in a database that is known here. */
  | 'accounts-unknown'
  /** Hashes of the library passlib, which Mailu has: no mail server but it can compare them with a password. */
  | 'hash-foreign'
  /** A database of this kind is not loaded. */
  | 'kind-not-loaded'
  /** Only the superuser may start the program, the detail. */
  | 'needs-superuser'
  /** Mail was sent to the outside without a login: no password is known. */
  | 'sent-without-login'
  /** Of webmail only the tables were looked at: there is no mailbox to log in to. */
  | 'no-webmail-login'
  /** Who logged in to webmail, the detail, did so with a password that the drill has made up. */
  | 'webmail-password-made-up'
  /** The program in this folder, the detail, cannot be read by the user that it would run as. */
  | 'program-closed'
  /** No table that a user can be made in is known; the detail names a column that would be needed. */
  | 'schema-unknown';

export interface DrillSkip {
  readonly reason: DrillSkipReason;
  readonly detail: string;
}

export interface DrillCheck {
  readonly name: DrillCheckName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** How many things were looked at: messages, accounts, tables, keys. */
  readonly looked: number;
  /** At most the first of them. */
  readonly findings: readonly DrillFinding[];
  /** How many findings there are. */
  readonly found: number;
  /** What of it was not looked at, and why. */
  readonly skips: readonly DrillSkip[];
}

/** How long a part took to come back. */
export interface DrillTime {
  /** A component of the backup, or `start` of the mail server. */
  readonly name: string;
  readonly measured: number;
  /** For all of it, where only a sample was restored. */
  readonly whole: number;
  readonly bytes: number;
  readonly wholeBytes: number;
}

/** A program that a drill has started. */
export interface DrillProgram {
  /** With its version: `MariaDB 10.11.6`. */
  readonly name: string;
  /** The image that it is from; left out: it is installed on the machine. */
  readonly image?: string;
}

export interface DrillRecord {
  readonly server: string;
  /** For people: the folder of the backup, or the snapshot. */
  readonly backup: string;
  /** When its capture began. */
  readonly backupTime: number;
  readonly isComplete: boolean;
  /** The share of messages that were restored; 1: all. */
  readonly share: number;
  readonly messages: number;
  readonly wholeMessages: number;
  readonly accounts: number;
  readonly checks: readonly DrillCheck[];
  readonly times: readonly DrillTime[];
  /** Recovery time: all of it, extrapolated. */
  readonly recovery: number;
  /** Age of the backup when the drill began: what would be lost. */
  readonly dataAge: number;
  /** In the order in which they were started; none in the records of earlier versions. */
  readonly programs: readonly DrillProgram[];
  /** Rows by `database.table`. */
  readonly tables: Readonly<Record<string, number>>;
  /** Earlier drills of the same server, newest first. */
  readonly trend: readonly DrillPoint[];
}

/** A drill as later ones remember it. */
export interface DrillPoint {
  readonly time: number;
  readonly verdict: DrillVerdict;
  readonly recovery: number;
  readonly dataAge: number;
  readonly messages: number;
}

export type DrillVerdict = 'passed' | 'failed';

/** Without these nobody has seen that the server comes back. */
const needed: ReadonlySet<DrillCheckName> = new Set<DrillCheckName>(['databases', 'logins', 'folders']);

const isMissing = ({ reason }: DrillSkip): boolean =>
  reason === 'no-program' || reason === 'no-image' || reason === 'no-maildir';

/** No program to check it with, or no mail where mail should be: a drill does not pass on that, whatever else of it was looked at. */
const isUnproven = ({ name, skips }: DrillCheck): boolean => needed.has(name) && skips.some(isMissing);

export const drillVerdict = ({ checks }: Pick<DrillRecord, 'checks'>): DrillVerdict =>
  checks.some((check) => check.outcome === 'failed' || isUnproven(check)) ? 'failed' : 'passed';

const isSkipped = ({ outcome, skips }: DrillCheck): boolean =>
  outcome === 'skipped' && skips.some(({ reason }) => reason !== 'nothing-there');

/** What could have been checked and was not: a person should know, though nothing is wrong. What a backup does not have is none of it. */
export const notChecked = ({ checks }: Pick<DrillRecord, 'checks'>): readonly DrillCheckName[] =>
  checks.filter((check) => isSkipped(check) || isUnproven(check)).map(({ name }) => name);

/** Programs and mail whose absence fails a drill. */
export const missingForProof = ({ checks }: Pick<DrillRecord, 'checks'>): readonly DrillSkip[] =>
  checks.filter(isUnproven).flatMap(({ skips }) => skips.filter(isMissing));

export const allFindings = ({ checks }: Pick<DrillRecord, 'checks'>): readonly DrillFinding[] =>
  checks.flatMap(({ findings }) => findings);
