/** Which life a mailbox has had: see docs/benchmarks.md. */
export type MailboxKind = 'standard' | 'shared-attachments' | 'tiny';

export interface MailboxOptions {
  /** Where the accounts are put: `<directory>/example.com/user001/Maildir`. */
  readonly directory: string;
  readonly kind: MailboxKind;
  readonly messages: number;
  /** Wanted sum of the messages' sizes; met within some per cent when there are thousands of messages. */
  readonly bytes: number;
  /** Mail folders in all, INBOXes included; each account has ten. */
  readonly folders: number;
  readonly seed: number;
}

/** One mail folder and what belongs into it. */
export interface FolderPlan {
  readonly index: number;
  /** Its Maildir, relative to the directory, as a binary string. */
  readonly path: string;
  readonly account: number;
  readonly isInbox: boolean;
  readonly messages: number;
}

export const foldersOfAnAccount = 10;

const folderNames: readonly string[] = [
  '',
  '.Sent',
  '.Archive',
  '.Archive.2019',
  '.Projects',
  '.&iYt6TWb4-', // 見積書 in modified UTF-7
  '.Junk',
  '.Trash',
  '.Drafts',
  '.Lists.dev &- ops',
];

/** The address of an account, e.g. `user001@example.com`. */
export function addressOf(account: number): string {
  return `${userOf(account)}@example.com`;
}

function userOf(account: number): string {
  return `user${String(account + 1).padStart(3, '0')}`;
}

/** The Maildir of an account, relative to the directory. */
export function maildirOf(account: number): string {
  return `example.com/${userOf(account)}/Maildir`;
}

/** All folders; early ones are larger (about 2.5 times the mean), as INBOXes are, and the counts add up exactly. */
export function planFolders(options: MailboxOptions): FolderPlan[] {
  const { folders, messages } = options;
  const weights = Array.from({ length: folders }, (_, index) => 1 / (spread(index, folders) + folders / 4));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let given = 0;
  let weightSoFar = 0;
  return weights.map((weight, index) => {
    weightSoFar += weight;
    const upTo = index === folders - 1 ? messages : Math.round((messages * weightSoFar) / total);
    const count = upTo - given;
    given = upTo;
    const account = Math.floor(index / foldersOfAnAccount);
    const position = index % foldersOfAnAccount;
    const path = `${maildirOf(account)}${position === 0 ? '' : `/${folderNames[position] ?? ''}`}`;
    return { index, path, account, isInbox: position === 0, messages: count };
  });
}

/** A rank for the folder: all INBOXes come first, then all second folders, and so on. */
function spread(index: number, folders: number): number {
  const accounts = Math.ceil(folders / foldersOfAnAccount);
  return (index % foldersOfAnAccount) * accounts + Math.floor(index / foldersOfAnAccount);
}

/** How much the sizes of bodies have to be stretched to meet `bytes`. */
export function scaleOf(options: MailboxOptions): number {
  const natural = naturalMean[options.kind];
  const fixed = fixedMean[options.kind];
  return Math.max(0.02, (options.bytes / options.messages - fixed) / (natural - fixed));
}

/** Mean size at scale 1, measured over 50,000 messages; and how much of it (headers, boundaries) does not scale. */
const naturalMean: Readonly<Record<MailboxKind, number>> = {
  standard: 28_860,
  'shared-attachments': 28_770,
  tiny: 2_000,
};
const fixedMean: Readonly<Record<MailboxKind, number>> = { standard: 2_000, 'shared-attachments': 2_000, tiny: 1_000 };
