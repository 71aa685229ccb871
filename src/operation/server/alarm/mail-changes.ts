import type { FolderDifference, ListedEntry } from '../../../contract/component.ts';
import { identityOf } from '../../../mail/maildir-name.ts';
import { displayText } from '../../../model/byte-string.ts';
import type { FolderChange } from '../../../model/damage-brake.ts';
import type { Path } from '../../../model/entry.ts';

/** What became of the messages of a server in a night. */
export interface MailChanges {
  /** By mailbox. */
  readonly mailboxes: readonly FolderChange[];
  /** New ones, and those whose bytes changed; what only moved or got flags is none. */
  readonly fresh: readonly ListedEntry[];
  /** Messages that were not there before under any name. */
  readonly arrived: number;
}

/** Messages lie in folders of these names (Maildir). */
export const isMailFolder = (path: Path): boolean =>
  path.length > 1 && (path.at(-1) === 'cur' || path.at(-1) === 'new');

/** The mailbox of a mail folder: what is above its Maildir, and above the folders of Maildir++ in it. */
export const mailboxOf = (component: string, path: Path): string => {
  const above = path.slice(0, -1);
  const end = above.findIndex((name, at) => at > 0 && (name.startsWith('.') || /^(?:maildir|mail)$/i.test(name)));
  return [component, ...(end < 0 ? above : above.slice(0, end)).map(displayText)].join('/');
};

interface Mailbox {
  before: number;
  now: number;
  gone: number;
  changedBodies: number;
}

/** Takes the differences of folders, in any order. In memory is what changed. */
export const createMailChanges = () => {
  const mailboxes = new Map<string, Mailbox>();
  const gone = new Map<string, { readonly mailbox: string; readonly sha256: string }>();
  const came = new Map<string, { readonly mailbox: string; readonly entry: ListedEntry }>();
  return {
    add: ({ component, path, before, now, ...difference }: FolderDifference): void => {
      const name = mailboxOf(component, path);
      const mailbox = mailboxes.get(name) ?? { before: 0, now: 0, gone: 0, changedBodies: 0 };
      mailboxes.set(name, mailbox);
      mailbox.before += before;
      mailbox.now += now;
      for (const { entry, sha256 } of difference.gone) gone.set(identityOf(entry.name), { mailbox: name, sha256 });
      for (const entry of difference.came) came.set(identityOf(entry.entry.name), { mailbox: name, entry });
    },
    finish: (): MailChanges => {
      const fresh: ListedEntry[] = [];
      let arrived = 0;
      for (const [identity, { mailbox, entry }] of came) {
        const before = gone.get(identity);
        if (before === undefined) arrived++;
        // What moved on, or got other flags, has the bytes that it had.
        else if (before.sha256 === entry.sha256) continue;
        else count(mailboxes.get(mailbox), 'changedBodies');
        fresh.push(entry);
      }
      for (const [identity, { mailbox }] of gone) if (!came.has(identity)) count(mailboxes.get(mailbox), 'gone');
      const changes = [...mailboxes].map(([folder, counts]) => ({ folder, ...counts, uidValidityChanged: false }));
      return { mailboxes: changes, fresh, arrived };
    },
  };
};

const count = (mailbox: Mailbox | undefined, what: 'gone' | 'changedBodies'): void => {
  if (mailbox !== undefined) mailbox[what]++;
};
